//! A rule as the engine runs it: a module with a name, settings, limits and a description.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use lifesigns_model::{Description, InstantiateError, Limits, Module};

use crate::throttle::Throttle;

/// A rule whose description is known.
pub struct LoadedRule {
    /// Its name, unique in a rule set; its state belongs to this name.
    pub name: String,
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
}

impl LoadedRule {
    /// Asks the module for its description; see [`Module::describe`].
    ///
    /// # Errors
    /// When the module cannot be started or refuses its settings.
    pub fn new(name: &str, module: Arc<dyn Module>, settings: &str, limits: Limits) -> Result<Self, InstantiateError> {
        let description = module.describe(settings, &limits)?;
        let conditions = Mutex::new(Throttle::new(&limits));
        let (name, settings) = (name.to_owned(), settings.to_owned());
        Ok(Self { name, module, settings, limits, description, conditions })
    }
}

impl fmt::Debug for LoadedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadedRule")
            .field("name", &self.name)
            .field("module", &self.module.digest())
            .finish_non_exhaustive()
    }
}
