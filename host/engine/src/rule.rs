//! A rule as the engine runs it: a module with a name, settings, limits and a description.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use parking_lot::{Mutex, MutexGuard};

use lifesigns_model::{Description, InstantiateError, Limits, Module, RuleKey, TapPage};

use crate::{comparison::Comparison, tap::RuleTap, throttle::Throttle};

/// A rule whose description is known.
pub struct LoadedRule {
    /// Its identity, unique in a rule set; its state belongs to it.
    pub key: RuleKey,
    /// The module that it runs.
    pub module: Arc<dyn Module>,
    /// A JSON object.
    pub settings: String,
    /// Its limits.
    pub limits: Limits,
    /// Its description with these settings.
    pub description: Description,
    /// What its conditions cost; held by scanners for a moment.
    pub(crate) conditions: Mutex<Throttle>,
    /// Of a shadow: how it compares with the live version; held by shards for a moment.
    comparison: Mutex<Comparison>,
    /// An operator has paused it.
    paused: AtomicBool,
    /// When an operator last ended its pauses, on the host's clock.
    released_ns: AtomicU64,
    /// What it is given and answers, while that is asked for.
    pub(crate) tap: RuleTap,
}

impl LoadedRule {
    /// Asks the module for its description; see [`Module::describe`].
    ///
    /// # Errors
    /// When the module cannot be started or refuses its settings.
    pub fn new(
        key: impl Into<RuleKey>,
        module: Arc<dyn Module>,
        settings: &str,
        limits: Limits,
    ) -> Result<Self, InstantiateError> {
        let description = module.describe(settings, &limits)?;
        let conditions = Mutex::new(Throttle::new(&limits));
        let (key, settings, comparison) = (key.into(), settings.to_owned(), Mutex::default());
        let (paused, released_ns, tap) = Default::default();
        Ok(Self { key, module, settings, limits, description, conditions, comparison, paused, released_ns, tap })
    }

    /// Sets whether it is shown nothing until it is released; what it misses is counted.
    pub fn set_paused(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }

    /// Returns whether an operator has paused it.
    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    /// Ends its pauses for failures and budgets at `now_ns`: it begins again as one that never failed.
    pub fn release(&self, now_ns: u64) {
        self.released_ns.store(now_ns, Ordering::Relaxed);
    }

    /// Returns when [`Self::release`] was last called; 0 for never.
    pub fn released_ns(&self) -> u64 {
        self.released_ns.load(Ordering::Relaxed)
    }

    /// Returns what it was given and answered since `from`, the `next` of the page before, and goes on recording for
    /// some seconds. `now_ns` is the host's clock.
    pub fn tap(&self, from: u64, now_ns: u64) -> TapPage {
        self.tap.read(from, now_ns)
    }

    /// Returns how it compares with the live version, if it is a shadow.
    pub(crate) fn comparison(&self) -> MutexGuard<'_, Comparison> {
        self.comparison.lock()
    }

    /// Returns its name, which it shares with the version in the other lane.
    pub fn name(&self) -> &str {
        &self.key.name
    }
}

impl fmt::Debug for LoadedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedRule")
            .field("key", &self.key)
            .field("module", &self.module.digest())
            .finish_non_exhaustive()
    }
}
