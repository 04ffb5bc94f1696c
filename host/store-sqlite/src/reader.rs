//! Reads a store: beside the host that writes it, or without one.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::{
    error::{StoreError, StoreOpenError},
    file,
    schema::{LATEST, Version},
};

/// A connection that cannot write. What it reads is what was committed; a question sees one moment.
#[derive(Debug)]
pub struct StoreReader {
    pub(crate) connection: Connection,
    path: PathBuf,
}

impl StoreReader {
    /// Opens the store at `path` for reading. Makes no store where there is none.
    ///
    /// # Errors
    /// See [`StoreOpenError`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreOpenError> {
        let path = path.as_ref();
        match std::fs::metadata(path) {
            Ok(there) if there.is_file() && there.len() > 0 => {}
            Ok(there) if there.is_file() => return Err(StoreOpenError::Missing(path.to_owned())),
            Ok(_) => return Err(StoreOpenError::Foreign(path.to_owned())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(StoreOpenError::Missing(path.to_owned()));
            }
            Err(source) => return Err(StoreOpenError::File { path: path.to_owned(), source }),
        }
        let connection = file::reader(path).map_err(|error| foreign(path, error))?;
        let version = Version::of(&connection).map_err(|error| StoreError::of(path, error))?;
        match version.known(path)? {
            LATEST => Ok(Self { connection, path: path.to_owned() }),
            0 => Err(StoreOpenError::Missing(path.to_owned())),
            found => Err(StoreOpenError::Older { path: path.to_owned(), found }),
        }
    }

    /// Where the store is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `question`, which sees one moment even if it asks several times.
    pub(crate) fn ask<T>(&self, question: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let run = || {
            let transaction = self.connection.unchecked_transaction()?;
            let answer = question(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        };
        run().map_err(|error| StoreError::of(&self.path, error))
    }
}

/// Reports a file that is no database as foreign; a store with a damaged head cannot be distinguished
/// from it.
pub(crate) fn foreign(path: &Path, error: StoreError) -> StoreOpenError {
    let is_foreign = match &error {
        StoreError::Corrupt(_, cause) => cause
            .downcast_ref::<rusqlite::Error>()
            .is_some_and(|error| error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase)),
        _ => false,
    };
    if is_foreign { StoreOpenError::Foreign(path.to_owned()) } else { error.into() }
}
