//! Evidence against the audit beside its chain: triggers that are missing, and entries that other
//! tables of the same file remember. A writer of the file can forge all of it; only a head that was
//! noted elsewhere shows that.

use std::collections::BTreeMap;

use lifesigns_compliance::AuditedChange;
use lifesigns_text::count_text;
use rusqlite::{Connection, OptionalExtension as _};
use serde_json::{Value, json};

use crate::schema;

/// Where the number of the last entry stands a second time.
pub(crate) const HIGHEST: &str = "audit_highest";

/// What the entry says that [`restore_guards`] leads to.
const RESTORED: &str = "audit guards restored";

/// Triggers by name, with their SQL.
fn guards(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    let sql = "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'audit%'";
    let mut triggers = connection.prepare(sql)?;
    triggers.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// The triggers as a new store has them.
fn expected_guards() -> rusqlite::Result<BTreeMap<String, String>> {
    let connection = Connection::open_in_memory()?;
    for step in schema::STEPS {
        connection.execute_batch(step)?;
    }
    guards(&connection)
}

/// Returns the names of the triggers that should keep entries from being changed and do not: missing,
/// or other than a new store has them.
pub(crate) fn missing_guards(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let there = guards(connection)?;
    let mut missing = expected_guards()?;
    missing.retain(|name, sql| there.get(name) != Some(sql));
    Ok(missing.into_keys().collect())
}

/// Puts the missing triggers back, and returns their names.
pub(crate) fn restore_guards(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let missing = missing_guards(connection)?;
    if missing.is_empty() {
        return Ok(missing);
    }
    let expected = expected_guards()?;
    for name in &missing {
        connection.execute_batch(&format!("DROP TRIGGER IF EXISTS {name}; {};", expected[name]))?;
    }
    Ok(missing)
}

/// Returns the entry that says that triggers were put back.
pub(crate) fn restored_entry(names: &[String], now_ns: u64) -> AuditedChange {
    AuditedChange {
        time_ns: now_ns,
        who: "store".to_owned(),
        what: RESTORED.to_owned(),
        subject: String::new(),
        before: Value::Null,
        after: json!({ "triggers": names }),
    }
}

/// Returns what shows that entries after the last one, `head`, were removed.
pub(crate) fn removed_tail(connection: &Connection, head: i64) -> rusqlite::Result<Option<String>> {
    let highest = connection.query_row("SELECT value FROM meta WHERE name = ?1", [HIGHEST], |row| row.get::<_, i64>(0));
    if let Some(highest) = highest.optional()?.filter(|highest| *highest > head) {
        let written = count_text(highest.unsigned_abs(), "entry was|entries were");
        return Ok(Some(format!("{written} written, and the last that is there is {head}")));
    }
    if head > 0 {
        return Ok(None);
    }
    let alerts: i64 = connection.query_row("SELECT count(*) FROM alert", [], |row| row.get(0))?;
    if alerts <= 0 {
        return Ok(None);
    }
    let recorded = count_text(alerts.unsigned_abs(), "alert is|alerts are");
    Ok(Some(format!("{recorded} in the record, and no entry says that it was opened")))
}
