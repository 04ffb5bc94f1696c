//! The rules that explanations run again: a port, because those of a store at rest are known elsewhere.

use std::sync::Arc;

use lifesigns_api::{ApiError, RuleSight};
use lifesigns_engine::LoadedRule;
use lifesigns_model::{Module, RuleKey, TapEvent};

/// Rules and their modules.
pub trait RuleModules: Send + Sync {
    /// Returns the rule that runs under a key, or would if a host ran.
    fn rule(&self, key: &RuleKey) -> Option<Arc<LoadedRule>>;

    /// Returns a module of a rule, also of one that runs no more.
    ///
    /// # Errors
    /// It is no longer at hand.
    fn module(&self, rule: &str, digest: &str) -> Result<Arc<dyn Module>, ApiError>;

    /// Holds all rules against an event.
    fn sights(&self, event: &TapEvent) -> Vec<RuleSight>;
}
