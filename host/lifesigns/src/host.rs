//! A running host: an engine, and a rules folder whose changes take effect while it runs.

use std::{
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use lifesigns_engine::{AlertSink, Config, Engine, RuleSet, Totals};
use lifesigns_model::{Chunk, ObjectFacts, Source, Start};
use lifesigns_sandbox::Sandbox;
use lifesigns_shelf::{Shelf, Stopper, WatchOutcome, Watcher};

use crate::{Load, Loader, Outcome};

/// How often the host looks after itself when nothing changes on the shelf.
const TURN: Duration = Duration::from_secs(1);
/// The index is chosen anew when a KiB of traffic costs more than this many closer looks …
const VERIFICATIONS_PER_KIB: u64 = 16;
/// … over at least this much traffic, and not more often than this.
const REBUILD_BYTES: u64 = 64 << 20;
const REBUILD_PAUSE: Duration = Duration::from_secs(60);

/// Is told what became of rules, whenever the folder has changed.
pub type LoadSink = Arc<dyn Fn(&[Load]) + Send + Sync>;

/// Why a host could not be started.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The system gave no thread.
    #[error("the host cannot be started: {0}")]
    Thread(#[from] io::Error),
    /// The rules' literals do not fit into an index.
    #[error("the rules cannot be indexed: {0}")]
    Index(#[from] lifesigns_engine::prefilter::BuildError),
}

/// What a host is made of.
pub struct Builder {
    sandbox: Sandbox,
    rules: PathBuf,
    known: Vec<ObjectFacts>,
    config: Config,
    on_load: LoadSink,
}

impl Builder {
    /// A host for the rules in a folder, which need not exist yet.
    pub fn new(sandbox: Sandbox, rules: impl Into<PathBuf>) -> Self {
        let quiet: LoadSink = Arc::new(|_| ());
        Self { sandbox, rules: rules.into(), known: Vec::new(), config: Config::default(), on_load: quiet }
    }

    /// Facts that hold from the start; no rule is told of them.
    #[must_use]
    pub fn known(mut self, known: Vec<ObjectFacts>) -> Self {
        self.known = known;
        self
    }

    /// Threads and bounds.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Who is told what became of rules: once at the start, and after every change.
    #[must_use]
    pub fn on_load(mut self, on_load: impl Fn(&[Load]) + Send + Sync + 'static) -> Self {
        self.on_load = Arc::new(on_load);
        self
    }

    /// Loads the rules and starts. Rules that are refused are told to `on_load`; they keep nobody
    /// from starting.
    ///
    /// # Errors
    /// When the system gives no threads, or the rules cannot be indexed.
    pub fn start(self, on_alert: AlertSink) -> Result<Host, HostError> {
        // Watch first, then scan: what changes in between is not missed.
        let mut watcher = Watcher::new(&self.rules);
        let mut shelf = Shelf::new(&self.rules);
        let mut loader = Loader::new(self.sandbox);
        let snapshot = shelf.scan();
        (self.on_load)(&loader.apply(&snapshot));
        watcher.follow(&snapshot.module_folders());
        let rules = Arc::new(RuleSet::new(loader.rules(), &[])?);
        let engine = Arc::new(Engine::start(&self.config, rules, Start { known: self.known, ..Start::default() }, on_alert)?);
        let stopper = watcher.stopper();
        let turn = Turn { engine: Arc::clone(&engine), shelf, loader, watcher, on_load: self.on_load };
        let thread = std::thread::Builder::new().name("lifesigns-shelf".into()).spawn(move || turn.run())?;
        Ok(Host { engine, watch: Mutex::new(Some((stopper, thread))) })
    }
}

/// A running host.
pub struct Host {
    engine: Arc<Engine>,
    watch: Mutex<Option<(Stopper, JoinHandle<()>)>>,
}

impl Host {
    /// Hands in lines; waits while too much is in flight. Chunks of one source must come from one
    /// thread, in order.
    pub fn submit(&self, chunk: Chunk) {
        self.engine.submit(chunk);
    }

    /// Hands in facts about one object; the rules that watch them are told.
    pub fn submit_facts(&self, source: &Arc<Source>, facts: ObjectFacts) {
        self.engine.submit_facts(source, facts);
    }

    /// Waits until everything that was handed in has been evaluated and its alerts are out.
    pub fn settle(&self) {
        self.engine.settle();
    }

    /// The rules in force.
    pub fn rules(&self) -> Arc<RuleSet> {
        self.engine.rules()
    }

    /// What has been counted so far.
    pub fn totals(&self) -> Totals {
        self.engine.totals()
    }

    /// Stops watching, evaluates what was handed in, and says what was counted.
    pub fn stop(self) -> Totals {
        self.end_watch();
        self.engine.settle();
        self.engine.totals()
    }

    fn end_watch(&self) {
        let watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stopper, thread)) = watch {
            stopper.stop();
            let _ = thread.join();
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.end_watch();
    }
}

/// The watching thread's life.
struct Turn {
    engine: Arc<Engine>,
    shelf: Shelf,
    loader: Loader,
    watcher: Watcher,
    on_load: LoadSink,
}

impl Turn {
    fn run(mut self) {
        let mut rebuilt = (Instant::now(), self.engine.totals().tally);
        loop {
            match self.watcher.wait(TURN) {
                WatchOutcome::Stopped => return,
                WatchOutcome::Changed => self.reload(),
                WatchOutcome::Timeout => {}
            }
            let tally = self.engine.totals().tally;
            let bytes = tally.bytes - rebuilt.1.bytes;
            let verifications = tally.verifications - rebuilt.1.verifications;
            if bytes >= REBUILD_BYTES && rebuilt.0.elapsed() >= REBUILD_PAUSE {
                if verifications / (bytes >> 10) > VERIFICATIONS_PER_KIB {
                    tracing::info!("the traffic has changed: the literals' index is chosen anew");
                    self.swap();
                }
                rebuilt = (Instant::now(), tally);
            }
        }
    }

    fn reload(&mut self) {
        loop {
            let snapshot = self.shelf.scan();
            let loads = self.loader.apply(&snapshot);
            if loads.iter().any(|load| matches!(load.outcome, Outcome::Loaded | Outcome::Removed)) {
                self.swap();
            }
            (self.on_load)(&loads);
            // A folder that is watched only from now on may have changed before.
            if !self.watcher.follow(&snapshot.module_folders()) {
                return;
            }
        }
    }

    /// Builds a generation off the path and puts it in force.
    fn swap(&self) {
        match RuleSet::new(self.loader.rules(), &self.engine.sample()) {
            Ok(rules) => self.engine.swap(Arc::new(rules)),
            Err(error) => tracing::error!("the rules stay as they were: {error}"),
        }
    }
}
