//! Reloads rules while the host runs: changes of the rules folder take effect, and the literal index
//! follows the traffic.

use std::{
    collections::BTreeSet,
    sync::Arc,
    thread::JoinHandle,
    time::{Duration, Instant},
};

use crossbeam_channel::Sender;
use lifesigns_engine::{Engine, LoadedRule, RuleSet, StateMove, TrafficSample, prefilter::PrefilterError};
use lifesigns_model::{RuleChangeMark, RuleKey, WakeSignal};
use lifesigns_recorder::{DisabledRule, RuleOverview};
use lifesigns_rulestore::{RuleStore, Snapshot, WatchOutcome, Watcher};

use crate::{
    embedded::EmbeddedRules,
    load::{LoadOutcome, RuleLoad},
    loader::{Again, Loader},
    rule_desk::{MovePlan, RuleDesk},
};

/// How often the traffic is checked while the rules folder does not change.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// The index is rebuilt when a KiB of traffic costs more than this many verifications …
const VERIFICATIONS_PER_KIB: u64 = 16;
/// … over at least this much traffic, and not more often than this.
const REBUILD_BYTES: u64 = 64 << 20;
const REBUILD_PAUSE: Duration = Duration::from_secs(60);
/// How long a reload waits for modules to be compiled; what takes longer is loaded by a later one.
const PATIENCE: Duration = Duration::from_millis(250);

/// Receives the outcome of each rule whenever the rules folder has changed.
pub type LoadSink = Arc<dyn Fn(&[RuleLoad]) + Send + Sync>;

/// The rules folder, loaded and watched.
pub(crate) struct Rules {
    /// `None` without a rules folder.
    store: Option<RuleStore>,
    embedded: EmbeddedRules,
    loader: Loader,
    watcher: Watcher,
    on_load: LoadSink,
    /// The names of the rules that have a shadow, whether it runs or not; `None` until the folder was read.
    shadows: Option<BTreeSet<String>>,
    /// The folder's problem at the last scan, if it had one.
    note: Option<String>,
    overview: RuleOverview,
    /// Shared with those who change the folder.
    desk: RuleDesk,
}

/// What a scan of the folder found.
struct Scanned {
    snapshot: Snapshot,
    /// What was to move then.
    planned: MovePlan,
    /// Who waits for the load of it.
    waiting: Vec<Sender<Vec<RuleLoad>>>,
}

impl Rules {
    /// Scans the folder, and logs a problem of the folder as a whole when it changes. Changes of `settled` are loaded
    /// already.
    fn scan(&mut self, settled: &[RuleChangeMark]) -> Scanned {
        let mut desk = self.desk.lock();
        let mut snapshot = self.store.as_mut().map(RuleStore::scan).unwrap_or_default();
        if !snapshot.unreadable {
            // Those of the folder alone: what the program brought is not changed there.
            desk.snapshot.clone_from(&snapshot);
        }
        self.embedded.add_to(&mut snapshot);
        let (planned, waiting) = (desk.planned(settled), desk.take_waiting());
        drop(desk);
        if self.note != snapshot.note {
            if let Some(note) = &snapshot.note {
                tracing::warn!("rules: {note}");
            }
            self.note.clone_from(&snapshot.note);
        }
        Scanned { snapshot, planned, waiting }
    }

    /// Watches first, then scans, so that no change is missed. Waits at most `patience`, or until `stop`
    /// is stopped, for modules to be compiled. Outcomes go to `sink`.
    pub(crate) fn load(
        (store, embedded): (Option<RuleStore>, EmbeddedRules),
        loader: Loader,
        (on_load, overview, desk): (LoadSink, RuleOverview, RuleDesk),
        patience: Duration,
        stop: &WakeSignal,
    ) -> Self {
        let watcher = match &store {
            Some(store) => Watcher::new(store.dir()),
            // Nothing changes; it waits for modules that are compiled.
            None => Watcher::polling(""),
        };
        let mut rules = Self { store, embedded, loader, watcher, on_load, shadows: None, note: None, overview, desk };
        let Scanned { snapshot, .. } = rules.scan(&[]);
        let signal = rules.watcher.signal();
        rules.loader.on_compiled(move || signal.wake());
        let mut loads =
            rules.loader.apply_within(&snapshot, &TrafficSample::default(), Again::Try, (Some(patience), stop));
        rules.embedded.report(&mut loads);
        rules.note_present(&snapshot, &loads);
        (rules.on_load)(&loads);
        rules.watcher.follow(&snapshot.module_folders());
        rules
    }

    /// Records which rules exist, whether they run or not. A folder that cannot be read changes nothing.
    fn note_present(&mut self, snapshot: &Snapshot, loads: &[RuleLoad]) {
        if !snapshot.unreadable {
            let there = loads.iter().filter(|load| load.outcome != LoadOutcome::Removed);
            self.overview.set_present(there.map(|load| load.key.name.to_string()).collect());
            let disabled = snapshot.rules.iter().filter(|rule| !rule.enabled);
            let disabled = disabled.map(|rule| DisabledRule { name: rule.key.name.to_string(), lane: rule.key.lane });
            self.overview.set_disabled(disabled.collect());
            let of_shadow = |key: &&RuleKey| key.is_shadow();
            let known = snapshot.rules.iter().map(|rule| &rule.key).filter(of_shadow);
            // Of a manifest that is refused it is not known.
            let unknown = snapshot.refusals.iter().map(|refusal| &refusal.key);
            self.shadows = Some(known.chain(unknown).map(|key| key.name.to_string()).collect());
        }
    }

    /// Discards what shadows hold that exist no more.
    fn retain_shadows(&self, engine: &Engine) {
        if let Some(shadows) = &self.shadows {
            self.loader.versions().retain_shadows(shadows);
            engine.retain_shadows(shadows.clone());
        }
    }

    /// Returns the signal that has the folder read again.
    pub(crate) fn signal(&self) -> WakeSignal {
        self.watcher.signal()
    }

    /// Returns the loaded rules as a rule set.
    pub(crate) fn set(&self) -> Result<Arc<RuleSet>, PrefilterError> {
        RuleSet::new(self.all(), &[]).map(Arc::new)
    }

    /// Returns the loaded rules, with those that are native.
    fn all(&self) -> Vec<Arc<LoadedRule>> {
        self.loader.rules().into_iter().chain(self.embedded.native()).collect()
    }

    /// Continues to watch on a thread of its own.
    pub(crate) fn watch(self, engine: &Arc<Engine>) -> std::io::Result<(WakeSignal, JoinHandle<()>)> {
        let (signal, engine) = (self.watcher.signal(), Arc::clone(engine));
        // Some may have been removed while no host ran.
        self.retain_shadows(&engine);
        let reload = RuleReload { engine, rules: self, behind: None };
        let thread = std::thread::Builder::new().name("lifesigns-rulestore".into()).spawn(move || reload.run())?;
        Ok((signal, thread))
    }
}

/// The thread that reloads.
struct RuleReload {
    engine: Arc<Engine>,
    rules: Rules,
    /// What could not be put in force: rules that are loaded, state that moves with them, and changes. The next swap
    /// has it.
    behind: Option<(Vec<StateMove>, Vec<RuleChangeMark>)>,
}

impl RuleReload {
    fn run(mut self) {
        let mut rebuilt = (Instant::now(), self.engine.totals().scan_counts);
        loop {
            match self.rules.watcher.wait(CHECK_INTERVAL) {
                WatchOutcome::Stopped => return,
                WatchOutcome::Changed => self.reload(Again::Try),
                WatchOutcome::Woken => self.reload(Again::Leave),
                WatchOutcome::Timeout => {}
            }
            let scan_counts = self.engine.totals().scan_counts;
            let bytes = scan_counts.bytes - rebuilt.1.bytes;
            let verifications = scan_counts.verifications - rebuilt.1.verifications;
            if bytes >= REBUILD_BYTES && rebuilt.0.elapsed() >= REBUILD_PAUSE {
                if verifications / (bytes >> 10) > VERIFICATIONS_PER_KIB {
                    tracing::info!("traffic changed; rebuilding the literal index");
                    self.swap(Vec::new(), Vec::new());
                }
                rebuilt = (Instant::now(), scan_counts);
            }
        }
    }

    /// Refusals that the host caused are retried when the folder has changed, but not when another module
    /// has been compiled: two such modules could trigger each other forever.
    fn reload(&mut self, mut again: Again) {
        loop {
            let settled = self.behind.as_ref().map(|(_, changes)| &**changes).unwrap_or_default();
            let Scanned { snapshot, planned, waiting } = self.rules.scan(settled);
            let sample = self.engine.sample();
            let patience = (Some(PATIENCE), &WakeSignal::new());
            self.rules.loader.set_moves(&planned);
            let mut loads = self.rules.loader.apply_within(&snapshot, &sample, again, patience);
            self.rules.embedded.report(&mut loads);
            let (moves, changes) =
                self.rules.desk.settled_moves(&loads, &snapshot, planned, self.rules.loader.versions());
            let changed = |load: &RuleLoad| matches!(load.outcome, LoadOutcome::Loaded | LoadOutcome::Removed);
            if self.behind.is_some() || !changes.is_empty() || loads.iter().any(changed) {
                self.swap(moves, changes);
            }
            let shadows = self.rules.shadows.clone();
            self.rules.note_present(&snapshot, &loads);
            if self.rules.shadows != shadows {
                self.rules.retain_shadows(&self.engine);
            }
            (self.rules.on_load)(&loads);
            // What is not in force is not answered: who waits learns that it was not loaded in time.
            if self.behind.is_none() {
                self.rules.desk.answer(waiting, &loads);
            }
            // A folder that was not watched until now may have changed before.
            if !self.rules.watcher.follow(&snapshot.module_folders()) {
                return;
            }
            again = Again::Leave;
        }
    }

    /// Builds a rule set in the background and swaps it in; state moves with it. If there is no set, the next swap has
    /// what this one should have had.
    fn swap(&mut self, moves: Vec<StateMove>, changes: Vec<RuleChangeMark>) {
        let (mut all_moves, mut all_changes) = self.behind.take().unwrap_or_default();
        all_moves.extend(moves);
        all_changes.extend(changes);
        match RuleSet::new(self.rules.all(), self.engine.sample().bytes()) {
            Ok(rules) if all_changes.is_empty() => self.engine.swap(Arc::new(rules)),
            Ok(rules) => {
                self.engine.swap_marked(Arc::new(rules), all_moves, all_changes.clone());
                // Only now: until the engine has them, they are under way.
                self.rules.desk.end(&all_changes);
            }
            Err(error) => {
                tracing::error!("rules not replaced: {error}; the next change of the rules folder tries again");
                self.behind = Some((all_moves, all_changes));
            }
        }
    }
}
