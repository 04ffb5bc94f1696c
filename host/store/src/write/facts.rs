//! What was observed of each fact, as far back as the engine can ask: values as of a time.

use lifesigns_model::{ObjectFacts, limits};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::form::{Json, bits, maybe, parsed};

/// Observations kept of one fact. A value that stays is kept as two, its first and its last one, so
/// these are at least the 32 changes that the engine knows, and one before them.
pub(crate) const SEEN: usize = 66;

/// What was observed, oldest first: when, and the value; a property that was removed has none.
pub(crate) type Seen = Vec<(u64, Option<String>)>;

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
    let known: Option<Seen> = connection
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

/// Notes one observation. Of two of one time the one that came last counts; of a row of the same
/// value only the first and the last one are kept.
fn observe(seen: &mut Seen, time_ns: u64, value: Option<String>) {
    let at = seen.partition_point(|(time, _)| *time < time_ns);
    match seen.get_mut(at) {
        Some(same) if same.0 == time_ns => same.1 = value,
        _ => seen.insert(at, (time_ns, value)),
    }
    let mut at = (at + 1).min(seen.len().saturating_sub(2));
    while at >= 1 {
        if at + 1 < seen.len() && seen[at - 1].1 == seen[at].1 && seen[at].1 == seen[at + 1].1 {
            seen.remove(at);
        }
        at -= 1;
    }
    if seen.len() > SEEN {
        seen.remove(0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn as_of(seen: &Seen, time_ns: u64) -> Option<&str> {
        let at = seen.partition_point(|(time, _)| *time <= time_ns);
        seen[..at].last()?.1.as_deref()
    }

    proptest! {
        #[test]
        fn in_order_it_says_the_same_as_all_of_it(all in prop::collection::vec((1..4_u64, 0..3_u8), 0..40)) {
            let (mut seen, mut time, mut values) = (Seen::new(), 0, vec![None]);
            for (step, number) in all {
                let value = (number > 0).then(|| number.to_string());
                time += step;
                values.resize(usize::try_from(time).unwrap(), values.last().cloned().flatten());
                values.push(value.clone());
                observe(&mut seen, time, value);
            }
            for (time, value) in values.iter().enumerate() {
                prop_assert_eq!(as_of(&seen, time as u64), value.as_deref(), "{}", time);
            }
            prop_assert!(seen.windows(3).all(|three| three[0].1 != three[1].1 || three[1].1 != three[2].1));
        }

        #[test]
        fn late_ones_count_and_the_latest_stays(all in prop::collection::vec((0..20_u64, 0..3_u8), 1..40)) {
            let mut seen = Seen::new();
            for (at, (time, number)) in all.iter().enumerate() {
                let value = |number: u8| (number > 0).then(|| number.to_string());
                observe(&mut seen, *time, value(*number));
                prop_assert_eq!(as_of(&seen, *time).map(str::to_owned), value(*number));
                let last = all[..=at].iter().map(|one| one.0).max();
                let latest = all[..=at].iter().rev().find(|one| Some(one.0) == last);
                let expected = latest.and_then(|(_, number)| value(*number));
                prop_assert_eq!(as_of(&seen, u64::MAX).map(str::to_owned), expected, "{:?}", &all[..=at]);
            }
            prop_assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0));
        }
    }

    #[test]
    fn it_is_bounded() {
        let mut seen = Seen::new();
        for time in 0..10_000_u64 {
            observe(&mut seen, time, Some(time.to_string()));
        }
        assert_eq!((seen.len(), seen[SEEN - 1].0), (SEEN, 9999));
    }
}
