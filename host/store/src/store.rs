//! The store of a running host: the one that writes.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{
    commit::Commit,
    error::{OpenError, StoreError},
    file::{self, Lock, beside},
    reader::{Reader, foreign},
    schema::{self, Version},
    write,
};

/// When the write-ahead log is this large after a commit, somebody's reading kept it from being
/// moved into the file: then it is tried with more emphasis.
const WAL_BYTES: u64 = 256 << 20;

/// One file, one writer. Dropped, it is closed.
#[derive(Debug)]
pub struct Store {
    pub(crate) connection: Connection,
    path: PathBuf,
    _lock: Lock,
}

impl Store {
    /// Opens the store at `path`, or makes it, readable by nobody else. Brings an older one up to
    /// date, and checks that the file is whole.
    ///
    /// # Errors
    /// See [`OpenError`]. Whatever is wrong, the file stays as it is.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let lock = Lock::take(path)?;
        file::create(path)?;
        let failed = |error| foreign(path, StoreError::of(path, error));
        let mut connection = file::writer(path).map_err(failed)?;
        let version = Version::of(&connection).map_err(failed)?.known(path)?;
        file::set_up_writer(&connection).map_err(failed)?;
        check(&connection, path)?;
        schema::migrate(&mut connection, path, version)?;
        Ok(Self { connection, path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes all of `commit`, in one transaction that is on the disk when this returns.
    ///
    /// # Errors
    /// See [`StoreError`]. Then nothing of it is written, the store stays usable, and the same
    /// commit may be tried again.
    pub fn commit(&mut self, commit: &Commit) -> Result<(), StoreError> {
        self.transact(|transaction| write::all(transaction, commit))?;
        self.bound_log();
        Ok(())
    }

    /// A reader of its own, for another thread.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn reader(&self) -> Result<Reader, OpenError> {
        Reader::open(&self.path)
    }

    /// Runs `work` in a transaction.
    pub(crate) fn transact<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let run = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        };
        run(&mut self.connection).map_err(|error| StoreError::of(&self.path, error))
    }

    /// Moves the write-ahead log into the file when it has become too long for its own good. That
    /// it does not succeed is no error: the next commit tries again.
    fn bound_log(&self) {
        let long = std::fs::metadata(beside(&self.path, "-wal")).is_ok_and(|wal| wal.len() > WAL_BYTES);
        if !long {
            return;
        }
        let outcome = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        match outcome {
            Ok(false) => {}
            Ok(true) => tracing::debug!(path = %self.path.display(), "somebody reads; the log stays long"),
            Err(error) => tracing::warn!(path = %self.path.display(), %error, "the log cannot be shortened"),
        }
    }
}

/// Looks through the whole file for damage.
fn check(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let ask = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    let said = connection.query_row("PRAGMA quick_check(1)", [], ask).map_err(|error| StoreError::of(path, error))?;
    if said == "ok" { Ok(()) } else { Err(StoreError::corrupt(path, said)) }
}
