//! What must outlast a restart: one SQLite file. [`Store`] is the one that writes, for a running
//! host; [`Reader`] reads beside it or without one.
//!
//! - One [`Commit`] is one transaction: how far sources were taken, rules' state, reminders, facts,
//!   the book's changes, the audit, and what receivers are to be told and have been told. When
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
mod outbox;
mod parallel;
mod reader;
mod retention;
mod schema;
mod store;
mod write;

pub use audit::{AuditEntry, AuditError, AuditReport, Mark};
pub use backup::{BackupError, Progress};
pub use commit::{Commit, Delivery, Outcome, Pause};
pub use doctor::{Finding, Level, doctor};
pub use error::{Cause, OpenError, StoreError};
pub use history::{AuditFilter, Past};
pub use load::Loaded;
pub use outbox::{OutboxRow, ReceiverState};
pub use reader::Reader;
pub use retention::{Retained, Retention};
pub use store::Store;
