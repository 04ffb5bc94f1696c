//! From what lies in the rules folder to rules that run. Build first, swap last: a rule that is refused
//! leaves its old version running, and every other rule alone.

use std::{
    collections::{BTreeMap, HashSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use lifesigns_engine::{LoadedRule, StateMove, TrafficSample, dry_run};
use lifesigns_model::{InstanceError, InstantiateError, RuleKey, WakeSignal};
use lifesigns_rulestore::{RefusedFile, RuleSpec, Snapshot};
use lifesigns_sandbox::{AdmitError, Interface, Sandbox, WasmModule};

use crate::{
    compilations::Compilations,
    load::{LoadOutcome, RuleLoad},
    rule_desk::MovePlan,
    state_versions::StateVersions,
};

/// Modules that are compiled at a time, if nothing else is set.
pub(crate) const THREADS: usize = 2;

struct RunningRule {
    spec: Arc<RuleSpec>,
    rule: Arc<LoadedRule>,
}

/// Admits rules and remembers which of them run.
pub struct Loader {
    compilations: Compilations,
    /// Of both lanes.
    running: BTreeMap<RuleKey, RunningRule>,
    /// What was refused last time: it is not tried again until it changes. By key and file, because
    /// two files can be refused that would be rules of one name.
    refused: BTreeMap<(RuleKey, PathBuf), Refused>,
    /// Rules that were being compiled last time.
    compiling: HashSet<RuleKey>,
    /// The versions of what rules hold, and by name what is to move once a rule is loaded.
    versions: StateVersions,
    moves: BTreeMap<String, Vec<StateMove>>,
}

struct Refused {
    /// `None`: the rules folder itself refused it.
    spec: Option<Arc<RuleSpec>>,
    why: String,
    /// Another try may go well though nothing has changed.
    is_transient: bool,
    /// It is being tried again.
    tried: bool,
}

/// What becomes of refusals that may pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// They are tried again.
    Try,
    /// They stand, unless something about the rule has changed.
    Leave,
}

/// Why a rule cannot be opened.
pub(crate) struct Failure {
    pub(crate) why: String,
    pub(crate) is_transient: bool,
    /// It names the file, and where in it.
    pub(crate) is_placed: bool,
}

impl Failure {
    /// A failure that stands until something about the rule changes.
    fn for_good(why: String) -> Self {
        Self { why, is_transient: false, is_placed: false }
    }

    /// Names the file.
    fn placed(self, path: &Path) -> Self {
        if self.is_placed {
            return self;
        }
        Self { why: format!("{}: {}", path.display(), self.why), is_placed: true, ..self }
    }
}

impl Loader {
    /// A loader with no rule yet.
    pub fn new(sandbox: Sandbox) -> Self {
        Self::with(sandbox, THREADS)
    }

    /// As [`Loader::new`], compiling `threads` modules at a time.
    pub fn with(sandbox: Sandbox, threads: usize) -> Self {
        let compilations = Compilations::new(sandbox, threads);
        Self {
            compilations,
            running: BTreeMap::new(),
            refused: BTreeMap::new(),
            compiling: HashSet::new(),
            versions: StateVersions::default(),
            moves: BTreeMap::new(),
        }
    }

    /// Checks rules against these versions of what they hold, and keeps them up to date.
    pub(crate) fn set_versions(&mut self, versions: StateVersions) {
        self.versions = versions;
    }

    /// Returns the versions of what rules hold.
    pub(crate) const fn versions(&self) -> &StateVersions {
        &self.versions
    }

    /// Sets what is to move once the rules of these names are loaded.
    pub(crate) fn set_moves(&mut self, planned: &MovePlan) {
        self.moves = planned.iter().map(|(name, planned)| (name.clone(), planned.moves.clone())).collect();
    }

    /// Calls `wake` whenever a module has been compiled: then apply again.
    pub(crate) fn on_compiled(&self, wake: impl Fn() + Send + 'static) {
        self.compilations.on_done(wake);
    }

    /// The rules that run, by name and lane. Rules that did not change are the same ones as before.
    pub fn rules(&self) -> Vec<Arc<LoadedRule>> {
        self.running.values().map(|running| Arc::clone(&running.rule)).collect()
    }

    /// Makes the running rules what `snapshot` says, as far as it can be done. Says what became of
    /// each rule, by name and lane. Waits for what has to be compiled.
    pub fn apply(&mut self, snapshot: &Snapshot) -> Vec<RuleLoad> {
        self.apply_tried(snapshot, &TrafficSample::default())
    }

    /// As [`Loader::apply`]; what is new is shown `recent` events first, and refused if it fails on
    /// them.
    pub fn apply_tried(&mut self, snapshot: &Snapshot, recent: &TrafficSample) -> Vec<RuleLoad> {
        self.apply_within(snapshot, recent, Again::Try, (None, &WakeSignal::new()))
    }

    /// As [`Loader::apply_tried`], but waits no longer than that patience, or until that signal is stopped, for
    /// what has to be compiled: rules that are not ready then are [`LoadOutcome::Compiling`], and come with
    /// a later call.
    pub(crate) fn apply_within(
        &mut self,
        snapshot: &Snapshot,
        recent: &TrafficSample,
        again: Again,
        (patience, stop): (Option<Duration>, &WakeSignal),
    ) -> Vec<RuleLoad> {
        for last in self.refused.values_mut() {
            last.tried |= last.is_transient && again == Again::Try;
        }
        let wanted = self.wanted(snapshot);
        self.compilations.wait(&wanted, patience, stop);
        let mut loads = Vec::new();
        let mut old = std::mem::take(&mut self.running);
        let mut refused = std::mem::take(&mut self.refused);
        for spec in snapshot.rules.iter().filter(|spec| spec.enabled) {
            let before = old.remove(&spec.key);
            let last = refused.remove(&(spec.key.clone(), spec.path().clone()));
            let was_refused = last.is_some() || has_ceased(&refused, &spec.key, snapshot);
            loads.push(self.load(spec, before, last, was_refused, recent));
        }
        for spec in &snapshot.rules {
            if let Some(running) = self.running.get(&spec.key) {
                running.rule.set_paused(spec.paused);
            }
        }
        for refusal in &snapshot.refusals {
            let before = old.remove(&refusal.key);
            let last = refused.remove(&(refusal.key.clone(), refusal.path.clone()));
            loads.push(self.refuse(refusal, before, last));
            // What a manifest that cannot be read says of a shadow is not known: all stays.
            let shadow = RuleKey::shadow(&refusal.key.name);
            if refusal.key != shadow && snapshot.rule(&shadow.name).is_none() {
                self.running.extend(old.remove_entry(&shadow));
                self.refused.extend(refused.remove_entry(&(shadow, refusal.path.clone())));
            }
        }
        if snapshot.unreadable {
            self.running.extend(old);
            self.refused.extend(refused);
        } else {
            let there: HashSet<RuleKey> = loads.iter().map(|load| load.key.clone()).collect();
            let gone = old.into_iter().map(|(key, running)| (key, running.spec.path().clone()));
            let gone = gone.chain(refused.into_keys()).filter(|(key, _)| !there.contains(key));
            let removed = |(key, path)| RuleLoad { key, path, digest: String::new(), outcome: LoadOutcome::Removed };
            loads.extend(gone.map(removed));
        }
        self.compilations.keep_descriptions();
        self.compilations.retain(&wanted);
        let is_compiling = |load: &&RuleLoad| matches!(load.outcome, LoadOutcome::Compiling { .. });
        self.compiling = loads.iter().filter(is_compiling).map(|load| load.key.clone()).collect();
        loads.sort_by(|one, other| (&one.key, &one.path).cmp(&(&other.key, &other.path)));
        loads.dedup_by(|later, first| later.key == first.key && later.outcome == first.outcome);
        loads
    }

    /// Asks for every module that has to be loaded, all at once, so that they are compiled side by side.
    fn wanted(&self, snapshot: &Snapshot) -> HashSet<String> {
        let mut wanted = HashSet::new();
        for spec in snapshot.rules.iter().filter(|spec| spec.enabled) {
            let runs = self.running.get(&spec.key).is_some_and(|running| running.spec.runs_like(spec));
            let last = self.refused.get(&(spec.key.clone(), spec.path().clone()));
            let is_refused = last.is_some_and(|last| last.was_of(spec) && !last.tried);
            if !runs && !is_refused && !wanted.contains(&spec.module.digest) {
                self.compilations.get(&spec.module);
                wanted.insert(spec.module.digest.clone());
            }
        }
        wanted
    }

    fn load(
        &mut self,
        spec: &Arc<RuleSpec>,
        before: Option<RunningRule>,
        last: Option<Refused>,
        was_refused: bool,
        recent: &TrafficSample,
    ) -> RuleLoad {
        let key = spec.key.clone();
        let path = spec.path().clone();
        let digest = spec.module.digest.clone();
        let old_version_runs = before.is_some();
        if let Some(running) = before {
            let is_same = running.spec.runs_like(spec);
            self.running.insert(key.clone(), running);
            if is_same {
                self.versions.moved(&self.moves_of(&key));
                let outcome = if was_refused { LoadOutcome::Restored } else { LoadOutcome::Unchanged };
                return RuleLoad { key, path, digest, outcome };
            }
        }
        let last = last.filter(|last| last.was_of(spec));
        let opened = match &last {
            Some(last) if !last.tried => {
                Err(Failure { why: last.why.clone(), is_transient: last.is_transient, is_placed: true })
            }
            _ => match self.compilations.get(&spec.module) {
                None => {
                    // Of another try is said what comes of it, if that is something else.
                    let again = self.compiling.contains(&key) || last.is_some();
                    self.refused.extend(last.map(|last| ((key.clone(), path.clone()), last)));
                    return RuleLoad { key, path, digest, outcome: LoadOutcome::Compiling { old_version_runs, again } };
                }
                Some(admitted) => {
                    let opened = open(spec, admitted, recent);
                    let opened = opened.and_then(|rule| self.goes_on(spec, &rule).map(|()| rule));
                    opened.map_err(|failure| failure.placed(&path))
                }
            },
        };
        let outcome = match opened {
            Ok(rule) => {
                self.versions.moved(&self.moves_of(&key));
                self.versions.set(&key, rule.description.state_version);
                self.running.insert(key.clone(), RunningRule { spec: Arc::clone(spec), rule });
                LoadOutcome::Loaded
            }
            Err(Failure { why, is_transient, .. }) => {
                let again = last.is_some_and(|last| last.why == why);
                let refused = Refused { spec: Some(Arc::clone(spec)), why: why.clone(), is_transient, tried: false };
                self.refused.insert((key.clone(), path.clone()), refused);
                LoadOutcome::Refused { why, old_version_runs, again }
            }
        };
        RuleLoad { key, path, digest, outcome }
    }

    /// Returns what moves when the rule is loaded.
    fn moves_of(&self, key: &RuleKey) -> Vec<StateMove> {
        if key.is_shadow() { Vec::new() } else { self.moves.get(&*key.name).cloned().unwrap_or_default() }
    }

    /// Checks that the rule can go on with what it holds.
    fn goes_on(&self, spec: &RuleSpec, rule: &LoadedRule) -> Result<(), Failure> {
        if spec.discards_state {
            return Ok(());
        }
        let checked = self.versions.check(&spec.key, &rule.description, &self.moves_of(&spec.key));
        // What is held may be another's by the next change of the folder.
        checked.map_err(|why| Failure { is_transient: true, ..Failure::for_good(why) })
    }

    /// What the rules folder itself refused.
    fn refuse(&mut self, refusal: &RefusedFile, before: Option<RunningRule>, last: Option<Refused>) -> RuleLoad {
        let (key, path, why) = (refusal.key.clone(), refusal.path.clone(), refusal.why.clone());
        self.running.extend(before.map(|running| (key.clone(), running)));
        let again = last.is_some_and(|last| last.spec.is_none() && last.why == why);
        let refused = Refused { spec: None, why: why.clone(), is_transient: false, tried: false };
        self.refused.insert((key.clone(), path.clone()), refused);
        let old_version_runs = self.running.contains_key(&key);
        let outcome = LoadOutcome::Refused { why, old_version_runs, again };
        RuleLoad { key, path, digest: String::new(), outcome }
    }
}

impl Refused {
    /// Whether it is this very rule that was refused.
    fn was_of(&self, spec: &RuleSpec) -> bool {
        self.spec.as_ref().is_some_and(|last| last.runs_like(spec))
    }
}

/// Whether another file of this name was refused, and is not any more.
fn has_ceased(refused: &BTreeMap<(RuleKey, PathBuf), Refused>, key: &RuleKey, snapshot: &Snapshot) -> bool {
    let of_key = refused.keys().filter(|(other, _)| other == key);
    let still = |path: &PathBuf| snapshot.refusals.iter().any(|now| now.key == *key && now.path == *path);
    of_key.into_iter().any(|(_, path)| !still(path))
}

/// Makes a rule of an admitted module: within its grants, described, and tried on recent events.
pub(crate) fn open(
    spec: &RuleSpec,
    admitted: Result<Arc<WasmModule>, AdmitError>,
    recent: &TrafficSample,
) -> Result<Arc<LoadedRule>, Failure> {
    let module = admitted
        .map_err(|error| Failure { is_transient: error.is_transient(), ..Failure::for_good(error.to_string()) })?;
    for interface in module.interfaces() {
        // Every rule can say why it panics. Without the grant, other lines of its log are dropped and counted.
        if *interface == Interface::State && !spec.grants.state {
            return Err(Failure::for_good(
                "it imports `lifesigns:rule/state`, which the manifest does not grant; add \"state\" to `grants` if it may have it".to_owned(),
            ));
        }
    }
    let mut limits = spec.limits.clone();
    if !spec.grants.log {
        limits.log_lines_per_s = 0;
    }
    let rule = LoadedRule::new(spec.key.clone(), module, &spec.settings_json, limits);
    let rule = rule.map(Arc::new).map_err(|error| match error {
        InstantiateError::Settings(mistakes) => {
            Failure { is_placed: true, ..Failure::for_good(spec.placed(&mistakes.0)) }
        }
        error => Failure {
            is_transient: matches!(error, InstantiateError::Instance(InstanceError::Ceiling { .. })),
            ..Failure::for_good(error.to_string())
        },
    })?;
    dry_run(&rule, recent).map_err(|error| Failure::for_good(error.to_string()))?;
    Ok(rule)
}

#[cfg(test)]
mod tests;
