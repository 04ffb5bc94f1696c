//! The store's file: how it is made, who may write it, and how SQLite is set up for it.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::error::{StoreError, StoreOpenError};

/// How long a statement waits for a lock of another process, in milliseconds.
const BUSY_MS: u64 = 2000;
/// Pages in the write-ahead log after which a commit moves them into the file.
const CHECKPOINT_PAGES: i64 = 8192;
/// The size to which the write-ahead log shrinks when it restarts, in bytes.
const WAL_KEPT_BYTES: i64 = 64 << 20;
/// SQLite's page cache, in KiB.
const CACHE_KIB: i64 = 32 << 10;
/// Prepared statements that a connection keeps.
const STATEMENTS: usize = 64;
/// Only the owner may read or write.
pub(crate) const MODE: u32 = 0o600;

/// `path` with `ending` behind it: the files that SQLite and the host keep beside the store.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The one host that may write. Ends when it is dropped, or with the process.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of the store at `path`, or says who has it.
    pub(crate) fn take(path: &Path) -> Result<Self, StoreOpenError> {
        let name = beside(path, "-lock");
        let failed = |source| StoreOpenError::File { path: name.clone(), source };
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(MODE);
        let mut file = options.open(&name).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Only for the message.
                let _ = file.take(32).read_to_string(&mut text);
                return Err(StoreOpenError::InUse { path: path.to_owned(), pid: text.trim().parse().ok() });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        // A full disk must not keep a host from starting; the name in the file is only for people.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

/// Makes the file if there is none. Must come before any connection to it: a process that closes a
/// file loses SQLite's locks on it.
pub(crate) fn create(path: &Path) -> Result<(), StoreOpenError> {
    let mut options = OpenOptions::new();
    match options.write(true).create_new(true).mode(MODE).open(path) {
        Ok(_) => sync_folder(path).map_err(|source| StoreOpenError::File { path: path.to_owned(), source }),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(source) => Err(StoreOpenError::File { path: path.to_owned(), source }),
    }
}

/// Makes a new name last.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// A connection that writes; `fresh`: the file is empty.
pub(crate) fn writer(path: &Path, fresh: bool) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    common(&connection)?;
    if fresh {
        // Must come before the first table.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    }
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES)?;
    Ok(connection)
}

/// A connection that only reads, beside a running host or without one.
pub(crate) fn reader(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let error = match look(path, flags) {
        Ok(connection) => return Ok(connection),
        Err(error) => error,
    };
    let cannot_open = error.sqlite_error_code() == Some(ErrorCode::CannotOpen);
    if !cannot_open || logged(path) {
        return Err(StoreError::of(path, error));
    }
    // A store at rest where we may not write, not even SQLite's files beside it: no process changes it.
    let name = format!("file:{}?immutable=1", escaped(path));
    look(Path::new(&name), flags | OpenFlags::SQLITE_OPEN_URI).map_err(|error| StoreError::of(path, error))
}

fn look(name: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(name, flags)?;
    common(&connection)?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

fn common(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_millis(BUSY_MS))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)
}

/// Whether there is a write-ahead log with something in it.
fn logged(path: &Path) -> bool {
    fs::metadata(beside(path, "-wal")).is_ok_and(|wal| wal.len() > 0)
}

/// A path as it stands in a URI.
fn escaped(path: &Path) -> String {
    let mut text = String::new();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("%{byte:02x}")),
        }
    }
    text
}
