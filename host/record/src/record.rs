//! The record as a host uses it: one writer, and readers beside it.

use std::{path::Path, sync::Arc};

use lifesigns_compliance::{Alert, BadgeOwner, BadgePoint};
use lifesigns_model::RuleCall;

use crate::{
    agent::StoredAgent,
    audit::{AuditError, AuditLogEntry, ChainMark, ChainVerification},
    calls::CallFilter,
    commit::{Commit, ReceiverPause},
    epoch::WriterEpoch,
    error::{BackupError, RecordError},
    history::{AlertHistoryFilter, AuditFilter},
    outbox::{ReceiverState, StoredNotice},
    retention::{RetentionPolicy, RetentionStep},
    state::RecordedState,
    token::StoredToken,
};

/// The writer of a record. There is one at a time: opening a record again supersedes the writer before.
pub trait RecordWriter: Send {
    /// Returns the epoch that this writer was given when it opened the record; all its commits carry it.
    fn epoch(&self) -> WriterEpoch;

    /// Loads everything that a restart resumes from.
    ///
    /// # Errors
    /// See [`RecordError`].
    fn load(&self) -> Result<RecordedState, RecordError>;

    /// Writes all of `commit`. When this returns it is durable, as far as the implementation promises that.
    ///
    /// # Errors
    /// Nothing of the commit is written. [`RecordError::Superseded`] if another writer has opened the
    /// record since; otherwise see [`RecordError`].
    fn commit(&mut self, commit: &Commit) -> Result<(), RecordError>;

    /// Removes some of what is past its age, in a step that takes milliseconds. Take steps until there is
    /// no more, and begin again some minutes later. `now_ns` is the host's clock.
    ///
    /// # Errors
    /// Nothing is removed; as [`Self::commit`].
    fn retain(&mut self, now_ns: u64, policy: &RetentionPolicy) -> Result<RetentionStep, RecordError>;

    /// Returns what opens readers of this record, on any thread.
    fn readers(&self) -> Arc<dyn RecordReaders>;
}

/// Opens readers of one record.
pub trait RecordReaders: Send + Sync {
    /// Opens a reader.
    ///
    /// # Errors
    /// See [`RecordError`].
    fn open(&self) -> Result<Box<dyn RecordReader>, RecordError>;

    /// Returns where the record is: a file, or a name for people.
    fn location(&self) -> &Path;

    /// Returns the size of the record, in bytes; 0 if it is not known.
    fn size_bytes(&self) -> u64;
}

/// Reads what was committed. Each query sees one moment.
pub trait RecordReader: Send {
    /// Returns what a restart would resume from.
    ///
    /// # Errors
    /// See [`RecordError`].
    fn load(&self) -> Result<RecordedState, RecordError>;

    /// Returns notices that wait for a receiver, oldest first: at most `limit` of those with numbers above
    /// `after_id` (0 for all), including those whose time has not come.
    ///
    /// # Errors
    /// See [`RecordError`].
    fn pending(&self, receiver: &str, after_id: i64, limit: usize) -> Result<Vec<StoredNotice>, RecordError>;

    /// Returns the bundles of a receiver whose next message has to wait.
    ///
    /// # Errors
    /// See [`RecordError`].
    fn pauses(&self, receiver: &str) -> Result<Vec<ReceiverPause>, RecordError>;

    /// Returns dead letters, oldest first: at most `limit` of those with numbers above `after_id`.
    ///
    /// # Errors
    /// See [`RecordError`].
    fn dead_letters(&self, after_id: i64, limit: usize) -> Result<Vec<StoredNotice>, RecordError>;

    /// Returns all receivers that have notices or ever had one delivered, by name.
    ///
    /// # Errors
    /// See [`RecordError`].
    fn receivers(&self) -> Result<Vec<ReceiverState>, RecordError>;

    /// Returns the API's tokens, by name.
    ///
    /// # Errors
    /// See [`RecordError`].
    fn tokens(&self) -> Result<Vec<StoredToken>, RecordError>;

    /// Returns what is known of agents, by name.
    ///
    /// # Errors
    /// See [`RecordError`].
    fn agents(&self) -> Result<Vec<StoredAgent>, RecordError>;

    /// Returns what rules were given when they raised a symptom or failed, the latest first.
    ///
    /// # Errors
    /// See [`RecordError`].
    fn calls(&self, filter: &CallFilter) -> Result<Vec<RuleCall>, RecordError>;

    /// Returns cancelled alerts, the latest first.
    ///
    /// # Errors
    /// See [`RecordError`].
    fn past_alerts(&self, filter: &AlertHistoryFilter) -> Result<Vec<Alert>, RecordError>;

    /// Returns the badge of an object or group from `since_ns` (event time) on, oldest first, with the point
    /// that held at that time. At most the latest `limit` points; 0 for all.
    ///
    /// # Errors
    /// See [`RecordError`].
    fn badges(&self, of: BadgeOwner, name: &str, since_ns: u64, limit: usize) -> Result<Vec<BadgePoint>, RecordError>;

    /// Returns audit entries, oldest first.
    ///
    /// # Errors
    /// See [`RecordError`].
    fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditLogEntry>, RecordError>;

    /// Returns the mark of the last audit entry.
    ///
    /// # Errors
    /// See [`RecordError`].
    fn audit_head(&self) -> Result<ChainMark, RecordError>;

    /// Verifies the hash of every audit entry, from the anchor to the last one. `known` is a mark that was
    /// noted before: it must still be there.
    ///
    /// # Errors
    /// Names the first entry that does not match.
    fn audit_verify(&self, known: Option<&ChainMark>) -> Result<ChainVerification, AuditError>;

    /// Copies the record as it is at this moment to the new file `to`.
    ///
    /// # Errors
    /// See [`BackupError`]. Then nothing exists under the name `to`.
    fn backup(&self, to: &Path) -> Result<(), BackupError>;
}
