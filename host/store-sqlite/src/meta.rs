//! The table `meta`: single values by name.

use rusqlite::{Connection, OptionalExtension as _, ToSql, params};

use crate::form::number;

/// What the names of the last changes of rules begin with; the rule's name follows.
pub(crate) const RULE_CHANGE: &str = "rule-change ";

/// Sets the value of this name.
pub(crate) fn set(connection: &Connection, name: &str, value: impl ToSql) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value")?
        .execute(params![name, value])?;
    Ok(())
}

/// Returns the number of this name; 0 if it was never set.
pub(crate) fn get(connection: &Connection, name: &str) -> rusqlite::Result<u64> {
    let value = connection.query_row("SELECT value FROM meta WHERE name = ?1", [name], |row| number(row, 0));
    Ok(value.optional()?.unwrap_or_default())
}
