//! The audit: entries are only added, and each one's hash covers the one before it. What retention
//! removes leaves an anchor, the hash to go on from, and an entry that names it.

use lifesigns_compliance::AuditRecord;
use rusqlite::{Connection, Row, params};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    error::StoreError,
    evidence,
    form::{bits, number},
    reader::Reader,
};

/// What an entry says that retention writes.
const SHORTENED: &str = "audit shortened";

type Hash = [u8; 32];

/// An entry and its hash. Note them down elsewhere, and [`Reader::audit_verify`] can tell later
/// whether everything up to it is still as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The entry's number, from 1; 0 for before the first.
    pub id: u64,
    /// Its hash, 64 hexadecimal digits.
    pub hash: String,
}

/// An entry as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// Its number and hash.
    pub mark: Mark,
    /// When it was written, on the host's clock.
    pub written_ns: u64,
    /// What it says.
    pub audit: AuditRecord,
}

/// What a check that found nothing wrong has looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditReport {
    /// Entries that are there.
    pub entries: u64,
    /// The last entry that retention removed, if it removed any.
    pub anchor: Option<Mark>,
    /// The last entry.
    pub head: Mark,
}

/// Why the audit cannot be relied on.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// An entry does not fit: it, or one before it, was changed, put in or taken out.
    #[error("the audit was tampered with or damaged at entry {id}: {what}")]
    Broken {
        /// The first entry that does not fit.
        id: u64,
        /// What does not.
        what: String,
    },
    /// Entries could have been changed, because what keeps them from it is gone.
    #[error(
        "the triggers {} are missing or changed: somebody opened the audit for changes; compare with a head that was \
         noted elsewhere (`lifesigns audit verify --known NUMBER:HASH`); the next start puts them back and says so in \
         an entry", .missing.join(", ")
    )]
    Unguarded {
        /// The triggers.
        missing: Vec<String>,
    },
    /// The entry that was asked for has been removed by retention, so nothing can be said about it.
    #[error("entry {id} was removed by retention; the oldest that can be checked is {oldest}")]
    Removed {
        /// The entry.
        id: u64,
        /// The oldest one that is known.
        oldest: u64,
    },
    /// It could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Reader {
    /// Checks every entry's hash, from the anchor to the last one. `known` is a mark that was noted
    /// down before: it must still be there.
    ///
    /// # Errors
    /// Names the first entry that does not fit.
    pub fn audit_verify(&self, known: Option<&Mark>) -> Result<AuditReport, AuditError> {
        self.ask(|connection| verify(connection, known))?
    }
}

impl Reader {
    /// Returns the last entry's number and hash, to be noted elsewhere.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn audit_head(&self) -> Result<Mark, StoreError> {
        self.ask(|connection| {
            mark(connection, "head").map(|(id, hash)| Mark { id: id.cast_unsigned(), hash: hex(&hash) })
        })
    }
}

/// A row of the table.
struct Entry {
    id: i64,
    written_ns: i64,
    time_ns: i64,
    who: String,
    what: String,
    subject: String,
    before: String,
    after: String,
}

impl Entry {
    const COLUMNS: &str = "id, written_ns, time_ns, who, what, subject, before, after, hash";

    fn of(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            written_ns: row.get(1)?,
            time_ns: row.get(2)?,
            who: row.get(3)?,
            what: row.get(4)?,
            subject: row.get(5)?,
            before: row.get(6)?,
            after: row.get(7)?,
        })
    }

    /// The hash of what came before, then three numbers of eight bytes, then five texts, each
    /// behind its length in eight bytes; all numbers big-endian.
    fn hash(&self, before: &Hash) -> Hash {
        let mut hasher = Sha256::new();
        hasher.update(before);
        for number in [self.id, self.written_ns, self.time_ns] {
            hasher.update(number.to_be_bytes());
        }
        for text in [&self.who, &self.what, &self.subject, &self.before, &self.after] {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text);
        }
        hasher.finalize().into()
    }
}

/// Adds entries at the end.
pub(crate) fn append(connection: &Connection, entries: &[AuditRecord], now_ns: u64) -> rusqlite::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let (mut id, mut hash) = mark(connection, "head")?;
    let mut insert = connection.prepare_cached("INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
    for audit in entries {
        id += 1;
        let entry = Entry {
            id,
            written_ns: bits(now_ns),
            time_ns: bits(audit.time_ns),
            who: audit.who.clone(),
            what: audit.what.clone(),
            subject: audit.subject.clone(),
            before: audit.before.to_string(),
            after: audit.after.to_string(),
        };
        hash = entry.hash(&hash);
        let Entry { id, written_ns, time_ns, who, what, subject, before, after } = entry;
        insert.execute(params![id, written_ns, time_ns, who, what, subject, before, after, hash])?;
    }
    set_mark(connection, "head", id, &hash)?;
    crate::write::set(connection, evidence::HIGHEST, id)
}

/// Removes entries up to `through`, and says so in an entry at the end.
pub(crate) fn shorten(connection: &Connection, through: i64, now_ns: u64) -> rusqlite::Result<usize> {
    let mut look = connection.prepare_cached("SELECT hash FROM audit WHERE id = ?1")?;
    let hash: Hash = look.query_row([through], |row| row.get(0))?;
    set_mark(connection, "anchor", through, &hash)?;
    let removed = connection.prepare_cached("DELETE FROM audit WHERE id <= ?1")?.execute([through])?;
    let entry = AuditRecord {
        time_ns: now_ns,
        who: "retention".to_owned(),
        what: SHORTENED.to_owned(),
        subject: through.to_string(),
        before: json!({ "entries": removed }),
        after: anchored(through, &hash),
    };
    append(connection, &[entry], now_ns)?;
    Ok(removed)
}

fn anchored(through: i64, hash: &Hash) -> serde_json::Value {
    json!({ "through": through, "hash": hex(hash) })
}

fn mark(connection: &Connection, name: &str) -> rusqlite::Result<(i64, Hash)> {
    let mut mark = connection.prepare_cached("SELECT id, hash FROM audit_mark WHERE name = ?1")?;
    mark.query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
}

fn set_mark(connection: &Connection, name: &str, id: i64, hash: &Hash) -> rusqlite::Result<()> {
    let mut set = connection.prepare_cached("UPDATE audit_mark SET id = ?2, hash = ?3 WHERE name = ?1")?;
    set.execute(params![name, id, hash])?;
    Ok(())
}

fn verify(connection: &Connection, known: Option<&Mark>) -> rusqlite::Result<Result<AuditReport, AuditError>> {
    let (anchor, head) = (mark(connection, "anchor")?, mark(connection, "head")?);
    if let Some(known) = known.filter(|known| known.id < anchor.0.cast_unsigned()) {
        let oldest = anchor.0.cast_unsigned();
        return Ok(Err(AuditError::Removed { id: known.id, oldest }));
    }
    let mut chain = Chain { last: anchor, entries: 0, attested: anchor.0 == 0, known };
    if let Err(flaw) = chain.note_known() {
        return Ok(Err(flaw));
    }
    let mut select = connection.prepare(&format!("SELECT {} FROM audit ORDER BY id", Entry::COLUMNS))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if let Err(flaw) = chain.next(&Entry::of(row)?, row.get::<_, Hash>(8).ok(), &anchor) {
            return Ok(Err(flaw));
        }
    }
    let report = match chain.end(&anchor, &head) {
        Ok(report) => report,
        Err(flaw) => return Ok(Err(flaw)),
    };
    if let Some(what) = evidence::removed_tail(connection, head.0)? {
        return Ok(Err(broken(head.0 + 1, what)));
    }
    let missing = evidence::missing_guards(connection)?;
    Ok(if missing.is_empty() { Ok(report) } else { Err(AuditError::Unguarded { missing }) })
}

/// The chain as far as it has been followed.
struct Chain<'a> {
    last: (i64, Hash),
    entries: u64,
    attested: bool,
    known: Option<&'a Mark>,
}

impl Chain<'_> {
    fn next(&mut self, entry: &Entry, hash: Option<Hash>, anchor: &(i64, Hash)) -> Result<(), AuditError> {
        let expected = self.last.0 + 1;
        if entry.id != expected {
            return Err(broken(expected.min(entry.id), format!("entry {expected} is missing, {} is there", entry.id)));
        }
        let computed = entry.hash(&self.last.1);
        if hash != Some(computed) {
            return Err(broken(entry.id, "its hash does not fit what it says and what was before it".to_owned()));
        }
        let after = || anchored(anchor.0, &anchor.1).to_string();
        self.attested = self.attested || (entry.what == SHORTENED && entry.after == after());
        self.last = (entry.id, computed);
        self.entries += 1;
        self.note_known()
    }

    /// Compares with what was noted down, when it is there.
    fn note_known(&mut self) -> Result<(), AuditError> {
        let Some(known) = self.known.take_if(|known| known.id == self.last.0.cast_unsigned()) else { return Ok(()) };
        if known.hash.eq_ignore_ascii_case(&hex(&self.last.1)) {
            return Ok(());
        }
        Err(broken(self.last.0, "its hash is another one than the one that was noted down".to_owned()))
    }

    fn end(self, anchor: &(i64, Hash), head: &(i64, Hash)) -> Result<AuditReport, AuditError> {
        if self.last != *head {
            return Err(broken(self.last.0 + 1, format!("the last entry was {}", head.0)));
        }
        if !self.attested {
            return Err(broken(anchor.0, "no entry says that retention removed what was up to it".to_owned()));
        }
        if let Some(known) = self.known {
            return Err(broken(head.0 + 1, format!("entry {} was noted down and is not there", known.id)));
        }
        let named = |(id, hash): &(i64, Hash)| Mark { id: id.cast_unsigned(), hash: hex(hash) };
        let anchor = (anchor.0 > 0).then(|| named(anchor));
        Ok(AuditReport { entries: self.entries, anchor, head: named(head) })
    }
}

fn broken(id: i64, what: String) -> AuditError {
    AuditError::Broken { id: id.cast_unsigned(), what }
}

fn hex(hash: &[u8]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The columns that [`entry`] reads.
pub(crate) const COLUMNS: &str = Entry::COLUMNS;

/// An entry as it is told.
pub(crate) fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        mark: Mark { id: number(row, 0)?, hash: hex(&row.get::<_, Vec<u8>>(8)?) },
        written_ns: number(row, 1)?,
        audit: AuditRecord {
            time_ns: number(row, 2)?,
            who: row.get(3)?,
            what: row.get(4)?,
            subject: row.get(5)?,
            before: crate::form::parsed(row, 6)?,
            after: crate::form::parsed(row, 7)?,
        },
    })
}
