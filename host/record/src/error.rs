//! Errors of a record, distinguished by what to do about them.

use std::{io, path::PathBuf};

/// The underlying error of an implementation. Its text is a message for a person.
pub type ErrorCause = Box<dyn std::error::Error + Send + Sync>;

/// Why a record could not be read or written. A commit that fails leaves nothing behind: the same may be
/// tried again later, if the error [is transient](Self::is_transient).
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// No room is left to write to.
    #[error(transparent)]
    Full(ErrorCause),
    /// It cannot be written.
    #[error(transparent)]
    ReadOnly(ErrorCause),
    /// Its content is damaged.
    #[error(transparent)]
    Corrupt(ErrorCause),
    /// Another process held its lock for longer than the time-out.
    #[error(transparent)]
    Busy(ErrorCause),
    /// Another writer has opened it since: this one may not write any more.
    #[error(transparent)]
    Superseded(ErrorCause),
    /// Anything else.
    #[error(transparent)]
    Other(ErrorCause),
}

impl RecordError {
    /// Returns whether the same operation may succeed later, once there is room or the disk is back.
    pub const fn is_transient(&self) -> bool {
        !matches!(self, Self::Corrupt(_) | Self::Superseded(_))
    }
}

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Something exists under that name.
    #[error("{}: there is already something; a backup overwrites nothing, name another file", .0.display())]
    Exists(PathBuf),
    /// The copy could not be written.
    #[error("{}: the backup cannot be written: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// This kind of record has no file to copy.
    #[error("a record in memory cannot be backed up")]
    Unsupported,
    /// The record could not be read, or the copy is not whole.
    #[error(transparent)]
    Record(#[from] RecordError),
}
