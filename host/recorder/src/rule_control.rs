//! How rules of a running host are changed: a port, because the rules folder and its loader are known
//! elsewhere.

use std::sync::Arc;

use lifesigns_api::{ApiError, RuleChange, RuleVersion};
use lifesigns_model::{Module, RuleChangeMark};

use crate::rule_audit::RuleAudit;

/// Changes rules of a running host.
pub trait RuleControl: Send + Sync {
    /// Changes a rule in the name of `who`. Whatever can be checked is checked first, also that the store
    /// takes commits. What moves state is audited with it, all else before anything is changed. Returns what was done, in a line for a person.
    ///
    /// # Errors
    /// Why it was not done.
    fn change(&self, rule: &str, change: &RuleChange, who: &str, audit: &RuleAudit<'_>) -> Result<String, ApiError>;

    /// Ends a change: it is in the record.
    fn committed(&self, mark: &RuleChangeMark);

    /// Returns the versions of a rule that were live, the oldest first.
    ///
    /// # Errors
    /// There is no such rule, or its history cannot be read.
    fn history(&self, rule: &str) -> Result<Vec<RuleVersion>, ApiError>;

    /// Returns a module of a version of a rule that need not run any more.
    ///
    /// # Errors
    /// It is no longer at hand.
    fn module(&self, rule: &str, digest: &str) -> Result<Arc<dyn Module>, ApiError>;

    /// Reads the rules folder now. Returns what was done, in a line for a person.
    ///
    /// # Errors
    /// What is refused of it; the rest is in force.
    fn reload(&self) -> Result<String, ApiError>;
}
