//! What was observed of each fact, as far back as the engine can ask: values as of a time.

use lifesigns_model::{ObjectFacts, limits};
use lifesigns_record::{FactHistory, observe};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::form::{Json, bits, maybe, parsed};

const PROPERTY: u8 = 0;
const METRIC: u8 = 1;

/// Adds what came in, in its order.
pub(super) fn write(connection: &Connection, facts: &[ObjectFacts]) -> rusqlite::Result<()> {
    let mut json = Json::default();
    for one in facts {
        for (name, value) in &one.properties {
            note(connection, &mut json, (&one.object, PROPERTY, name), one.time_ns, value.clone())?;
        }
        for (name, value) in &one.metrics {
            note(connection, &mut json, (&one.object, METRIC, name), one.time_ns, Some(value.to_string()))?;
        }
    }
    Ok(())
}

fn note(
    connection: &Connection,
    json: &mut Json,
    (object, metric, name): (&str, u8, &str),
    time_ns: u64,
    value: Option<String>,
) -> rusqlite::Result<()> {
    let known: Option<FactHistory> = connection
        .prepare_cached("SELECT seen FROM fact WHERE object = ?1 AND metric = ?2 AND name = ?3")?
        .query_row(params![object, metric, name], |row| parsed(row, 0))
        .optional()?;
    let fresh = known.is_none();
    if fresh && (value.is_none() || !make_room(connection, object, metric)?) {
        return Ok(());
    }
    let mut seen = known.unwrap_or_default();
    observe(&mut seen, time_ns, value);
    let gone_ns = seen.last().filter(|(_, value)| value.is_none()).map(|(time_ns, _)| bits(*time_ns));
    connection
        .prepare_cached(
            "INSERT INTO fact VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET gone_ns = excluded.gone_ns, seen = excluded.seen",
        )?
        .execute(params![object, metric, name, gone_ns, json.text(&seen)?])?;
    Ok(())
}

/// As the engine does: when there are too many, the property that was removed longest ago goes; says
/// whether there is room for one more.
fn make_room(connection: &Connection, object: &str, metric: u8) -> rusqlite::Result<bool> {
    let count: i64 = connection
        .prepare_cached("SELECT count(*) FROM fact WHERE object = ?1 AND metric = ?2")?
        .query_row(params![object, metric], |row| row.get(0))?;
    if usize::try_from(count).is_ok_and(|count| count < limits::OBJECT_FACTS) {
        return Ok(true);
    }
    let mut gone = connection
        .prepare_cached("SELECT gone_ns, name FROM fact WHERE object = ?1 AND metric = ?2 AND gone_ns IS NOT NULL")?;
    let gone = gone.query_map(params![object, metric], |row| Ok((maybe(row, 0)?, row.get::<_, String>(1)?)))?;
    let gone: Vec<_> = gone.collect::<Result<_, _>>()?;
    let Some((_, name)) = gone.into_iter().min() else { return Ok(false) };
    connection
        .prepare_cached("DELETE FROM fact WHERE object = ?1 AND metric = ?2 AND name = ?3")?
        .execute(params![object, metric, name])?;
    Ok(true)
}
