//! Builds a host: its rules, configuration, sources and receivers.

#[cfg(feature = "store")]
use std::path::Path;
use std::{collections::BTreeMap, io, path::PathBuf, sync::Arc, time::Duration};

use parking_lot::Mutex;

use lifesigns_engine::{Engine, EngineConfig, ObserveRuleAlerts, RuleAlertObserver, RuleAlertSink};
use lifesigns_model::{Clock, InitialState, ObjectAliases, ObjectFacts, SharedClock, WakeSignal};
use lifesigns_notifications::Receiver;
use lifesigns_record::RecordWriter;
use lifesigns_recorder::{
    CompilingRule, HostStart, MakeReceiver, MemoryStatus, OpenedRecord, RecorderConfig, RecorderError, RefusedRule,
    RuleOverview,
};
use lifesigns_rulestore::{RuleStore, Versions};
use lifesigns_sandbox::{MemoryBudget, Sandbox};
#[cfg(feature = "store")]
use lifesigns_store_sqlite::{Store, StoreOpenError};

use crate::{
    embedded::{EmbeddedRule, EmbeddedRuleError, EmbeddedRules},
    host::{Host, Watch},
    load::{LoadOutcome, RuleLoad},
    loader::{Loader, THREADS},
    recording_host::RecordingHost,
    rule_control::FolderControl,
    rule_desk::RuleDesk,
    rule_reload::{LoadSink, Rules},
    state_versions::StateVersions,
};

/// How long the start waits by default for rules to be compiled.
const START_WAIT: Duration = Duration::from_secs(60);

/// Why a host could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// An embedded rule cannot be taken.
    #[error(transparent)]
    Rule(#[from] EmbeddedRuleError),
    /// The system gave no thread.
    #[error("the host cannot be started: {0}")]
    Thread(#[from] io::Error),
    /// The literals of the rules do not fit into an index.
    #[error("the rules cannot be indexed: {0}")]
    Index(#[from] lifesigns_engine::prefilter::PrefilterError),
    /// The store could not be opened.
    #[cfg(feature = "store")]
    #[error(transparent)]
    Store(#[from] StoreOpenError),
    /// The recorder could not start.
    #[error(transparent)]
    Recorder(#[from] RecorderError),
}

/// Builds a [`Host`] or a [`RecordingHost`].
pub struct HostBuilder {
    sandbox: Sandbox,
    /// `None` without a rules folder.
    rules: Option<PathBuf>,
    embedded: Vec<EmbeddedRule>,
    inventory: Option<Vec<ObjectFacts>>,
    sources_reporting_end: Vec<String>,
    config: EngineConfig,
    on_load: LoadSink,
    recorder_config: RecorderConfig,
    own_receivers: BTreeMap<String, MakeReceiver>,
    module_folders: Vec<PathBuf>,
    compile_threads: usize,
    start_wait: Duration,
    stop: WakeSignal,
}

impl HostBuilder {
    /// Builds a host for the rules in a folder, which need not exist yet. Clones of a sandbox are the same sandbox:
    /// hosts that share one compile each module once and have one memory budget.
    pub fn new(sandbox: Sandbox, rules: impl Into<PathBuf>) -> Self {
        Self { rules: Some(rules.into()), ..Self::without_folder(sandbox) }
    }

    /// Builds a host that has no rules but those that are [added](Self::rule).
    pub fn without_folder(sandbox: Sandbox) -> Self {
        Self {
            sandbox,
            rules: None,
            embedded: Vec::new(),
            inventory: Some(Vec::new()),
            sources_reporting_end: Vec::new(),
            config: EngineConfig::default(),
            on_load: Arc::new(|_| ()),
            recorder_config: RecorderConfig::default(),
            own_receivers: BTreeMap::new(),
            module_folders: Vec::new(),
            compile_threads: THREADS,
            start_wait: START_WAIT,
            stop: WakeSignal::new(),
        }
    }

    /// Sets the rules folder, which need not exist yet.
    #[must_use]
    pub fn rules_folder(mut self, rules: impl Into<PathBuf>) -> Self {
        self.rules = Some(rules.into());
        self
    }

    /// Adds a rule that comes with the program. A rule of its name in the rules folder is refused.
    #[must_use]
    pub fn rule(mut self, rule: EmbeddedRule) -> Self {
        self.embedded.push(rule);
        self
    }

    /// Sets the folders outside the rules folder that `module =` and links may lead to; none by default.
    #[must_use]
    pub fn module_folders(mut self, folders: Vec<PathBuf>) -> Self {
        self.module_folders = folders;
        self
    }

    /// Sets how many modules are compiled at a time; 2 by default.
    #[must_use]
    pub fn compile_threads(mut self, threads: usize) -> Self {
        self.compile_threads = threads;
        self
    }

    /// Sets how long the start waits for rules to be compiled; a minute by default. Rules that are not
    /// ready then are loaded later and do not see earlier lines.
    #[must_use]
    pub fn start_wait(mut self, wait: Duration) -> Self {
        self.start_wait = wait;
        self
    }

    /// Ends that wait early, once `signal` is stopped.
    #[must_use]
    pub fn stop_signal(mut self, signal: WakeSignal) -> Self {
        self.stop = signal;
        self
    }

    /// Sets facts that hold from the start; no rule is evaluated for them.
    #[must_use]
    pub fn inventory(mut self, objects: Vec<ObjectFacts>) -> Self {
        self.inventory = Some(objects);
        self
    }

    /// Declares that no inventory can be read now: a recording host continues with the last one.
    #[must_use]
    pub fn keep_last_inventory(mut self) -> Self {
        self.inventory = None;
        self
    }

    /// Names the sources of a recording host that report when they are at their end
    /// ([`RecorderHandle::caught_up`](lifesigns_recorder::RecorderHandle::caught_up)): until they do, waits and
    /// holds that depend on them stand still.
    #[must_use]
    pub fn sources_reporting_end(mut self, sources: Vec<String>) -> Self {
        self.sources_reporting_end = sources;
        self
    }

    /// Sets the host's clock; the system's by default. Lines that the platform makes have their own: see
    /// [`lines_by`](crate::lines_by) and [`source_by`](crate::source_by).
    #[must_use]
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.config.clock = clock;
        self
    }

    /// Sets threads and bounds of the engine.
    #[must_use]
    pub fn config(mut self, config: EngineConfig) -> Self {
        let EngineConfig { clock, on_rule_alerts, .. } = self.config;
        self.config = EngineConfig { clock, on_rule_alerts, ..config };
        self
    }

    /// Sets the callback that receives the outcome of each rule: once at the start, and after every change.
    #[must_use]
    pub fn on_load(mut self, on_load: impl Fn(&[RuleLoad]) + Send + Sync + 'static) -> Self {
        self.on_load = Arc::new(on_load);
        self
    }

    /// Sets what a recording host starts with: groups, policies, alert definitions, routes, receivers.
    #[must_use]
    pub fn recorder_config(mut self, recorder_config: RecorderConfig) -> Self {
        self.recorder_config = recorder_config;
        self
    }

    /// Adds a receiver of the platform's own, which routes name like any other.
    #[must_use]
    pub fn receiver<R: Receiver + 'static>(
        mut self,
        name: impl Into<String>,
        make: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        self.own_receivers.insert(name.into(), Arc::new(move || Box::new(make())));
        self
    }

    /// Sets the callback that receives what rules say in a recording host, as soon as they say it and before
    /// it is committed: after a crash the same may come again. It is called by the threads that run rules,
    /// several at a time; what is said of one object comes in its order.
    #[must_use]
    pub fn on_rule_alerts(mut self, on_rule_alerts: Arc<ObserveRuleAlerts>) -> Self {
        self.config.on_rule_alerts = RuleAlertObserver(on_rule_alerts);
        self
    }

    /// Loads the rules and starts a host without a record: alerts are what rules say, and nothing is
    /// remembered after the end. Refused rules are reported to `on_load` and do not prevent the start.
    ///
    /// # Errors
    /// When the system gives no threads, or the rules cannot be indexed.
    pub fn start(mut self, on_alert: RuleAlertSink) -> Result<Host, HostError> {
        let embedded = EmbeddedRules::new(std::mem::take(&mut self.embedded))?;
        let (overview, desk) = (RuleOverview::default(), RuleDesk::default());
        let rules = self.load(embedded, Arc::clone(&self.on_load), (overview, desk, StateVersions::default()));
        let start = InitialState { known: self.inventory.unwrap_or_default(), ..InitialState::default() };
        let aliases = ObjectAliases::of(&start.known);
        let engine = Arc::new(Engine::start(&self.config, rules.set()?, start, on_alert)?);
        if !aliases.is_empty() {
            engine.set_aliases(aliases);
        }
        let watch = Watch::new(rules.watch(&engine)?);
        Ok(Host { engine, watch })
    }

    /// Loads the rules and starts a host that records in `store`, a file that is created if it does not
    /// exist, and resumes from what is in it. Nothing that was acknowledged is lost: not in a crash, not
    /// with a full disk.
    ///
    /// # Errors
    /// See [`HostError`]. A store that cannot be used is left as it is.
    #[cfg(feature = "store")]
    pub fn start_recording(self, store: impl AsRef<Path>) -> Result<RecordingHost, HostError> {
        let clock = Arc::clone(&self.config.clock);
        self.start_recording_by(|| Ok(Box::new(Store::open(store, clock.now_ns())?)))
    }

    /// As [`Self::start_recording`], with another kind of record, such as a
    /// [`MemoryStore`](lifesigns_record::MemoryStore) for tests.
    ///
    /// # Errors
    /// See [`HostError`].
    pub fn start_recording_with(self, record: Box<dyn RecordWriter>) -> Result<RecordingHost, HostError> {
        self.start_recording_by(|| Ok(record))
    }

    fn start_recording_by(
        mut self,
        open: impl FnOnce() -> Result<Box<dyn RecordWriter>, HostError>,
    ) -> Result<RecordingHost, HostError> {
        let clock = Arc::clone(&self.config.clock);
        // First: a rule that is not taken leaves a store untouched.
        let embedded = EmbeddedRules::new(std::mem::take(&mut self.embedded))?;
        let mut opened = OpenedRecord::open(open, std::mem::take(&mut self.recorder_config), Arc::clone(&clock))?;
        let (overview, on_load) = (RuleOverview::default(), Arc::clone(&self.on_load));
        let memory = Arc::clone(self.sandbox.memory());
        overview.set_memory(move || memory_status(&memory));
        let (note, for_loads) = (overview.clone(), Arc::clone(&clock));
        let on_load: LoadSink = Arc::new(move |loads: &[RuleLoad]| {
            note_loads(&note, loads, &*for_loads);
            on_load(loads);
        });
        let desk = RuleDesk::default();
        if let Some(dir) = &self.rules {
            recover(dir, &opened);
        }
        let versions = StateVersions::of(opened.states());
        let rules = self.load(embedded, on_load, (overview.clone(), desk.clone(), versions.clone()));
        let HostStart { start, news } =
            opened.start(self.inventory.take(), std::mem::take(&mut self.sources_reporting_end));
        let offsets = start.offsets.clone();
        let config = EngineConfig { checkpoints: true, ..self.config };
        let engine = Arc::new(Engine::start(&config, rules.set()?, start, Arc::new(|_: &_| ()))?);
        let signal = rules.signal();
        let watch = Watch::new(rules.watch(&engine)?);
        if let Some(dir) = self.rules {
            let (sandbox, engine) = (self.sandbox, Arc::clone(&engine));
            overview.set_control(Arc::new(FolderControl {
                dir,
                sandbox,
                engine,
                desk,
                signal,
                clock,
                versions,
                open: Mutex::default(),
            }));
        }
        let recorder = opened.start_recorder(Arc::clone(&engine), offsets, self.own_receivers, overview)?;
        Ok(RecordingHost::new(engine, watch, recorder, news))
    }

    fn load(
        &self,
        embedded: EmbeddedRules,
        on_load: LoadSink,
        (overview, desk, versions): (RuleOverview, RuleDesk, StateVersions),
    ) -> Rules {
        let store = self.rules.as_ref().map(|rules| RuleStore::new(rules).allow(self.module_folders.clone()));
        let mut loader = Loader::with(self.sandbox.clone(), self.compile_threads);
        loader.set_versions(versions);
        Rules::load((store, embedded), loader, (on_load, overview, desk), self.start_wait, &self.stop)
    }
}

/// Ends the changes of rules that a crash has left under way.
fn recover(rules: &std::path::Path, opened: &OpenedRecord) {
    let has_happened =
        |rule: &str, change: &str| opened.rule_changes().iter().any(|mark| mark.rule == rule && mark.change == change);
    for line in Versions::recover(rules, has_happened) {
        tracing::warn!("rules: {line}");
    }
}

/// Records which rules are refused or being compiled, for `status`. Each load names all of them.
fn note_loads(overview: &RuleOverview, loads: &[RuleLoad], clock: &dyn Clock) {
    let (mut refused, mut compiling) = (Vec::new(), Vec::new());
    for load in loads {
        let (name, lane, digest) = (load.key.name.to_string(), load.key.lane, load.digest.clone());
        match &load.outcome {
            LoadOutcome::Refused { why, .. } => refused.push(RefusedRule { name, lane, why: why.clone(), digest }),
            LoadOutcome::Compiling { old_version_runs, .. } => {
                let (since_ns, old_version_runs) = (clock.now_ns(), *old_version_runs);
                compiling.push(CompilingRule { name, lane, digest, since_ns, old_version_runs });
            }
            _ => {}
        }
    }
    overview.set(refused, compiling);
}

fn memory_status(memory: &MemoryBudget) -> MemoryStatus {
    MemoryStatus {
        used_bytes: memory.used_bytes() as u64,
        code_bytes: memory.code_bytes() as u64,
        ceiling_bytes: memory.ceiling_bytes() as u64,
    }
}
