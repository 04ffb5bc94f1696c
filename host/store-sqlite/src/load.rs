//! Loads everything that a restart resumes from.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_compliance::{Badge, BadgeOwner, BadgePoint, BookSnapshot, Fact, Object, PendingTransition};
use lifesigns_model::{
    InitialState, ObjectClock, ObjectFacts, ReminderUpdate, RuleChangeMark, SourceOffset, StateChange,
};
use lifesigns_record::{FactHistory, RecordedState};
use rusqlite::{Connection, OptionalExtension as _, Row, types::Type};

use crate::{
    error::StoreError,
    form::{maybe, number, parsed, rule_key},
    meta, parallel,
    reader::StoreReader,
    store::Store,
};

impl Store {
    /// Everything that a restart goes on from.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn load(&self) -> Result<RecordedState, StoreError> {
        load(&self.connection).map_err(|error| StoreError::of(self.path(), error))
    }
}

impl StoreReader {
    /// Everything that a restart would go on from.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn load(&self) -> Result<RecordedState, StoreError> {
        self.ask(load)
    }

    /// The host's clock at the last commit, nanoseconds since the Unix epoch; 0 before the first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn clock_ns(&self) -> Result<u64, StoreError> {
        self.ask(|connection| meta::get(connection, "clock_ns"))
    }
}

fn load(connection: &Connection) -> rusqlite::Result<RecordedState> {
    let restored = BookSnapshot {
        objects: objects(connection)?,
        symptoms: parallel::all(connection, "SELECT body FROM symptom ORDER BY rowid")?,
        pending: rows(
            connection,
            "SELECT object, definition, opening, since_ns, due_ns, clock_source, clock_object, heard_ns FROM pending",
            pending,
        )?,
        alerts: alerts(connection)?,
        silences: silences(connection)?,
        badges: rows(
            connection,
            "SELECT who, name, time_ns, score, worst, share, violations, allowed FROM badge_now ORDER BY time_ns",
            badge_point,
        )?,
        event_ns: meta::get(connection, "event_ns")?,
        clock_ns: meta::get(connection, "clock_ns")?,
        decided_by: decided_by(connection)?,
        rules: rules(connection)?,
    };
    let start = InitialState {
        known: Vec::new(),
        facts: facts(connection)?,
        states: rows(connection, "SELECT rule, lane, object, key, entry, version FROM state", |row| {
            let (object, key, entry) = (row.get(2)?, row.get(3)?, Some(row.get(4)?));
            Ok(StateChange { rule: rule_key(row, 0, 1)?, object, key, version: row.get(5)?, entry })
        })?,
        reminders: rows(
            connection,
            "SELECT rule, lane, object, name, due_ns, source, line, text FROM reminder",
            reminder,
        )?,
        objects: rows(connection, "SELECT object, time_ns FROM clock", |row| {
            Ok(ObjectClock { object: row.get(0)?, time_ns: Some(number(row, 1)?) })
        })?,
        offsets: rows(connection, "SELECT source, cursor, lines, time_ns FROM place", |row| {
            let (lines, time_ns) = (number(row, 2)?, maybe(row, 3)?);
            Ok(SourceOffset { source: row.get(0)?, cursor: row.get(1)?, lines, time_ns, is_forgotten: false })
        })?,
        rule_changes: rule_changes(connection)?,
    };
    Ok(RecordedState { restored, start })
}

/// All rows of a select, each by `of`.
pub(crate) fn rows<T>(
    connection: &Connection,
    select: &str,
    of: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection.prepare(select)?.query_map([], of)?.collect()
}

/// The last change of each rule.
fn rule_changes(connection: &Connection) -> rusqlite::Result<Vec<RuleChangeMark>> {
    let mut select =
        connection.prepare("SELECT substr(name, 1 + length(?1)), value FROM meta WHERE name GLOB ?1 || '*'")?;
    let mark = |row: &Row<'_>| Ok(RuleChangeMark { rule: row.get(0)?, change: row.get(1)? });
    select.query_map([meta::RULE_CHANGE], mark)?.collect()
}

fn decided_by(connection: &Connection) -> rusqlite::Result<String> {
    let value = connection.query_row("SELECT value FROM meta WHERE name = 'decided_by'", [], |row| row.get(0));
    Ok(value.optional()?.unwrap_or_default())
}

/// Which rules existed; `None` in a store that never heard it.
fn rules(connection: &Connection) -> rusqlite::Result<Option<Vec<lifesigns_compliance::KnownRule>>> {
    connection.query_row("SELECT value FROM meta WHERE name = 'rules'", [], |row| parsed(row, 0)).optional()
}

fn objects(connection: &Connection) -> rusqlite::Result<Vec<Object>> {
    let mut objects: Vec<Object> = parallel::all(connection, "SELECT body FROM object ORDER BY rowid")?;
    let odd = rows(connection, "SELECT id, odd FROM object WHERE odd IS NOT NULL", |row| {
        Ok((row.get::<_, String>(0)?, parsed::<BTreeMap<String, Fact<String>>>(row, 1)?))
    })?;
    let mut odd: BTreeMap<_, _> = odd.into_iter().collect();
    if odd.is_empty() {
        return Ok(objects);
    }
    for object in &mut objects {
        for (name, fact) in odd.remove(object.id.as_str()).unwrap_or_default() {
            let value = float(&fact.value)?;
            object.metrics.insert(name, Fact { value, time_ns: fact.time_ns });
        }
    }
    Ok(objects)
}

/// Open ones, and of the cancelled ones the latest of each object and definition: the one that was
/// made last, for times of events and of the host's clock need not be in order.
fn alerts(connection: &Connection) -> rusqlite::Result<Vec<Arc<lifesigns_compliance::Alert>>> {
    let mut alerts = parallel::all(connection, "SELECT body FROM alert INDEXED BY alert_open WHERE status = 0")?;
    let mut last = parallel::all(
        connection,
        "SELECT body FROM alert WHERE rowid IN (SELECT number FROM
         (SELECT max(rowid) AS number FROM alert INDEXED BY alert_last
          WHERE status = 1 GROUP BY object, definition)) ORDER BY rowid",
    )?;
    alerts.append(&mut last);
    Ok(alerts)
}

/// Silences that had not ended at the last commit.
fn silences(connection: &Connection) -> rusqlite::Result<Vec<lifesigns_compliance::Silence>> {
    let now_ns = crate::form::sortable(meta::get(connection, "clock_ns")?);
    let mut select = connection.prepare("SELECT body FROM silence WHERE until_ns > ?1")?;
    select.query_map([now_ns], |row| parsed(row, 0))?.collect()
}

fn pending(row: &Row<'_>) -> rusqlite::Result<PendingTransition> {
    Ok(PendingTransition {
        object: row.get(0)?,
        definition: row.get(1)?,
        opening: row.get(2)?,
        since_ns: number(row, 3)?,
        due_ns: number(row, 4)?,
        clock_source: row.get(5)?,
        clock_object: row.get(6)?,
        heard_ns: number(row, 7)?,
    })
}

fn reminder(row: &Row<'_>) -> rusqlite::Result<ReminderUpdate> {
    Ok(ReminderUpdate {
        rule: rule_key(row, 0, 1)?,
        object: row.get(2)?,
        name: row.get(3)?,
        due_ns: Some(number(row, 4)?),
        source: row.get(5)?,
        line: number(row, 6)?,
        text: row.get(7)?,
    })
}

/// A badge from `who, name, time_ns, score, worst, share, violations, allowed`.
pub(crate) fn badge_point(row: &Row<'_>) -> rusqlite::Result<BadgePoint> {
    let of = if row.get::<_, u8>(0)? == 0 { BadgeOwner::Object } else { BadgeOwner::Group };
    let badge = Badge {
        score: row.get(3)?,
        worst: row.get(4)?,
        share: row.get(5)?,
        violations: row.get(6)?,
        allowed: row.get(7)?,
    };
    Ok(BadgePoint { of, name: row.get(1)?, time_ns: number(row, 2)?, badge })
}

/// One set of facts for each time at which something was observed of an object, by object and time.
fn facts(connection: &Connection) -> rusqlite::Result<Vec<ObjectFacts>> {
    let mut select = connection.prepare("SELECT object, metric, name, seen FROM fact ORDER BY object, metric, name")?;
    let mut rows = select.query([])?;
    let mut facts = Vec::new();
    let mut object: Option<(String, BTreeMap<u64, ObjectFacts>)> = None;
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        if object.as_ref().is_none_or(|(current, _)| *current != id) {
            facts.extend(object.take().into_iter().flat_map(|(_, times)| times.into_values()));
        }
        let (id, times) = object.get_or_insert_with(|| (id, BTreeMap::new()));
        let (metric, name): (bool, String) = (row.get(1)?, row.get(2)?);
        for (time_ns, value) in parsed::<FactHistory>(row, 3)? {
            let at = times.entry(time_ns);
            let at = at.or_insert_with(|| ObjectFacts { object: id.clone(), time_ns, ..ObjectFacts::default() });
            match value {
                Some(value) if metric => at.metrics.push((name.clone(), float(&value)?)),
                value => at.properties.push((name.clone(), value)),
            }
        }
    }
    facts.extend(object.into_iter().flat_map(|(_, times)| times.into_values()));
    Ok(facts)
}

fn float(text: &str) -> rusqlite::Result<f64> {
    text.parse().map_err(wrong)
}

fn wrong(error: std::num::ParseFloatError) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into())
}
