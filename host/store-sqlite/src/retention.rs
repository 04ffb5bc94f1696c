//! What goes after a while: by age, and when the file is too large the oldest first, whatever it
//! is. Open alerts and waiting notices stay. Small steps, so that a commit never waits for long.

use lifesigns_model::NS_PER_MS;
use lifesigns_record::{RetentionPolicy, RetentionStep};
use rusqlite::{Connection, Transaction, params};

use crate::{audit, error::StoreError, form::sortable, store::Store};

/// Rows of a kind that go in one step.
const ROWS: usize = 500;
/// Free pages that are given back to the disk in one step.
const PAGES: i64 = 512;
/// Free pages that are kept to be used again; more than these, and more than a tenth of the file,
/// are given back.
const SPARE_PAGES: i64 = 2048;

impl Store {
    /// Takes one step, of some milliseconds. Take steps until there is nothing more, and start again
    /// some minutes later.
    ///
    /// # Errors
    /// See [`StoreError`]. Then the step has not been taken.
    pub fn retain(&mut self, now_ns: u64, retention: &RetentionPolicy) -> Result<RetentionStep, StoreError> {
        let mut retained = self.transact(|transaction| step(transaction, now_ns, retention))?;
        let path = self.path().to_owned();
        give_back(&self.connection, &mut retained).map_err(|error| StoreError::of(&path, error))?;
        Ok(retained)
    }
}

fn step(transaction: &Transaction<'_>, now_ns: u64, retention: &RetentionPolicy) -> rusqlite::Result<RetentionStep> {
    let mut done = RetentionStep::default();
    if let Some(before) = before(now_ns, retention.alerts_age_ms) {
        done.alerts = alerts(transaction, before)?;
        done.calls = calls(transaction, before)?;
        done.dead_letters = remove(
            transaction,
            "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox INDEXED BY outbox_dead
             WHERE dead = 1 AND written_ns < ?1 LIMIT ?2)",
            before,
        )?;
        done.silences = remove(
            transaction,
            "DELETE FROM silence WHERE id IN (SELECT id FROM silence WHERE until_ns < ?1 LIMIT ?2)",
            before,
        )?;
    }
    if let Some(before) = before(now_ns, retention.badges_age_ms) {
        done.badges = badges(transaction, before)?;
    }
    if let Some(before) = before(now_ns, retention.audit_age_ms) {
        done.audit = entries(transaction, before, 1, now_ns)?;
    }
    let most = [done.alerts, done.dead_letters, done.silences, done.badges, done.audit, done.calls].into_iter().max();
    done.more = most.is_some_and(|most| most >= ROWS);
    if retention.size_bytes > 0 && used_bytes(transaction)? > retention.size_bytes {
        let went = oldest(transaction, now_ns, &mut done)?;
        done.over_bytes = used_bytes(transaction)?.saturating_sub(retention.size_bytes);
        done.more |= went && done.over_bytes > 0;
    }
    Ok(done)
}

/// Everything that was written before this is too old.
fn before(now_ns: u64, age_ms: u64) -> Option<i64> {
    (age_ms > 0).then(|| sortable(now_ns.saturating_sub(age_ms.saturating_mul(NS_PER_MS))))
}

fn remove(transaction: &Connection, statement: &str, before: i64) -> rusqlite::Result<usize> {
    transaction.prepare_cached(statement)?.execute(params![before, ROWS as i64])
}

fn alerts(transaction: &Connection, before: i64) -> rusqlite::Result<usize> {
    let statement = "DELETE FROM alert WHERE rowid IN (SELECT rowid FROM alert INDEXED BY alert_old
                     WHERE status = 1 AND written_ns < ?1 ORDER BY written_ns LIMIT ?2)";
    remove(transaction, statement, before)
}

/// Removes what rules were given, and the settings that no call has any more.
fn calls(transaction: &Connection, before: i64) -> rusqlite::Result<usize> {
    let statement = "DELETE FROM rule_call WHERE id IN (SELECT id FROM rule_call INDEXED BY rule_call_old
                     WHERE written_ns < ?1 ORDER BY written_ns LIMIT ?2)";
    let removed = remove(transaction, statement, before)?;
    if removed > 0 {
        let unused = "DELETE FROM rule_settings WHERE digest NOT IN (SELECT settings FROM rule_call)";
        transaction.prepare_cached(unused)?.execute([])?;
    }
    Ok(removed)
}

fn badges(transaction: &Connection, before: i64) -> rusqlite::Result<usize> {
    match through(transaction, "badge", before)? {
        Some((id, _)) => transaction.prepare_cached("DELETE FROM badge WHERE id <= ?1")?.execute([id]),
        None => Ok(0),
    }
}

/// Removes entries of the audit, if at least `least` can go: each time it leaves one behind that says so.
fn entries(transaction: &Connection, before: i64, least: usize, now_ns: u64) -> rusqlite::Result<usize> {
    match through(transaction, "audit", before)? {
        Some((id, count)) if count >= least => audit::shorten(transaction, id, now_ns),
        _ => Ok(0),
    }
}

/// The last of the first rows, one after the other, that were all written before a time; and how
/// many they are. Rows are in the order in which they were written.
fn through(transaction: &Connection, table: &str, before: i64) -> rusqlite::Result<Option<(i64, usize)>> {
    let mut select = transaction.prepare_cached(&format!("SELECT id, written_ns FROM {table} ORDER BY id LIMIT ?1"))?;
    let mut rows = select.query([ROWS as i64])?;
    let mut last = None;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        if row.get::<_, i64>(1)? >= before {
            break;
        }
        count += 1;
        last = Some((row.get(0)?, count));
    }
    Ok(last)
}

/// Removes some of what was written longest ago. Says whether there was anything.
fn oldest(transaction: &Connection, now_ns: u64, done: &mut RetentionStep) -> rusqlite::Result<bool> {
    let first = |select| transaction.query_row(select, [], |row| row.get::<_, Option<i64>>(0));
    let alert = first("SELECT min(written_ns) FROM alert INDEXED BY alert_old WHERE status = 1")?;
    let badge = first("SELECT (SELECT written_ns FROM badge ORDER BY id LIMIT 1)")?;
    let audit = first("SELECT (SELECT written_ns FROM audit ORDER BY id LIMIT 1)")?;
    let call = first("SELECT min(written_ns) FROM rule_call")?;
    let mut ages = [(alert, 0), (badge, 1), (audit, 2), (call, 3)];
    ages.sort_unstable();
    for (written, which) in ages {
        if written.is_none() {
            continue;
        }
        let went = match which {
            0 => count(&mut done.alerts, alerts(transaction, i64::MAX)?),
            1 => count(&mut done.badges, badges(transaction, i64::MAX)?),
            3 => count(&mut done.calls, calls(transaction, i64::MAX)?),
            _ => count(&mut done.audit, entries(transaction, i64::MAX, ROWS / 2, now_ns)?),
        };
        if went {
            return Ok(true);
        }
    }
    Ok(false)
}

fn count(sum: &mut usize, went: usize) -> bool {
    *sum += went;
    went > 0
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let pages = pragma(connection, "page_count")? - pragma(connection, "freelist_count")?;
    Ok((pages * pragma(connection, "page_size")?).cast_unsigned())
}

/// Gives free pages back to the disk, some at a time.
fn give_back(connection: &Connection, retained: &mut RetentionStep) -> rusqlite::Result<()> {
    let (pages, free) = (pragma(connection, "page_count")?, pragma(connection, "freelist_count")?);
    if free <= SPARE_PAGES.max(pages / 10) {
        return Ok(());
    }
    connection.execute_batch(&format!("PRAGMA incremental_vacuum({PAGES})"))?;
    let left = pragma(connection, "freelist_count")?;
    retained.pages = (free - left).max(0).cast_unsigned();
    retained.more |= retained.pages > 0 && left > SPARE_PAGES.max(pages / 10);
    Ok(())
}
