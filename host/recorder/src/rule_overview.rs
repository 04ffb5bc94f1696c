//! The state of rules beside those that run, for `status`.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lifesigns_control::{CompilingRule, MemoryStatus, RefusedRule};

/// What `status` says of rules beside those that run; what loads rules keeps it up to date.
#[derive(Clone, Default)]
pub struct RuleOverview(Arc<Mutex<OverviewState>>);

/// See [`RuleOverview`].
#[derive(Default)]
pub(crate) struct OverviewState {
    pub(crate) refused: Vec<RefusedRule>,
    pub(crate) compiling: Vec<CompilingRule>,
    pub(crate) memory: Option<Arc<dyn Fn() -> MemoryStatus + Send + Sync>>,
    /// The rules that are there, whether they run or not, by name, and how often that was set. What a
    /// rule that is gone said ends.
    present: (u64, BTreeSet<String>),
}

impl RuleOverview {
    /// Rules that do not run, or only in their old version, and those that are being compiled.
    pub fn set(&self, refused: Vec<RefusedRule>, compiling: Vec<CompilingRule>) {
        let mut overview = self.get();
        // One that was being compiled before still is since then.
        let since = |new: CompilingRule| match overview.compiling.iter().find(|old| old.digest == new.digest) {
            Some(old) => CompilingRule { since_ns: old.since_ns, ..new },
            None => new,
        };
        let compiling = compiling.into_iter().map(since).collect();
        (overview.refused, overview.compiling) = (refused, compiling);
    }

    /// These are all rules that are there now, whether they run or not.
    pub fn set_present(&self, names: BTreeSet<String>) {
        let mut overview = self.get();
        overview.present = (overview.present.0 + 1, names);
    }

    /// The rules that are there, if they were set since `version`; with the version that they are.
    pub(crate) fn present_since(&self, version: u64) -> Option<(u64, BTreeSet<String>)> {
        let overview = self.get();
        (overview.present.0 > version).then(|| overview.present.clone())
    }

    /// How it is known what all rules have of the host's memory.
    pub fn set_memory(&self, memory: impl Fn() -> MemoryStatus + Send + Sync + 'static) {
        self.get().memory = Some(Arc::new(memory));
    }

    /// Whether rules are being compiled.
    pub fn is_compiling(&self) -> bool {
        !self.get().compiling.is_empty()
    }

    pub(crate) fn get(&self) -> MutexGuard<'_, OverviewState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
