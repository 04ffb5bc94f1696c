//! Queries of a record in memory.

use std::{path::Path, sync::Arc};

use lifesigns_compliance::{Alert, BadgeOwner, BadgePoint};
use lifesigns_model::RuleCall;

use super::state::SharedTables;
use crate::{
    agent::StoredAgent,
    audit::{AuditError, AuditLogEntry, ChainMark, ChainVerification},
    calls::CallFilter,
    commit::ReceiverPause,
    error::{BackupError, RecordError},
    history::{AlertHistoryFilter, AuditFilter},
    outbox::{ReceiverState, StoredNotice},
    record::RecordReader,
    state::RecordedState,
    token::StoredToken,
};

pub(super) struct MemoryReader(pub(super) Arc<SharedTables>);

/// Returns a limit, of which 0 is none.
const fn limit(limit: usize) -> usize {
    if limit == 0 { usize::MAX } else { limit }
}

fn matches(filter: &AlertHistoryFilter, alert: &Alert) -> bool {
    let cancelled_ns = alert.cancelled_ns.unwrap_or_default();
    filter.object.as_ref().is_none_or(|pattern| pattern.matches(&alert.object))
        && filter.definition.as_ref().is_none_or(|pattern| pattern.matches(&alert.definition))
        && cancelled_ns >= filter.from_ns
        && filter.until_ns.is_none_or(|until_ns| cancelled_ns < until_ns)
}

impl RecordReader for MemoryReader {
    fn load(&self) -> Result<RecordedState, RecordError> {
        Ok(self.0.state.lock().load())
    }

    fn pending(&self, receiver: &str, after_id: i64, limit: usize) -> Result<Vec<StoredNotice>, RecordError> {
        Ok(self.0.state.lock().outbox.pending(receiver, after_id, limit))
    }

    fn pauses(&self, receiver: &str) -> Result<Vec<ReceiverPause>, RecordError> {
        Ok(self.0.state.lock().outbox.pauses(receiver))
    }

    fn dead_letters(&self, after_id: i64, limit: usize) -> Result<Vec<StoredNotice>, RecordError> {
        Ok(self.0.state.lock().outbox.dead_letters(after_id, limit))
    }

    fn receivers(&self) -> Result<Vec<ReceiverState>, RecordError> {
        Ok(self.0.state.lock().outbox.receivers())
    }

    fn tokens(&self) -> Result<Vec<StoredToken>, RecordError> {
        Ok(self.0.state.lock().tokens.values().cloned().collect())
    }

    fn agents(&self) -> Result<Vec<StoredAgent>, RecordError> {
        Ok(self.0.state.lock().agents.values().cloned().collect())
    }

    fn calls(&self, filter: &CallFilter) -> Result<Vec<RuleCall>, RecordError> {
        Ok(self.0.state.lock().calls.find(filter))
    }

    fn past_alerts(&self, filter: &AlertHistoryFilter) -> Result<Vec<Alert>, RecordError> {
        let cancelled = self.0.state.lock().book.cancelled();
        let mut rest = cancelled.as_slice();
        if let Some((cancelled_ns, id)) = &filter.after {
            let behind = |alert: &Arc<Alert>| alert.cancelled_ns.unwrap_or_default() < *cancelled_ns;
            let at = rest.iter().position(|alert| alert.id == *id).map(|at| at + 1);
            rest = &rest[at.or_else(|| rest.iter().position(behind)).unwrap_or(rest.len())..];
        }
        let wanted = rest.iter().filter(|alert| matches(filter, alert)).cloned();
        Ok(wanted.take(limit(filter.limit)).map(Arc::unwrap_or_clone).collect())
    }

    fn badges(&self, of: BadgeOwner, name: &str, since_ns: u64, most: usize) -> Result<Vec<BadgePoint>, RecordError> {
        Ok(self.0.state.lock().history.badges(of, name, since_ns, limit(most)))
    }

    fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditLogEntry>, RecordError> {
        let state = self.0.state.lock();
        let latest = state.history.entries().rev().filter(|entry| is_wanted(entry, filter));
        let mut entries: Vec<AuditLogEntry> = latest.take(limit(filter.limit)).cloned().collect();
        entries.reverse();
        Ok(entries)
    }

    fn audit_head(&self) -> Result<ChainMark, RecordError> {
        Ok(self.0.state.lock().history.head())
    }

    fn audit_verify(&self, known: Option<&ChainMark>) -> Result<ChainVerification, AuditError> {
        self.0.state.lock().history.verify(known)
    }

    fn backup(&self, _: &Path) -> Result<(), BackupError> {
        Err(BackupError::Unsupported)
    }
}

fn is_wanted(entry: &AuditLogEntry, filter: &AuditFilter) -> bool {
    entry.written_ns >= filter.since_ns
        && filter.before.is_none_or(|before| entry.mark.id < before)
        && filter.subject.as_ref().is_none_or(|subject| *subject == entry.audit.subject)
}
