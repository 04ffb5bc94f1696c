//! How rules of a running host are changed: a port, because the rules folder and its loader are known
//! elsewhere.

use std::sync::Arc;

use lifesigns_api::{ApiError, RuleChange, RuleVersion};
use lifesigns_compliance::AuditedChange;
use lifesigns_model::Module;

/// Writes an entry into the audit log; it is committed when this returns.
pub type AuditChange<'a> = dyn Fn(AuditedChange) -> Result<(), ApiError> + 'a;

/// Changes rules of a running host.
pub trait RuleControl: Send + Sync {
    /// Changes a rule in the name of `who`. Whatever can be checked is checked first; `audit` is called before
    /// anything is changed. Returns what was done, in a line for a person.
    ///
    /// # Errors
    /// Why it was not done.
    fn change(&self, rule: &str, change: &RuleChange, who: &str, audit: &AuditChange<'_>) -> Result<String, ApiError>;

    /// Ends a change that was made: what it changed in the record is on the disk.
    fn committed(&self, rule: &str);

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
