//! A rule as the engine runs it: a module with a name, settings, limits and a description.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lifesigns_model::{Description, InstantiateError, Limits, Module, RuleKey};

use crate::{comparison::Comparison, throttle::Throttle};

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
        Ok(Self { key, module, settings, limits, description, conditions, comparison })
    }

    /// Returns how it compares with the live version, if it is a shadow.
    pub(crate) fn comparison(&self) -> MutexGuard<'_, Comparison> {
        self.comparison.lock().unwrap_or_else(PoisonError::into_inner)
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
