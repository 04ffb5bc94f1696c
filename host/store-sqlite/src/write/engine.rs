//! Places of sources, objects' clocks, rules' state and reminders.

use lifesigns_model::{ObjectClock, ReminderUpdate, RuleChangeMark, SourceOffset, StateChange};
use lifesigns_record::Commit;
use rusqlite::{Connection, params};

use crate::{
    form::{bits, lane},
    meta,
};

/// Writes the engine's part. An evicted object is cleared first: its other entries came after that.
pub(super) fn write(connection: &Connection, commit: &Commit) -> rusqlite::Result<()> {
    offsets(connection, &commit.offsets)?;
    clocks(connection, &commit.objects)?;
    states(connection, &commit.states)?;
    for RuleChangeMark { rule, change } in &commit.rule_changes {
        meta::set(connection, &format!("{}{rule}", meta::RULE_CHANGE), change)?;
    }
    reminders(connection, &commit.reminders)
}

fn offsets(connection: &Connection, offsets: &[SourceOffset]) -> rusqlite::Result<()> {
    let mut set = connection.prepare_cached("INSERT OR REPLACE INTO place VALUES (?1, ?2, ?3, ?4)")?;
    let mut forget = connection.prepare_cached("DELETE FROM place WHERE source = ?1")?;
    for offset in offsets {
        if offset.is_forgotten {
            forget.execute([&offset.source])?;
        } else {
            set.execute(params![offset.source, offset.cursor, bits(offset.lines), offset.time_ns.map(bits)])?;
        }
    }
    Ok(())
}

fn clocks(connection: &Connection, clocks: &[ObjectClock]) -> rusqlite::Result<()> {
    let mut set = connection
        .prepare_cached("INSERT INTO clock VALUES (?1, ?2) ON CONFLICT DO UPDATE SET time_ns = excluded.time_ns")?;
    let mut forget = connection.prepare_cached("DELETE FROM clock WHERE object = ?1")?;
    let mut gone: Vec<&str> = Vec::new();
    for clock in clocks {
        match clock.time_ns {
            Some(time_ns) => _ = set.execute(params![clock.object, bits(time_ns)])?,
            None => {
                forget.execute([&clock.object])?;
                gone.push(&clock.object);
            }
        }
    }
    // There may be very many of which nothing else is known.
    for (any, statement) in [
        ("SELECT EXISTS (SELECT 1 FROM fact)", "DELETE FROM fact WHERE object = ?1"),
        ("SELECT EXISTS (SELECT 1 FROM state)", "DELETE FROM state WHERE object = ?1"),
        ("SELECT EXISTS (SELECT 1 FROM reminder)", "DELETE FROM reminder WHERE object = ?1"),
    ] {
        if !gone.is_empty() && connection.prepare_cached(any)?.query_row([], |row| row.get(0))? {
            let mut remove = connection.prepare_cached(statement)?;
            for object in &gone {
                remove.execute([object])?;
            }
        }
    }
    Ok(())
}

fn states(connection: &Connection, states: &[StateChange]) -> rusqlite::Result<()> {
    let mut set = connection.prepare_cached(
        "INSERT INTO state (object, rule, lane, key, entry, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO UPDATE SET entry = excluded.entry, version = excluded.version",
    )?;
    let mut remove =
        connection.prepare_cached("DELETE FROM state WHERE object = ?1 AND rule = ?2 AND lane = ?3 AND key = ?4")?;
    for state in states {
        let (rule, lane) = (&*state.rule.name, lane(&state.rule));
        match &state.entry {
            Some(entry) => set.execute(params![state.object, rule, lane, state.key, entry, state.version])?,
            None => remove.execute(params![state.object, rule, lane, state.key])?,
        };
    }
    Ok(())
}

fn reminders(connection: &Connection, reminders: &[ReminderUpdate]) -> rusqlite::Result<()> {
    let mut set = connection.prepare_cached(
        "INSERT OR REPLACE INTO reminder (object, rule, lane, name, due_ns, source, line, text)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let mut remove = connection
        .prepare_cached("DELETE FROM reminder WHERE object = ?1 AND rule = ?2 AND lane = ?3 AND name = ?4")?;
    for one in reminders {
        let (rule, lane) = (&*one.rule.name, lane(&one.rule));
        match one.due_ns {
            Some(due_ns) => {
                let line = bits(one.line);
                set.execute(params![one.object, rule, lane, one.name, bits(due_ns), one.source, line, one.text])?
            }
            None => remove.execute(params![one.object, rule, lane, one.name])?,
        };
    }
    Ok(())
}
