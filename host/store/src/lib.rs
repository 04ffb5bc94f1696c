//! Durable storage in one SQLite file. [`Store`] is its only writer, for a running host;
//! [`StoreReader`] reads beside it or without one.
//!
//! - One [`Commit`] is one transaction: how far sources were taken, rules' state, reminders, facts,
//!   the book's changes, the audit, and the outbox with the results of deliveries. When
//!   [`Store::commit`] returns it is on the disk; when it fails nothing of it is.
//! - Beside the file `NAME` lie SQLite's `NAME-wal` and `NAME-shm`, which belong to it, and
//!   `NAME-lock`, which keeps a second host out.
//! - No clock in here: the caller says what time it is.

mod audit;
mod backup;
mod commit;
mod doctor;
mod error;
mod evidence;
mod file;
mod form;
mod history;
mod load;
mod meta;
mod outbox;
mod parallel;
mod reader;
mod retention;
mod schema;
mod store;
mod write;

pub use audit::{AuditEntry, AuditError, AuditVerification, ChainMark};
pub use backup::{BackupError, BackupProgress};
pub use commit::{Commit, OutboxChange, OutboxUpdate, ReceiverPause};
pub use doctor::{Finding, FindingLevel, doctor};
pub use error::{ErrorCause, StoreError, StoreOpenError};
pub use history::{AlertHistoryFilter, AuditFilter};
pub use load::RecordedState;
pub use outbox::{ReceiverState, StoredNotice};
pub use reader::StoreReader;
pub use retention::{RetentionPolicy, RetentionStep};
pub use store::Store;
