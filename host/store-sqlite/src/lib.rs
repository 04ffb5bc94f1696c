//! The record in one SQLite file. [`Store`] is its only writer, for a running host; [`StoreReader`] reads
//! beside it or without one.
//!
//! - When [`Store::commit`] returns, the commit is on the disk; when it fails, nothing of it is.
//! - Beside the file `NAME` lie SQLite's `NAME-wal` and `NAME-shm`, which belong to it, and
//!   `NAME-lock`, which keeps a second host out. Should that file be removed, the epoch of the
//!   writer still does: the commits of the first host are refused once a second one has opened the store.
//! - No clock in here: the caller says what time it is.

mod agent;
mod audit;
mod backup;
mod calls;
mod claim;
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
mod record;
mod retention;
mod schema;
mod store;
mod token;
mod write;

pub use backup::BackupProgress;
pub use doctor::{Finding, FindingLevel, doctor};
pub use error::{StoreError, StoreOpenError};
pub use reader::StoreReader;
pub use record::StoreFile;
pub use store::Store;
