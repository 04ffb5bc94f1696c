//! The rules folder while the host runs: what changes in the rules folder takes effect, and the index
//! follows the traffic.

use std::{
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use lifesigns_engine::{Engine, RuleSet, Sample, prefilter::PrefilterError};
use lifesigns_recorder::RulesBeside;
use lifesigns_rulestore::{RuleStore, Snapshot, Stopper, WatchOutcome, Watcher};

use crate::{Load, Loader, Outcome, loader::Again};

/// How often the host looks after itself when nothing changes in the rules folder.
const TURN: Duration = Duration::from_secs(1);
/// The index is chosen anew when a KiB of traffic costs more than this many closer looks …
const VERIFICATIONS_PER_KIB: u64 = 16;
/// … over at least this much traffic, and not more often than this.
const REBUILD_BYTES: u64 = 64 << 20;
const REBUILD_PAUSE: Duration = Duration::from_secs(60);
/// What is compiled within this is loaded in the same turn; for the rest nothing waits.
const PATIENCE: Duration = Duration::from_millis(250);

/// Is told what became of rules, whenever the folder has changed.
pub type LoadSink = Arc<dyn Fn(&[Load]) + Send + Sync>;

/// The rules folder, looked at once and watched.
pub(crate) struct Rules {
    store: RuleStore,
    loader: Loader,
    watcher: Watcher,
    on_load: LoadSink,
    /// What was wrong with the folder when it was looked at last.
    note: Option<String>,
    beside: RulesBeside,
}

impl Rules {
    /// Looks at the folder, and says what is wrong with it as a whole when that changes.
    fn scan(&mut self) -> Snapshot {
        let snapshot = self.store.scan();
        if self.note != snapshot.note {
            if let Some(note) = &snapshot.note {
                tracing::warn!("rules: {note}");
            }
            self.note.clone_from(&snapshot.note);
        }
        snapshot
    }

    /// Watches first, then scans: what changes in between is not missed. Waits no longer than
    /// `patience`, or until `stop` says so, for what has to be compiled. What was loaded is said to
    /// `sink`.
    pub(crate) fn load(
        store: RuleStore,
        loader: Loader,
        sink: (LoadSink, RulesBeside),
        patience: Duration,
        stop: &dyn Fn() -> bool,
    ) -> Self {
        let watcher = Watcher::new(store.dir());
        let (on_load, beside) = sink;
        let mut rules = Self { store, loader, watcher, on_load, note: None, beside };
        let snapshot: Snapshot = rules.scan();
        let waker = rules.watcher.waker();
        rules.loader.on_compiled(move || waker.wake());
        let loads = rules.loader.apply_within(&snapshot, &Sample::default(), Again::Try, (Some(patience), stop));
        rules.note_present(&snapshot, &loads);
        (rules.on_load)(&loads);
        rules.watcher.follow(&snapshot.module_folders());
        rules
    }

    /// Notes which rules are there, whether they run or not. A folder that cannot be read says nothing.
    fn note_present(&self, snapshot: &Snapshot, loads: &[Load]) {
        if !snapshot.unreadable {
            let there = loads.iter().filter(|load| load.outcome != Outcome::Removed);
            self.beside.set_present(there.map(|load| load.name.clone()).collect());
        }
    }

    /// What was loaded.
    pub(crate) fn set(&self) -> Result<Arc<RuleSet>, PrefilterError> {
        RuleSet::new(self.loader.rules(), &[]).map(Arc::new)
    }

    /// Watches on, on a thread of its own.
    pub(crate) fn watch(self, engine: &Arc<Engine>) -> std::io::Result<(Stopper, JoinHandle<()>)> {
        let (stopper, engine) = (self.watcher.stopper(), Arc::clone(engine));
        let turn = Turn { engine, rules: self };
        let thread = std::thread::Builder::new().name("lifesigns-rulestore".into()).spawn(move || turn.run())?;
        Ok((stopper, thread))
    }
}

/// The watching thread's life.
struct Turn {
    engine: Arc<Engine>,
    rules: Rules,
}

impl Turn {
    fn run(mut self) {
        let mut rebuilt = (Instant::now(), self.engine.totals().tally);
        loop {
            match self.rules.watcher.wait(TURN) {
                WatchOutcome::Stopped => return,
                WatchOutcome::Changed => self.reload(Again::Try),
                WatchOutcome::Woken => self.reload(Again::Leave),
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

    /// What was refused because of the host is tried again when something has changed, and not because
    /// another module has been compiled: two of them could keep each other going for ever.
    fn reload(&mut self, mut again: Again) {
        loop {
            let snapshot = self.rules.scan();
            let sample = self.engine.sample();
            let loads = self.rules.loader.apply_within(&snapshot, &sample, again, (Some(PATIENCE), &|| false));
            if loads.iter().any(|load| matches!(load.outcome, Outcome::Loaded | Outcome::Removed)) {
                self.swap();
            }
            self.rules.note_present(&snapshot, &loads);
            (self.rules.on_load)(&loads);
            // A folder that is watched only from now on may have changed before.
            if !self.rules.watcher.follow(&snapshot.module_folders()) {
                return;
            }
            again = Again::Leave;
        }
    }

    /// Builds a generation off the path and puts it in force.
    fn swap(&self) {
        match RuleSet::new(self.rules.loader.rules(), self.engine.sample().bytes()) {
            Ok(rules) => self.engine.swap(Arc::new(rules)),
            Err(error) => tracing::error!("the rules stay as they were: {error}"),
        }
    }
}
