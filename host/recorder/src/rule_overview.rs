//! The rules beside those that run: refused, being compiled, present.

use std::{collections::BTreeSet, sync::Arc};

use crossbeam_channel::Receiver;
use lifesigns_api::{ApiError, CompilingRule, DisabledRule, MemoryStatus, RefusedRule};
use lifesigns_model::WakeSignal;
use parking_lot::{Mutex, MutexGuard};

use crate::rule_control::RuleControl;

/// The rules that do not run, kept up to date by whatever loads rules. Clones share one state.
#[derive(Clone, Default)]
pub struct RuleOverview {
    state: Arc<Mutex<OverviewState>>,
    changed: WakeSignal,
}

/// See [`RuleOverview`].
#[derive(Default)]
pub(crate) struct OverviewState {
    pub(crate) refused: Vec<RefusedRule>,
    pub(crate) compiling: Vec<CompilingRule>,
    pub(crate) disabled: Vec<DisabledRule>,
    control: Option<Arc<dyn RuleControl>>,
    pub(crate) memory: Option<Arc<dyn Fn() -> MemoryStatus + Send + Sync>>,
    /// The names of all rules that exist, whether they run or not, and how often they were set. Symptoms
    /// of a rule that no longer exists end.
    present: (u64, BTreeSet<String>),
}

impl RuleOverview {
    /// Sets the rules that are refused, and those that are being compiled.
    pub fn set(&self, refused: Vec<RefusedRule>, compiling: Vec<CompilingRule>) {
        let mut overview = self.get();
        // A rule that was being compiled before keeps its start time.
        let since = |new: CompilingRule| match overview.compiling.iter().find(|old| old.digest == new.digest) {
            Some(old) => CompilingRule { since_ns: old.since_ns, ..new },
            None => new,
        };
        let compiling = compiling.into_iter().map(since).collect();
        (overview.refused, overview.compiling) = (refused, compiling);
    }

    /// Sets the rules that are disabled.
    pub fn set_disabled(&self, disabled: Vec<DisabledRule>) {
        self.get().disabled = disabled;
    }

    /// Sets what changes rules.
    pub fn set_control(&self, control: Arc<dyn RuleControl>) {
        self.get().control = Some(control);
    }

    /// Returns what changes rules.
    pub(crate) fn control(&self) -> Result<Arc<dyn RuleControl>, ApiError> {
        let control = self.get().control.clone();
        control.ok_or_else(|| ApiError::Unavailable("the rules of this host cannot be changed yet".to_owned()))
    }

    /// Sets the names of all rules that exist, whether they run or not.
    pub fn set_present(&self, names: BTreeSet<String>) {
        let mut overview = self.get();
        overview.present = (overview.present.0 + 1, names);
        self.changed.wake();
    }

    /// Returns the rules that exist and their version, if they were set since `version`.
    pub(crate) fn present_since(&self, version: u64) -> Option<(u64, BTreeSet<String>)> {
        let overview = self.get();
        (overview.present.0 > version).then(|| overview.present.clone())
    }

    /// Sets how the memory that all rules use is measured.
    pub fn set_memory(&self, memory: impl Fn() -> MemoryStatus + Send + Sync + 'static) {
        self.get().memory = Some(Arc::new(memory));
    }

    /// Returns the channel that wakes the recorder when the rules that exist have changed.
    pub(crate) fn changed(&self) -> &Receiver<()> {
        self.changed.receiver()
    }

    /// Returns whether rules are being compiled.
    pub fn is_compiling(&self) -> bool {
        !self.get().compiling.is_empty()
    }

    pub(crate) fn get(&self) -> MutexGuard<'_, OverviewState> {
        self.state.lock()
    }
}
