//! What a host is made of.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use lifesigns_control::Server;
use lifesigns_engine::{Engine, EngineConfig, RuleAlertSink};
use lifesigns_model::{Clock, InitialState, ObjectFacts, SharedClock};
use lifesigns_notifications::Receiver;
use lifesigns_recorder::{
    Begin, CompilingRule, KeepError, MakeReceiver, MemoryStatus, Opened, RefusedRule, RulesBeside, Setup, SignSink,
};
use lifesigns_rulestore::RuleStore;
use lifesigns_sandbox::{MemoryBudget, Sandbox};

use crate::{
    Host, KeptHost, Load, Loader, Outcome,
    host::Watch,
    loader::THREADS,
    turn::{LoadSink, Rules},
};

/// How long the start waits for rules that have to be compiled, if nothing else is set.
const START_WAIT: Duration = Duration::from_secs(60);

/// Why a host could not be started.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// The system gave no thread.
    #[error("the host cannot be started: {0}")]
    Thread(#[from] io::Error),
    /// The rules' literals do not fit into an index.
    #[error("the rules cannot be indexed: {0}")]
    Index(#[from] lifesigns_engine::prefilter::PrefilterError),
    /// The store, or what decides over it.
    #[error(transparent)]
    Keep(#[from] KeepError),
    /// The control socket.
    #[error(transparent)]
    Control(#[from] lifesigns_control::BindError),
}

/// What a host is made of.
pub struct Builder {
    sandbox: Sandbox,
    rules: PathBuf,
    known: Option<Vec<ObjectFacts>>,
    reporting: Vec<String>,
    config: EngineConfig,
    on_load: LoadSink,
    setup: Setup,
    own: BTreeMap<String, MakeReceiver>,
    on_sign: Option<SignSink>,
    control: Option<PathBuf>,
    module_folders: Vec<PathBuf>,
    compile_threads: usize,
    start_wait: Duration,
    stop: Arc<dyn Fn() -> bool + Send + Sync>,
}

impl Builder {
    /// A host for the rules in a folder, which need not exist yet.
    pub fn new(sandbox: Sandbox, rules: impl Into<PathBuf>) -> Self {
        Self {
            sandbox,
            rules: rules.into(),
            known: Some(Vec::new()),
            reporting: Vec::new(),
            config: EngineConfig::default(),
            on_load: Arc::new(|_| ()),
            setup: Setup::default(),
            own: BTreeMap::new(),
            on_sign: None,
            control: None,
            module_folders: Vec::new(),
            compile_threads: THREADS,
            start_wait: START_WAIT,
            stop: Arc::new(|| false),
        }
    }

    /// Folders outside the rules folder that `module =` and links in it may lead to; none, if it is not
    /// called.
    #[must_use]
    pub fn module_folders(mut self, folders: Vec<PathBuf>) -> Self {
        self.module_folders = folders;
        self
    }

    /// How many modules are compiled at a time; 2, if it is not called.
    #[must_use]
    pub fn compile_threads(mut self, threads: usize) -> Self {
        self.compile_threads = threads;
        self
    }

    /// How long the start waits for rules that have to be compiled; a minute, if it is not called. Rules
    /// that are not ready then come as they get ready, and do not see what came before.
    #[must_use]
    pub fn start_wait(mut self, wait: Duration) -> Self {
        self.start_wait = wait;
        self
    }

    /// Ends that wait early, once it says so.
    #[must_use]
    pub fn stop_when(mut self, stop: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        self.stop = Arc::new(stop);
        self
    }

    /// Facts that hold from the start; no rule is told of them.
    #[must_use]
    pub fn known(mut self, known: Vec<ObjectFacts>) -> Self {
        self.known = Some(known);
        self
    }

    /// There is no inventory to read now: a kept host goes on with the one that it read last.
    #[must_use]
    pub fn known_before(mut self) -> Self {
        self.known = None;
        self
    }

    /// Sources of a kept host that say when they are at their end ([`lifesigns_recorder::Keep::at_end`]):
    /// until they do, waits and holds of what was heard in them stand still.
    #[must_use]
    pub fn reporting(mut self, sources: Vec<String>) -> Self {
        self.reporting = sources;
        self
    }

    /// The host's clock; the system's unless set. Lines of one's own go by what they are made with: see
    /// [`lines_by`](crate::lines_by) and [`source_by`](crate::source_by).
    #[must_use]
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.config.clock = clock;
        self
    }

    /// Threads and bounds.
    #[must_use]
    pub fn config(mut self, config: EngineConfig) -> Self {
        self.config = EngineConfig { clock: self.config.clock, ..config };
        self
    }

    /// Who is told what became of rules: once at the start, and after every change.
    #[must_use]
    pub fn on_load(mut self, on_load: impl Fn(&[Load]) + Send + Sync + 'static) -> Self {
        self.on_load = Arc::new(on_load);
        self
    }

    /// What a kept host begins with: groups, policies, alert definitions, routes, receivers.
    #[must_use]
    pub fn setup(mut self, setup: Setup) -> Self {
        self.setup = setup;
        self
    }

    /// A receiver of the platform's own, which a kept host's routes name as they name others.
    #[must_use]
    pub fn receiver<R: Receiver + 'static>(
        mut self,
        name: impl Into<String>,
        make: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        self.own.insert(name.into(), Arc::new(move || Box::new(make())));
        self
    }

    /// Who is shown what rules say to a kept host, before it is committed: after a crash it may be
    /// shown again.
    #[must_use]
    pub fn on_sign(mut self, on_sign: SignSink) -> Self {
        self.on_sign = Some(on_sign);
        self
    }

    /// Where a kept host answers commands: a Unix socket of mode 0600.
    #[must_use]
    pub fn control(mut self, socket: impl Into<PathBuf>) -> Self {
        self.control = Some(socket.into());
        self
    }

    /// Loads the rules and starts; alerts are what rules say, and nothing is remembered after the
    /// end. Rules that are refused are told to `on_load`; they keep nobody from starting.
    ///
    /// # Errors
    /// When the system gives no threads, or the rules cannot be indexed.
    pub fn start(self, on_alert: RuleAlertSink) -> Result<Host, HostError> {
        let rules = self.load(Arc::clone(&self.on_load), RulesBeside::default());
        let start = InitialState { known: self.known.unwrap_or_default(), ..InitialState::default() };
        let engine = Arc::new(Engine::start(&self.config, rules.set()?, start, on_alert)?);
        let watch = Watch::new(rules.watch(&engine)?);
        Ok(Host { engine, watch })
    }

    /// Loads the rules and goes on from what is kept at `store`, a file that is made if it is not
    /// there. Nothing that was acknowledged is lost: not in a crash, not with a full disk.
    ///
    /// # Errors
    /// See [`HostError`]. A store that cannot be used is left as it is.
    pub fn keep(mut self, store: impl AsRef<Path>) -> Result<KeptHost, HostError> {
        // The socket first: whoever is there already is told apart from a store that is in use.
        let server = self.control.as_deref().map(Server::bind).transpose()?;
        let clock = Arc::clone(&self.config.clock);
        let mut opened = Opened::open(store.as_ref(), std::mem::take(&mut self.setup), Arc::clone(&clock))?;
        let (beside, on_load) = (RulesBeside::default(), Arc::clone(&self.on_load));
        let memory = Arc::clone(self.sandbox.memory());
        beside.set_memory(move || memory_status(&memory));
        let note = beside.clone();
        let on_load: LoadSink = Arc::new(move |loads: &[Load]| {
            note_loads(&note, loads, &*clock);
            on_load(loads);
        });
        let rules = self.load(on_load, beside.clone());
        let Begin { start, news } = opened.start(self.known.take(), std::mem::take(&mut self.reporting));
        let places = start.offsets.clone();
        let config = EngineConfig { checkpoints: true, ..self.config };
        let engine = Arc::new(Engine::start(&config, rules.set()?, start, Arc::new(|_: &_| ()))?);
        let watch = Watch::new(rules.watch(&engine)?);
        let keep = opened.keep(Arc::clone(&engine), places, self.own, beside, self.on_sign)?;
        if let Some(server) = server {
            keep.serve(server)?;
        }
        Ok(KeptHost::new(engine, watch, keep, news))
    }

    fn load(&self, on_load: LoadSink, beside: RulesBeside) -> Rules {
        let store = RuleStore::new(&self.rules).allow(self.module_folders.clone());
        let loader = Loader::with(self.sandbox.clone(), self.compile_threads);
        Rules::load(store, loader, (on_load, beside), self.start_wait, &*self.stop)
    }
}

/// What `status` says of rules that are refused or being compiled: all of them are among what a load
/// says.
fn note_loads(beside: &RulesBeside, loads: &[Load], clock: &dyn Clock) {
    let (mut refused, mut compiling) = (Vec::new(), Vec::new());
    for load in loads {
        let (name, digest) = (load.name.clone(), load.digest.clone());
        match &load.outcome {
            Outcome::Refused { why, .. } => refused.push(RefusedRule { name, why: why.clone(), digest }),
            Outcome::Compiling { old_version_runs, .. } => {
                let (since_ns, old_version_runs) = (clock.now_ns(), *old_version_runs);
                compiling.push(CompilingRule { name, digest, since_ns, old_version_runs });
            }
            _ => {}
        }
    }
    beside.set(refused, compiling);
}

fn memory_status(memory: &MemoryBudget) -> MemoryStatus {
    MemoryStatus {
        used_bytes: memory.used_bytes() as u64,
        code_bytes: memory.code_bytes() as u64,
        ceiling_bytes: memory.ceiling_bytes() as u64,
    }
}
