//! Checks a store, and says what is wrong with it and how to fix it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use lifesigns_text::{count_text, with_causes};
use rusqlite::Connection;

use crate::{
    error::{StoreError, StoreOpenError},
    file::beside,
    load::rows,
    reader::StoreReader,
    schema::LATEST,
};

/// A log longer than this is worth a word.
const WAL_BYTES: u64 = 512 << 20;
/// Less room than this is worth a word.
const ROOM_BYTES: u64 = 1 << 30;
/// Less room than this will not last.
const NO_ROOM_BYTES: u64 = 64 << 20;
/// Flaws of the file that are reported at most.
const FLAWS: u32 = 20;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingLevel {
    /// As it should be.
    Good,
    /// Worth a look.
    Warning,
    /// Wrong.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: FindingLevel,
    /// What was found.
    pub what: String,
    /// How to fix it; empty if there is nothing to fix.
    pub fix: String,
}

/// Checks the store at `path`. Reads all of it, changes nothing, and may run beside a host.
pub fn doctor(path: impl AsRef<Path>) -> Vec<Finding> {
    let path = path.as_ref();
    let mut findings = Findings(Vec::new());
    // Before a connection makes files of its own.
    files(path, &mut findings);
    room(path, &mut findings);
    match StoreReader::open(path) {
        Ok(reader) => {
            findings.good(format!("it is a store of version {LATEST}"));
            content(path, &reader, &mut findings);
        }
        Err(error) => {
            let fix = match &error {
                StoreOpenError::Store(StoreError::Corrupt(..)) => restore(path),
                _ => String::new(),
            };
            findings.bad(with_causes(&error), fix);
        }
    }
    findings.0
}

struct Findings(Vec<Finding>);

impl Findings {
    fn good(&mut self, what: String) {
        self.0.push(Finding { level: FindingLevel::Good, what, fix: String::new() });
    }

    fn warning(&mut self, what: String, fix: impl Into<String>) {
        self.0.push(Finding { level: FindingLevel::Warning, what, fix: fix.into() });
    }

    fn bad(&mut self, what: String, fix: impl Into<String>) {
        self.0.push(Finding { level: FindingLevel::Bad, what, fix: fix.into() });
    }
}

fn restore(path: &Path) -> String {
    let path = path.display();
    format!(
        "stop the host, move {path} and {path}-wal aside (keep them), remove {path}-shm, and copy the latest backup \
         to {path}"
    )
}

/// Who may read them, and how long the log is.
fn files(path: &Path, findings: &mut Findings) {
    let names = ["", "-wal", "-shm", "-lock"].map(|ending| beside(path, ending));
    let open: Vec<&PathBuf> = names.iter().filter(|name| others_may(name)).collect();
    match open.as_slice() {
        [] => findings.good("only its owner may read it".to_owned()),
        open => {
            let names: Vec<_> = open.iter().map(|name| name.display().to_string()).collect();
            let what = format!("others than its owner may read or write {}", names.join(", "));
            findings.warning(what, format!("chmod 600 {}", names.join(" ")));
        }
    }
    let wal_bytes = fs::metadata(beside(path, "-wal")).map_or(0, |wal| wal.len());
    if wal_bytes > WAL_BYTES {
        let fix = "a reader that never ends keeps it from being shortened: look for one, or restart the host";
        findings.warning(format!("its write-ahead log has {} MiB", wal_bytes >> 20), fix);
    } else {
        findings.good(format!("its write-ahead log has {} MiB", wal_bytes >> 20));
    }
}

fn others_may(name: &Path) -> bool {
    fs::metadata(name).is_ok_and(|there| there.permissions().mode() & 0o077 != 0)
}

fn room(path: &Path, findings: &mut Findings) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match rustix::fs::statvfs(folder) {
        Ok(disk) => {
            let free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
            let what = format!("{} MiB are free on its disk", free_bytes >> 20);
            let fix = "make room there, or bound the store (`size_bytes` of its retention)";
            if free_bytes < NO_ROOM_BYTES {
                findings.bad(what, fix);
            } else if free_bytes < ROOM_BYTES {
                findings.warning(what, fix);
            } else {
                findings.good(what);
            }
        }
        Err(error) => findings.warning(format!("the free space of its disk is unknown: {error}"), ""),
    }
}

fn content(path: &Path, reader: &StoreReader, findings: &mut Findings) {
    match reader.ask(flaws) {
        Ok(flaws) if flaws.is_empty() => findings.good("the file is whole".to_owned()),
        Ok(flaws) => findings.bad(format!("the file is damaged: {}", flaws.join("; ")), restore(path)),
        Err(error) => findings.bad(with_causes(&error), restore(path)),
    }
    match reader.load() {
        Ok(loaded) => findings.good(format!(
            "a host can start from it: {}, {}, {} of rules' state",
            count_text(loaded.restored.objects.len() as u64, "object"),
            count_text(loaded.restored.alerts.len() as u64, "alert"),
            count_text(loaded.start.states.len() as u64, "entry|entries"),
        )),
        Err(error) => findings.bad(format!("a host cannot start from it: {}", with_causes(&error)), restore(path)),
    }
    match reader.audit_verify(None) {
        Ok(report) => findings.good(format!(
            "the audit is unbroken: {}, the last is {} with hash {}",
            count_text(report.entries, "entry|entries"),
            report.head.id,
            report.head.hash
        )),
        Err(error) => findings.bad(with_causes(&error), "compare with a backup; what comes before that entry holds"),
    }
    match reader.receivers() {
        Ok(receivers) => letters(&receivers, findings),
        Err(error) => findings.bad(with_causes(&error), restore(path)),
    }
}

fn flaws(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut flaws = rows(connection, &format!("PRAGMA integrity_check({FLAWS})"), |row| row.get::<_, String>(0))?;
    flaws.retain(|flaw| flaw != "ok");
    let orphans = rows(connection, "PRAGMA foreign_key_check", |row| row.get::<_, String>(0))?;
    flaws.extend(orphans.into_iter().map(|table| format!("a row of {table} refers to nothing")));
    Ok(flaws)
}

fn letters(receivers: &[lifesigns_record::ReceiverState], findings: &mut Findings) {
    let dead: Vec<_> = receivers.iter().filter(|one| one.dead > 0).collect();
    for one in &dead {
        let why = one.error.as_deref().unwrap_or("no reason was kept");
        let dead = count_text(one.dead, "notice was|notices were");
        let what = format!("{dead} given up for receiver {:?}: {why}", one.name);
        findings.warning(
            what,
            "fix the receiver and send them again (`lifesigns outbox resend`), or drop them (`lifesigns outbox drop`)",
        );
    }
    if dead.is_empty() {
        let waiting: u64 = receivers.iter().map(|one| one.waiting).sum();
        findings.good(format!("no notice was given up, {}", count_text(waiting, "waits|wait")));
    }
}
