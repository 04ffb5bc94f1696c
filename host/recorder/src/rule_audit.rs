//! The audit log of changes of rules: an entry is committed by itself, or together with what the change does in the
//! record, so that a change that a crash undoes leaves no entry.

use std::collections::BTreeMap;

use lifesigns_api::ApiError;
use lifesigns_compliance::AuditedChange;
use lifesigns_model::RuleChangeMark;
use parking_lot::Mutex;

use crate::{
    health::Health,
    request::{Act, RequestSender},
};

/// Entries that wait for the commit of their change, by the rule and the change.
#[derive(Debug, Default)]
pub(crate) struct WaitingEntries(Mutex<BTreeMap<(String, String), AuditedChange>>);

impl WaitingEntries {
    /// Takes the entry of a change that is committed now.
    pub(crate) fn take(&self, mark: &RuleChangeMark) -> Option<AuditedChange> {
        self.0.lock().remove(&(mark.rule.clone(), mark.change.clone()))
    }
}

/// See the module.
pub struct RuleAudit<'a> {
    pub(crate) requests: &'a RequestSender,
    pub(crate) waiting: &'a WaitingEntries,
    pub(crate) health: &'a Health,
}

impl RuleAudit<'_> {
    /// Commits an entry.
    ///
    /// # Errors
    /// The store takes no commits now.
    pub fn commit(&self, entry: AuditedChange) -> Result<(), ApiError> {
        self.requests.ask(Act::Audit(Box::new(entry)))?;
        Ok(())
    }

    /// Has an entry committed with the checkpoint that has a change.
    pub fn commit_with(&self, mark: &RuleChangeMark, entry: AuditedChange) {
        self.waiting.0.lock().insert((mark.rule.clone(), mark.change.clone()), entry);
    }

    /// Forgets the entry of a change that does not happen.
    pub fn withdraw(&self, mark: &RuleChangeMark) {
        self.waiting.take(mark);
    }

    /// Checks, without a wait, that the last commit succeeded.
    ///
    /// # Errors
    /// The store takes no commits now.
    pub fn check_store(&self) -> Result<(), ApiError> {
        match self.health.is_ok() {
            true => Ok(()),
            false => Err(ApiError::Unavailable(self.health.get().text.clone())),
        }
    }

    /// Waits until everything that was submitted before is committed.
    ///
    /// # Errors
    /// The store takes no commits now.
    pub fn wait_committed(&self) -> Result<(), ApiError> {
        self.requests.ask(Act::Barrier)?;
        Ok(())
    }
}
