//! A copy of the store while a host writes it: one moment, whole, checked, and only then under its
//! name.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use lifesigns_record::BackupError;
use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::{
    error::StoreError,
    file::{MODE, beside, sync_folder},
    reader::StoreReader,
};

/// Pages that are copied between two looks at the clock and at the caller.
const PAGES: i32 = 1024;
/// How long to wait when a lock is in the way, in milliseconds.
const PAUSE_MS: u64 = 10;
/// How often.
const PAUSES: u32 = 500;

/// How far a backup has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupProgress {
    /// Pages that are copied.
    pub done: u64,
    /// Pages in all.
    pub all: u64,
}

impl StoreReader {
    /// Copies the store as it is at this moment to the new file `to`, readable only by its owner; the
    /// host goes on writing. The copy is a store in one file: to go back to it, stop the host and put
    /// it in the store's place.
    ///
    /// # Errors
    /// See [`BackupError`]. Then there is nothing under the name `to`.
    pub fn backup(&self, to: impl AsRef<Path>, progress: impl FnMut(BackupProgress)) -> Result<(), BackupError> {
        let to = to.as_ref();
        if fs::symlink_metadata(to).is_ok() {
            return Err(BackupError::Exists(to.to_owned()));
        }
        let part = PartialCopy::create(to)?;
        self.copy(&part.0, progress)?;
        check(&part.0)?;
        let failed = |source| BackupError::File { path: to.to_owned(), source };
        File::open(&part.0).and_then(|file| file.sync_all()).map_err(failed)?;
        rename(&part.0, to).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => BackupError::Exists(to.to_owned()),
            _ => failed(error),
        })?;
        sync_folder(to).map_err(failed)
    }

    fn copy(&self, to: &Path, mut progress: impl FnMut(BackupProgress)) -> Result<(), StoreError> {
        let mut target = Connection::open(to).map_err(|error| StoreError::of(to, error))?;
        // It is synced once, when it is whole.
        let fast = target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;");
        fast.map_err(|error| StoreError::of(to, error))?;
        // This transaction sees one state of the store, so no step of the backup has to start over.
        self.ask(|source| {
            source.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
            let backup = Backup::new(source, &mut target)?;
            let mut pauses = 0;
            loop {
                let step = backup.step(PAGES)?;
                let now = backup.progress();
                let (all, left) =
                    (u64::try_from(now.pagecount).unwrap_or(0), u64::try_from(now.remaining).unwrap_or(0));
                progress(BackupProgress { done: all.saturating_sub(left), all });
                match step {
                    StepResult::Done => return Ok(()),
                    StepResult::More => {}
                    _ if pauses == PAUSES => return Err(busy()),
                    _ => {
                        pauses += 1;
                        std::thread::sleep(Duration::from_millis(PAUSE_MS));
                    }
                }
            }
        })?;
        // One file, without a log beside it.
        let alone = target.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0));
        alone.map_err(|error| StoreError::of(to, error))?;
        target.close().map_err(|(_, error)| StoreError::of(to, error))
    }
}

fn busy() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None)
}

fn check(path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::of(path, error);
    let copy = Connection::open(path).map_err(failed)?;
    let said: String = copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if said == "ok" { Ok(()) } else { Err(StoreError::corrupt(path, said)) }
}

/// Never over something that is there.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A file system that cannot promise it.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        other => Ok(other?),
    }
}

/// The copy under its first name; removed when it does not become one.
struct PartialCopy(PathBuf);

impl PartialCopy {
    fn create(to: &Path) -> Result<Self, BackupError> {
        let path = beside(to, &format!(".part-{}", std::process::id()));
        let mut options = OpenOptions::new();
        match options.write(true).create_new(true).mode(MODE).open(&path) {
            Ok(_) => Ok(Self(path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(BackupError::Exists(path)),
            Err(source) => Err(BackupError::File { path, source }),
        }
    }
}

impl Drop for PartialCopy {
    fn drop(&mut self) {
        // Gone already if it has become the backup.
        let _ = fs::remove_file(&self.0);
    }
}
