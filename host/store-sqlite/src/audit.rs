//! The audit log: entries are only appended, and the hash of each covers the previous one. Retention
//! leaves an anchor, the hash from which the chain continues, and an entry that names it.

use lifesigns_compliance::AuditedChange;
use lifesigns_record::{AuditError, AuditLogEntry, ChainHash, ChainMark, ChainVerification, chain_hash};
use rusqlite::{Connection, Row, params};
use serde_json::json;

use crate::{
    error::StoreError,
    evidence,
    form::{bits, number},
    meta,
    reader::StoreReader,
};

/// The action of the entry that retention appends.
const SHORTENED: &str = "audit shortened";

impl StoreReader {
    /// Checks every entry's hash, from the anchor to the last one. `known` is a mark that was noted
    /// down before: it must still be there.
    ///
    /// # Errors
    /// Names the first entry that does not fit.
    pub fn audit_verify(&self, known: Option<&ChainMark>) -> Result<ChainVerification, AuditError> {
        self.ask(|connection| verify(connection, known))?
    }
}

impl StoreReader {
    /// Returns the last entry's number and hash, to be noted elsewhere.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn audit_head(&self) -> Result<ChainMark, StoreError> {
        self.ask(|connection| {
            mark(connection, "head").map(|(id, hash)| ChainMark { id: id.cast_unsigned(), hash: hex::encode(hash) })
        })
    }
}

/// A row of the table.
struct AuditRow {
    id: i64,
    written_ns: i64,
    time_ns: i64,
    who: String,
    what: String,
    subject: String,
    before: String,
    after: String,
}

impl AuditRow {
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

    fn hash(&self, previous: &ChainHash) -> ChainHash {
        let texts = [&*self.who, &self.what, &self.subject, &self.before, &self.after];
        chain_hash(previous, [self.id, self.written_ns, self.time_ns], texts)
    }
}

/// Appends entries.
pub(crate) fn append(connection: &Connection, entries: &[AuditedChange], now_ns: u64) -> rusqlite::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let (mut id, mut hash) = mark(connection, "head")?;
    let mut insert = connection.prepare_cached("INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?;
    for audit in entries {
        id += 1;
        let entry = AuditRow {
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
        let AuditRow { id, written_ns, time_ns, who, what, subject, before, after } = entry;
        insert.execute(params![id, written_ns, time_ns, who, what, subject, before, after, hash])?;
    }
    set_mark(connection, "head", id, &hash)?;
    meta::set(connection, evidence::HIGHEST, id)
}

/// Removes entries up to `through`, and appends an entry that says so.
pub(crate) fn shorten(connection: &Connection, through: i64, now_ns: u64) -> rusqlite::Result<usize> {
    let mut look = connection.prepare_cached("SELECT hash FROM audit WHERE id = ?1")?;
    let hash: ChainHash = look.query_row([through], |row| row.get(0))?;
    set_mark(connection, "anchor", through, &hash)?;
    let removed = connection.prepare_cached("DELETE FROM audit WHERE id <= ?1")?.execute([through])?;
    let entry = AuditedChange {
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

fn anchored(through: i64, hash: &ChainHash) -> serde_json::Value {
    json!({ "through": through, "hash": hex::encode(hash) })
}

fn mark(connection: &Connection, name: &str) -> rusqlite::Result<(i64, ChainHash)> {
    let mut mark = connection.prepare_cached("SELECT id, hash FROM audit_mark WHERE name = ?1")?;
    mark.query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
}

fn set_mark(connection: &Connection, name: &str, id: i64, hash: &ChainHash) -> rusqlite::Result<()> {
    let mut set = connection.prepare_cached("UPDATE audit_mark SET id = ?2, hash = ?3 WHERE name = ?1")?;
    set.execute(params![name, id, hash])?;
    Ok(())
}

fn verify(
    connection: &Connection,
    known: Option<&ChainMark>,
) -> rusqlite::Result<Result<ChainVerification, AuditError>> {
    let (anchor, head) = (mark(connection, "anchor")?, mark(connection, "head")?);
    if let Some(known) = known.filter(|known| known.id < anchor.0.cast_unsigned()) {
        let oldest = anchor.0.cast_unsigned();
        return Ok(Err(AuditError::Removed { id: known.id, oldest }));
    }
    let mut chain = Chain { last: anchor, entries: 0, attested: anchor.0 == 0, known };
    if let Err(flaw) = chain.note_known() {
        return Ok(Err(flaw));
    }
    let mut select = connection.prepare(&format!("SELECT {} FROM audit ORDER BY id", AuditRow::COLUMNS))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if let Err(flaw) = chain.next(&AuditRow::of(row)?, row.get::<_, ChainHash>(8).ok(), &anchor) {
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
    last: (i64, ChainHash),
    entries: u64,
    attested: bool,
    known: Option<&'a ChainMark>,
}

impl Chain<'_> {
    fn next(&mut self, entry: &AuditRow, hash: Option<ChainHash>, anchor: &(i64, ChainHash)) -> Result<(), AuditError> {
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
        if known.hash.eq_ignore_ascii_case(&hex::encode(self.last.1)) {
            return Ok(());
        }
        Err(broken(self.last.0, "its hash is another one than the one that was noted down".to_owned()))
    }

    fn end(self, anchor: &(i64, ChainHash), head: &(i64, ChainHash)) -> Result<ChainVerification, AuditError> {
        if self.last != *head {
            return Err(broken(self.last.0 + 1, format!("the last entry was {}", head.0)));
        }
        if !self.attested {
            return Err(broken(anchor.0, "no entry says that retention removed what was up to it".to_owned()));
        }
        if let Some(known) = self.known {
            return Err(broken(head.0 + 1, format!("entry {} was noted down and is not there", known.id)));
        }
        let named = |(id, hash): &(i64, ChainHash)| ChainMark { id: id.cast_unsigned(), hash: hex::encode(hash) };
        let anchor = (anchor.0 > 0).then(|| named(anchor));
        Ok(ChainVerification { entries: self.entries, anchor, head: named(head) })
    }
}

fn broken(id: i64, what: String) -> AuditError {
    AuditError::Broken { id: id.cast_unsigned(), what }
}

/// The columns that [`entry`] reads.
pub(crate) const COLUMNS: &str = AuditRow::COLUMNS;

/// Reads an entry from a row of [`COLUMNS`].
pub(crate) fn entry(row: &Row<'_>) -> rusqlite::Result<AuditLogEntry> {
    Ok(AuditLogEntry {
        mark: ChainMark { id: number(row, 0)?, hash: hex::encode(&row.get::<_, Vec<u8>>(8)?) },
        written_ns: number(row, 1)?,
        audit: AuditedChange {
            time_ns: number(row, 2)?,
            who: row.get(3)?,
            what: row.get(4)?,
            subject: row.get(5)?,
            before: crate::form::parsed(row, 6)?,
            after: crate::form::parsed(row, 7)?,
        },
    })
}
