//! Versions of the file: how a new one is made, and how an older one becomes the latest.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::error::{StoreError, StoreOpenError};

/// The application id in the file's head: `lsgn`.
pub(crate) const APPLICATION: i64 = 0x6c73_676e;

/// What leads from a version to the next; the first from nothing to version 1.
pub(crate) const STEPS: [&str; 9] = [
    include_str!("1.sql"),
    include_str!("2.sql"),
    include_str!("3.sql"),
    include_str!("4.sql"),
    include_str!("5.sql"),
    include_str!("6.sql"),
    include_str!("7.sql"),
    include_str!("8.sql"),
    include_str!("9.sql"),
];

/// The version that this host reads and writes.
pub(crate) const LATEST: i64 = STEPS.len().cast_signed() as i64;

/// What a file says about itself.
pub(crate) struct Version {
    application: i64,
    version: i64,
    tables: i64,
}

impl Version {
    /// Reads it.
    pub(crate) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let ask = |sql| connection.query_row(sql, [], |row| row.get(0));
        Ok(Self {
            application: ask("PRAGMA application_id")?,
            version: ask("PRAGMA user_version")?,
            tables: ask("SELECT count(*) FROM sqlite_schema")?,
        })
    }

    /// The version of a store that we know; 0 for an empty file.
    pub(crate) fn known(&self, path: &Path) -> Result<i64, StoreOpenError> {
        match self {
            Self { application: 0, version: 0, tables: 0 } => Ok(0),
            Self { application: APPLICATION, version, .. } if *version > LATEST => {
                Err(StoreOpenError::Newer { path: path.to_owned(), found: *version, known: LATEST })
            }
            Self { application: APPLICATION, version: 1.., .. } => Ok(self.version),
            _ => Err(StoreOpenError::Foreign(path.to_owned())),
        }
    }
}

/// Brings the file up to date, each step in a transaction.
pub(crate) fn migrate(connection: &mut Connection, path: &Path, from: i64) -> Result<(), StoreOpenError> {
    let done = usize::try_from(from).unwrap_or(0);
    for (at, step) in STEPS.iter().enumerate().skip(done) {
        let version = at + 1;
        run(connection, step, version).map_err(|error| StoreError::of(path, error))?;
        if at > 0 {
            tracing::info!(path = %path.display(), version, "store schema upgraded");
        }
    }
    Ok(())
}

fn run(connection: &mut Connection, step: &str, version: usize) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(step)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", version as i64)?;
    transaction.commit()
}
