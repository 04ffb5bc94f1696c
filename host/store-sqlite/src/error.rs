//! Errors of a store, distinguished by what to do about them.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use lifesigns_record::{AuditError, BackupError, ErrorCause, RecordError, Superseded};
use rusqlite::ErrorCode;

/// Why a store could not be read or written. A transaction that fails leaves nothing behind: the
/// same may be tried again later.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No room: the disk, the quota or the file's own limit.
    #[error("{}: no room is left to write to; free some space on that disk", .0.display())]
    Full(PathBuf, #[source] ErrorCause),
    /// It cannot be written.
    #[error("{}: the file or its disk is read-only; make it writable, for SQLite's files beside it too", .0.display())]
    ReadOnly(PathBuf, #[source] ErrorCause),
    /// What is in the file makes no sense.
    #[error(
        "{path}: the store is damaged; stop the host, keep the file as it is, and put a backup in its place \
         (`cp BACKUP {path}`, without the files {path}-wal and {path}-shm)", path = .0.display()
    )]
    Corrupt(PathBuf, #[source] ErrorCause),
    /// Another process held its lock for longer than the time-out.
    #[error("{}: the store is busy; it is tried again", .0.display())]
    Busy(PathBuf, #[source] ErrorCause),
    /// Another writer has opened it since.
    #[error("{}: {}", .0.display(), .1)]
    Superseded(PathBuf, #[source] Superseded),
    /// Anything else.
    #[error("{}: {}", .0.display(), .1)]
    Other(PathBuf, #[source] ErrorCause),
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoreOpenError {
    /// Another host has it.
    #[error("{}: another host has this store{}; stop that one, or give this one a store of its own", path.display(), holder(*pid))]
    InUse {
        /// The store.
        path: PathBuf,
        /// The other host's process, if it said so.
        pid: Option<u32>,
    },
    /// There is none.
    #[error("{}: there is no store yet; it is made when a host first runs", .0.display())]
    Missing(PathBuf),
    /// It is something else.
    #[error(
        "{}: this is not a store of lifesigns, and is left as it is; name another file, or, if it once was one, put a \
         backup in its place", .0.display()
    )]
    Foreign(PathBuf),
    /// A newer host made it.
    #[error(
        "{}: the store has version {found}, this host knows versions up to {known}; use the host that wrote it, \
         or a backup from before", path.display()
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The latest version that we know.
        known: i64,
    },
    /// An older version that only a host can bring up to date.
    #[error("{}: the store has the older version {found}; start the host once to upgrade it", path.display())]
    Older {
        /// The store.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// A file could not be made or looked at.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// As with every use.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn holder(pid: Option<u32>) -> String {
    pid.map(|pid| format!(" (process {pid})")).unwrap_or_default()
}

/// The kinds that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Full,
    ReadOnly,
    Corrupt,
    Busy,
    Io,
    Other,
}

impl StoreError {
    /// What an error of SQLite on `path` means. Where SQLite only says "I/O", the disk is asked.
    pub(crate) fn of(path: &Path, error: rusqlite::Error) -> Self {
        let class = match classify(&error) {
            Class::Io => probe(path),
            class => class,
        };
        let (path, cause) = (path.to_owned(), ErrorCause::from(error));
        match class {
            Class::Full => Self::Full(path, cause),
            Class::ReadOnly => Self::ReadOnly(path, cause),
            Class::Corrupt => Self::Corrupt(path, cause),
            Class::Busy => Self::Busy(path, cause),
            Class::Io | Class::Other => Self::Other(path, cause),
        }
    }

    /// Content that makes no sense.
    pub(crate) fn corrupt(path: &Path, what: impl Into<String>) -> Self {
        Self::Corrupt(path.to_owned(), what.into().into())
    }

    /// Returns whether the same operation may succeed later, once there is room or the disk is back.
    pub const fn is_transient(&self) -> bool {
        !matches!(self, Self::Corrupt(..) | Self::Superseded(..))
    }
}

impl From<StoreError> for RecordError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Full(..) => Self::Full(error.into()),
            StoreError::ReadOnly(..) => Self::ReadOnly(error.into()),
            StoreError::Corrupt(..) => Self::Corrupt(error.into()),
            StoreError::Busy(..) => Self::Busy(error.into()),
            StoreError::Superseded(..) => Self::Superseded(error.into()),
            StoreError::Other(..) => Self::Other(error.into()),
        }
    }
}

impl From<StoreError> for AuditError {
    fn from(error: StoreError) -> Self {
        Self::Record(error.into())
    }
}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Record(error.into())
    }
}

fn classify(error: &rusqlite::Error) -> Class {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DiskFull => Class::Full,
            ErrorCode::ReadOnly => Class::ReadOnly,
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Class::Corrupt,
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Class::Busy,
            ErrorCode::SystemIoFailure | ErrorCode::CannotOpen => Class::Io,
            _ => Class::Other,
        },
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::InvalidColumnType(..) => Class::Corrupt,
        _ => Class::Other,
    }
}

/// Writes a page beside the store, to hear from the system itself what is wrong.
fn probe(path: &Path) -> Class {
    let mut name = path.as_os_str().to_owned();
    name.push("-probe");
    let outcome = write_page(&name);
    // What cannot be removed is truncated by the next probe.
    let _ = std::fs::remove_file(&name);
    outcome.map_or_else(|error| kind(&error), |()| Class::Io)
}

fn write_page(name: &std::ffi::OsStr) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(name)?;
    file.write_all(&[0; 4096])?;
    file.sync_all()
}

fn kind(error: &io::Error) -> Class {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Class::Full,
        io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Class::ReadOnly,
        _ => Class::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sqlite(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None)
    }

    #[test]
    fn codes_are_distinguished() {
        for (code, class) in [
            (rusqlite::ffi::SQLITE_FULL, Class::Full),
            (rusqlite::ffi::SQLITE_READONLY_DBMOVED, Class::ReadOnly),
            (rusqlite::ffi::SQLITE_CORRUPT_INDEX, Class::Corrupt),
            (rusqlite::ffi::SQLITE_NOTADB, Class::Corrupt),
            (rusqlite::ffi::SQLITE_BUSY_SNAPSHOT, Class::Busy),
            (rusqlite::ffi::SQLITE_IOERR_WRITE, Class::Io),
            (rusqlite::ffi::SQLITE_NOMEM, Class::Other),
        ] {
            assert_eq!(classify(&sqlite(code)), class, "{code}");
        }
    }

    #[test]
    fn the_disk_itself_is_asked_what_is_wrong() {
        // Every write to it fails for want of room.
        assert_eq!(kind(&std::fs::write("/dev/full", [0; 4096]).unwrap_err()), Class::Full);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        assert_eq!(probe(&path), Class::Io, "the disk is well");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "and clean");
        for (number, class) in [(28, Class::Full), (122, Class::Full), (30, Class::ReadOnly), (5, Class::Io)] {
            assert_eq!(kind(&io::Error::from_raw_os_error(number)), class, "{number}");
        }
    }
}
