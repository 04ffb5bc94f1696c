//! The outbox: commits add notices and apply the results of deliveries.

use lifesigns_compliance::Notice;
use lifesigns_record::{OutboxChange, OutboxUpdate, ReceiverPause};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::form::{Json, bits, sortable};

/// Adds notices. One that waits already, by its key, is the same one.
pub(super) fn add(connection: &Connection, notices: &[Notice], now_ns: u64) -> rusqlite::Result<()> {
    let mut json = Json::default();
    let mut insert = connection.prepare_cached(
        "INSERT INTO outbox (receiver, key, written_ns, body) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    for notice in notices {
        insert.execute(params![notice.receiver, notice.key, sortable(now_ns), json.text(notice)?])?;
    }
    Ok(())
}

/// Writes what became of rows.
pub(super) fn update(connection: &Connection, updates: &[OutboxUpdate], now_ns: u64) -> rusqlite::Result<()> {
    for OutboxUpdate { id, change } in updates {
        match change {
            OutboxChange::Delivered => {
                if let Some(receiver) = remove(connection, *id)? {
                    delivered(connection, &receiver, now_ns)?;
                }
            }
            OutboxChange::Dropped => {
                remove(connection, *id)?;
            }
            OutboxChange::Retry { at_ns, why } => attempted(connection, *id, false, *at_ns, why, now_ns)?,
            OutboxChange::Dead { why } => attempted(connection, *id, true, 0, why, now_ns)?,
            OutboxChange::Revived => {
                connection
                    .prepare_cached("UPDATE outbox SET dead = 0, attempts = 0, not_before_ns = 0 WHERE id = ?1")?
                    .execute([id])?;
            }
        }
    }
    Ok(())
}

/// Writes which bundles have to wait, and removes those that no longer have to.
pub(super) fn pause(connection: &Connection, pauses: &[ReceiverPause], now_ns: u64) -> rusqlite::Result<()> {
    if pauses.is_empty() {
        return Ok(());
    }
    connection.prepare_cached("DELETE FROM pause WHERE until_ns <= ?1")?.execute([sortable(now_ns)])?;
    let mut json = Json::default();
    let mut set = connection.prepare_cached("INSERT OR REPLACE INTO pause VALUES (?1, ?2, ?3)")?;
    for one in pauses {
        set.execute(params![one.receiver, json.text(&one.bundle)?, sortable(one.until_ns)])?;
    }
    Ok(())
}

fn remove(connection: &Connection, id: i64) -> rusqlite::Result<Option<String>> {
    let mut remove = connection.prepare_cached("DELETE FROM outbox WHERE id = ?1 RETURNING receiver")?;
    remove.query_row([id], |row| row.get(0)).optional()
}

fn delivered(connection: &Connection, receiver: &str, now_ns: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO receiver (name, delivered, delivered_ns) VALUES (?1, 1, ?2)
             ON CONFLICT DO UPDATE SET delivered = delivered + 1, delivered_ns = excluded.delivered_ns",
        )?
        .execute(params![receiver, bits(now_ns)])?;
    Ok(())
}

fn attempted(connection: &Connection, id: i64, dead: bool, at_ns: u64, why: &str, now_ns: u64) -> rusqlite::Result<()> {
    let receiver: Option<String> = connection
        .prepare_cached(
            "UPDATE outbox SET dead = ?2, attempts = attempts + 1, not_before_ns = ?3, error = ?4, written_ns = ?5
             WHERE id = ?1 RETURNING receiver",
        )?
        .query_row(params![id, dead, bits(at_ns), why, sortable(now_ns)], |row| row.get(0))
        .optional()?;
    if let Some(receiver) = receiver {
        connection
            .prepare_cached(
                "INSERT INTO receiver (name, failed, failed_ns, error) VALUES (?1, 1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET failed = failed + 1, failed_ns = excluded.failed_ns, error = excluded.error",
            )?
            .execute(params![receiver, bits(now_ns), why])?;
    }
    Ok(())
}
