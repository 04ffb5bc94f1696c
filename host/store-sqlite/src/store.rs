//! The store of a running host: the one that writes.

use std::path::{Path, PathBuf};

use lifesigns_record::{Commit, WriterEpoch};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{
    audit,
    claim::{Claim, EPOCH},
    error::{StoreError, StoreOpenError},
    evidence,
    file::{self, Lock, beside},
    form::bits,
    meta,
    reader::{StoreReader, foreign},
    schema::{self, Version},
    write,
};

/// A write-ahead log larger than this after a commit, in bytes, means that a reader prevented the
/// checkpoint; then a blocking one is tried.
const WAL_BYTES: u64 = 256 << 20;

/// A file that is larger than this is not checked whole when it is opened: it would take too long.
const CHECKED_BYTES: u64 = 1 << 30;
/// The tables that a restart reads whole.
const NOW: [&str; 13] = [
    "meta",
    "place",
    "clock",
    "state",
    "reminder",
    "fact",
    "object",
    "symptom",
    "pending",
    "silence",
    "badge_now",
    "receiver",
    "token",
];

/// One file, one writer. Dropped, it is closed.
#[derive(Debug)]
pub struct Store {
    pub(crate) connection: Connection,
    path: PathBuf,
    claim: Claim,
    _lock: Lock,
}

impl Store {
    /// Opens the store at `path`, or makes it, readable only by its owner. Brings an older one up to
    /// date, and checks that the file is whole. Triggers of the audit that are missing are put back in one
    /// transaction with the entry that says so, at `now_ns` of the host's clock, nanoseconds since the Unix epoch.
    ///
    /// # Errors
    /// See [`StoreOpenError`]. Whatever is wrong, the file stays as it is.
    pub fn open(path: impl AsRef<Path>, now_ns: u64) -> Result<Self, StoreOpenError> {
        let path = path.as_ref();
        let lock = Lock::take(path)?;
        file::create(path)?;
        let version = look(path)?;
        let mut connection = file::writer(path, version == 0).map_err(|error| StoreError::of(path, error))?;
        schema::migrate(&mut connection, path, version)?;
        let claim = Claim::Due(WriterEpoch(0));
        let mut store = Self { connection, path: path.to_owned(), claim, _lock: lock };
        store.take_over(now_ns)?;
        Ok(store)
    }

    /// Claims the next epoch, and puts missing triggers of the audit back, in one transaction: a host that is
    /// killed meanwhile leaves either both the triggers and the entry that says so, or neither.
    fn take_over(&mut self, now_ns: u64) -> Result<(), StoreError> {
        let claimed = self.run(|transaction| {
            let epoch = WriterEpoch(meta::get(transaction, EPOCH)?).next();
            meta::set(transaction, EPOCH, bits(epoch.0))?;
            let restored = evidence::restore_guards(transaction)?;
            if !restored.is_empty() {
                audit::append(transaction, &[evidence::restored_entry(&restored, now_ns)], now_ns)?;
            }
            Ok((epoch, restored))
        });
        match claimed {
            Ok((epoch, restored)) => {
                self.claim = Claim::Made(epoch);
                if !restored.is_empty() {
                    tracing::error!(
                        path = %self.path.display(),
                        "the triggers {} of the audit were missing, so entries could have been changed; restored, \
                         and an entry says so",
                        restored.join(", ")
                    );
                }
                Ok(())
            }
            // A full disk does not prevent a start: sources wait until there is room.
            Err(full @ StoreError::Full(..)) => {
                let (before, missing) = self
                    .run(|transaction| Ok((meta::get(transaction, EPOCH)?, evidence::missing_guards(transaction)?)))?;
                self.claim = Claim::Due(WriterEpoch(before));
                if missing.is_empty() { Ok(()) } else { Err(full) }
            }
            Err(error) => Err(error),
        }
    }

    /// Returns this writer's epoch.
    pub const fn epoch(&self) -> WriterEpoch {
        self.claim.epoch()
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
    /// See [`StoreOpenError`].
    pub fn reader(&self) -> Result<StoreReader, StoreOpenError> {
        StoreReader::open(&self.path)
    }

    /// Runs `work` in a transaction, unless another writer has opened the store since.
    pub(crate) fn transact<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let claim = self.claim;
        let outcome = self.run(|transaction| match claim.check(transaction)? {
            Ok(()) => work(transaction).map(Ok),
            Err(superseded) => Ok(Err(superseded)),
        })?;
        let value = outcome.map_err(|superseded| StoreError::Superseded(self.path.clone(), superseded))?;
        self.claim = Claim::Made(claim.epoch());
        Ok(value)
    }

    /// Runs `work` in a transaction, no matter who opened the store last.
    fn run<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        run(&mut self.connection, work).map_err(|error| StoreError::of(&self.path, error))
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
            Ok(true) => tracing::debug!(path = %self.path.display(), "a reader prevents the log from being shortened"),
            Err(error) => tracing::warn!(path = %self.path.display(), %error, "the log cannot be shortened"),
        }
    }
}

/// Looks for damage, without the means to change anything; says the file's version, 0 if it is empty.
fn look(path: &Path) -> Result<i64, StoreOpenError> {
    let connection = file::reader(path).map_err(|error| foreign(path, error))?;
    let failed = |error| foreign(path, StoreError::of(path, error));
    let version = Version::of(&connection).map_err(failed)?.known(path)?;
    let bytes = std::fs::metadata(path).map_or(0, |file| file.len());
    let said = match bytes {
        ..=CHECKED_BYTES => damage(&connection, "1"),
        _ => damage_of_what_is_now(&connection),
    };
    match said.map_err(failed)? {
        None => Ok(version),
        Some(what) => Err(StoreError::corrupt(path, what).into()),
    }
}

/// What is wrong with a table, or with everything (`1`, the number of flaws that are reported).
fn damage(connection: &Connection, what: &str) -> rusqlite::Result<Option<String>> {
    let said: String = connection.query_row(&format!("PRAGMA quick_check({what})"), [], |row| row.get(0))?;
    Ok((said != "ok").then_some(said))
}

/// What is wrong with tables that do not grow with time.
fn damage_of_what_is_now(connection: &Connection) -> rusqlite::Result<Option<String>> {
    tracing::info!("the store is too large to be checked whole at each start; `doctor` does");
    for table in NOW {
        if let Some(said) = damage(connection, table)? {
            return Ok(Some(said));
        }
    }
    Ok(None)
}

fn run<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let value = work(&transaction)?;
    transaction.commit()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use lifesigns_compliance::{AuditedChange, BookChanges};
    use serde_json::Value;

    use super::*;

    /// A commit of some size with a recognizable number.
    fn numbered(number: u64) -> Commit {
        let audit = AuditedChange {
            time_ns: number,
            who: "a test".to_owned(),
            what: "x".repeat(20_000),
            subject: number.to_string(),
            before: Value::Null,
            after: Value::Null,
        };
        let offsets =
            vec![lifesigns_model::SourceOffset { source: "a".to_owned(), lines: number, ..Default::default() }];
        Commit {
            now_ns: number,
            offsets,
            changes: BookChanges { audit: vec![audit], ..Default::default() },
            ..Default::default()
        }
    }

    #[track_caller]
    fn stands_at(store: &Store, number: u64) {
        let loaded = store.load().unwrap();
        assert_eq!(loaded.start.offsets.first().map_or(0, |place| place.lines), number);
        assert_eq!(loaded.restored.clock_ns, number);
        assert_eq!(store.reader().unwrap().audit_verify(None).unwrap().entries, number);
    }

    /// Commits until it fails, and says how often it went well.
    fn until_it_fails(store: &mut Store) -> (u64, StoreError) {
        for number in 1..10_000 {
            if let Err(error) = store.commit(&numbered(number)) {
                return (number - 1, error);
            }
        }
        panic!("it never failed");
    }

    #[test]
    fn a_full_file_loses_nothing_and_the_same_commit_works_once_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path().join("a.db"), 0).unwrap();
        store.connection.pragma_update(None, "max_page_count", 200).unwrap();
        let (went, error) = until_it_fails(&mut store);
        assert!(matches!(error, StoreError::Full(..)) && error.is_transient(), "{error}");
        assert!(went > 10);
        stands_at(&store, went);
        for _ in 0..3 {
            assert!(matches!(store.commit(&numbered(went + 1)), Err(StoreError::Full(..))));
        }
        stands_at(&store, went);
        store.connection.pragma_update(None, "max_page_count", 1_000_000).unwrap();
        store.commit(&numbered(went + 1)).unwrap();
        stands_at(&store, went + 1);
    }

    #[test]
    fn a_read_only_file_is_reported_and_recovers() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path().join("a.db"), 0).unwrap();
        store.commit(&numbered(1)).unwrap();
        store.connection.pragma_update(None, "query_only", true).unwrap();
        let error = store.commit(&numbered(2)).unwrap_err();
        assert!(matches!(error, StoreError::ReadOnly(..)), "{error:?}");
        assert!(error.to_string().contains("a.db"), "{error}");
        store.connection.pragma_update(None, "query_only", false).unwrap();
        store.commit(&numbered(2)).unwrap();
        stands_at(&store, 2);
    }

    #[test]
    fn a_file_locked_by_another_process_is_busy() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path().join("a.db"), 0).unwrap();
        store.connection.busy_timeout(std::time::Duration::ZERO).unwrap();
        let other = Connection::open(store.path()).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        assert!(matches!(store.commit(&numbered(1)), Err(StoreError::Busy(..))));
        other.execute_batch("ROLLBACK").unwrap();
        store.commit(&numbered(1)).unwrap();
        stands_at(&store, 1);
    }

    #[test]
    fn a_commit_that_fails_in_the_middle_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path().join("a.db"), 0).unwrap();
        store.commit(&numbered(1)).unwrap();
        // The audit is written after the offsets.
        let trap = "CREATE TEMP TRIGGER trap BEFORE INSERT ON main.audit BEGIN SELECT RAISE(ABORT, 'no'); END";
        store.connection.execute_batch(trap).unwrap();
        assert!(matches!(store.commit(&numbered(2)), Err(StoreError::Other(..))));
        stands_at(&store, 1);
        store.connection.execute_batch("DROP TRIGGER trap").unwrap();
        store.commit(&numbered(2)).unwrap();
        stands_at(&store, 2);
    }

    #[test]
    fn a_writer_that_was_superseded_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut first = Store::open(&path, 0).unwrap();
        first.commit(&numbered(1)).unwrap();
        // An operator takes the lock file for a leftover, and starts a second host.
        std::fs::remove_file(beside(&path, "-lock")).unwrap();
        let mut second = Store::open(&path, 0).unwrap();
        assert_eq!(second.epoch(), first.epoch().next());
        let error = first.commit(&numbered(2)).unwrap_err();
        assert!(matches!(error, StoreError::Superseded(..)) && !error.is_transient(), "{error:?}");
        assert!(error.to_string().contains("another host has taken over this record"), "{error}");
        assert!(matches!(first.retain(9, &Default::default()), Err(StoreError::Superseded(..))));
        stands_at(&second, 1);
        second.commit(&numbered(2)).unwrap();
        stands_at(&second, 2);
    }

    #[test]
    fn a_part_can_be_checked_as_well_as_the_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = Store::open(folder.path().join("a.db"), 0).unwrap();
        store.commit(&numbered(1)).unwrap();
        assert_eq!(damage(&store.connection, "1").unwrap(), None);
        assert_eq!(damage_of_what_is_now(&store.connection).unwrap(), None);
        let nullable = "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET
                        sql = replace(sql, 'time_ns INTEGER', 'time_ns INTEGER NOT NULL') WHERE name = 'place'";
        store.connection.execute_batch(nullable).unwrap();
        let connection = Connection::open(store.path()).unwrap();
        assert!(damage_of_what_is_now(&connection).unwrap().unwrap().contains("place"));
        assert!(damage(&connection, "1").unwrap().unwrap().contains("place"));
        assert_eq!(damage(&connection, "clock").unwrap(), None);
    }

    #[test]
    fn the_file_is_set_up_as_it_must_be() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("a.db"), 0).unwrap();
        let ask = |name: &str| -> String {
            let value = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
            match store.connection.pragma_query_value(None, name, value).unwrap() {
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                other => panic!("{other:?}"),
            }
        };
        for (name, value) in [
            ("journal_mode", "wal"),
            ("synchronous", "2"),
            ("auto_vacuum", "2"),
            ("user_version", &schema::LATEST.to_string()),
        ] {
            assert_eq!(ask(name), value, "{name}");
        }
        assert_eq!(ask("application_id"), schema::APPLICATION.to_string());
    }
}
