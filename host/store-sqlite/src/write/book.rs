//! What the book changed: objects, symptoms, what waits, alerts, silences, badges.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use lifesigns_compliance::{
    Alert, AlertStatus, BadgeOwner, BadgePoint, BookChanges, Fact, Object, PendingTransition, Silence, SymptomState,
};
use rusqlite::{Connection, params};

use crate::form::{Json, bits, sortable};

/// Removes what is known of objects that were forgotten. It comes before what the book has changed: if that names
/// one of them, it is of a new object.
pub(super) fn forget(connection: &Connection, forgotten: &[String]) -> rusqlite::Result<()> {
    for statement in [
        "DELETE FROM object WHERE id = ?1",
        "DELETE FROM badge_now WHERE who = 0 AND name = ?1",
        "DELETE FROM fact WHERE object = ?1",
        "DELETE FROM state WHERE object = ?1",
        "DELETE FROM reminder WHERE object = ?1",
        "DELETE FROM clock WHERE object = ?1",
        "DELETE FROM rule_call WHERE object = ?1",
    ] {
        remove(connection, statement, forgotten.iter().map(|id| [id]))?;
    }
    Ok(())
}

/// Writes all but notices and audit, which have tables with rules of their own.
pub(super) fn write(connection: &Connection, changes: &BookChanges, now_ns: u64) -> rusqlite::Result<()> {
    objects(connection, &changes.objects)?;
    symptoms(connection, &changes.symptoms)?;
    let gone = changes.symptoms_gone.iter().map(|(object, name)| [object, name]);
    remove(connection, "DELETE FROM symptom WHERE object = ?1 AND name = ?2", gone)?;
    let gone = changes.pending_gone.iter().map(|(object, definition)| [object, definition]);
    remove(connection, "DELETE FROM pending WHERE object = ?1 AND definition = ?2", gone)?;
    pending(connection, &changes.pending)?;
    alerts(connection, &changes.alerts, now_ns)?;
    silences(connection, &changes.silences)?;
    // One that was heard of again has a badge of its own.
    let there: HashSet<&str> = changes.objects.iter().map(|object| object.id.as_str()).collect();
    let gone: HashSet<&str> = changes.forgotten.iter().map(String::as_str).filter(|id| !there.contains(id)).collect();
    let is_gone = |point: &&BadgePoint| point.of == BadgeOwner::Object && gone.contains(point.name.as_str());
    if gone.is_empty() {
        return badges(connection, &changes.badges, now_ns);
    }
    let kept: Vec<BadgePoint> = changes.badges.iter().filter(|point| !is_gone(point)).cloned().collect();
    badges(connection, &kept, now_ns)
}

fn remove<'a, const N: usize>(
    connection: &Connection,
    statement: &str,
    keys: impl Iterator<Item = [&'a String; N]>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(statement)?;
    for key in keys {
        statement.execute(rusqlite::params_from_iter(key))?;
    }
    Ok(())
}

fn objects(connection: &Connection, objects: &[Object]) -> rusqlite::Result<()> {
    let mut json = Json::default();
    let mut set = connection.prepare_cached(
        "INSERT INTO object VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET body = excluded.body, odd = excluded.odd",
    )?;
    for object in objects {
        if object.metrics.values().all(|fact| fact.value.is_finite()) {
            set.execute(params![object.id.as_str(), json.text(object)?, None::<String>])?;
            continue;
        }
        let mut even = object.clone();
        even.metrics.retain(|_, fact| fact.value.is_finite());
        let odd = object.metrics.iter().filter(|(_, fact)| !fact.value.is_finite());
        let odd = odd.map(|(name, fact)| (name, Fact { value: fact.value.to_string(), time_ns: fact.time_ns }));
        let odd: BTreeMap<_, _> = odd.collect();
        set.execute(params![object.id.as_str(), json.text(&even)?, Json::default().text(&odd)?])?;
    }
    Ok(())
}

fn symptoms(connection: &Connection, symptoms: &[Arc<SymptomState>]) -> rusqlite::Result<()> {
    let mut json = Json::default();
    let mut set = connection.prepare_cached(
        "INSERT INTO symptom VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET active = excluded.active, body = excluded.body",
    )?;
    for symptom in symptoms {
        set.execute(params![symptom.object.as_str(), symptom.name.as_str(), symptom.active, json.text(&**symptom)?])?;
    }
    Ok(())
}

fn pending(connection: &Connection, pending: &[PendingTransition]) -> rusqlite::Result<()> {
    let mut set = connection.prepare_cached(
        "INSERT OR REPLACE INTO pending (object, definition, opening, since_ns, due_ns, clock_source, clock_object,
         heard_ns) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    for one in pending {
        let (since_ns, due_ns) = (bits(one.since_ns), bits(one.due_ns));
        let clock = (&one.clock_source, &one.clock_object);
        set.execute(params![
            one.object,
            one.definition,
            one.opening,
            since_ns,
            due_ns,
            clock.0,
            clock.1,
            bits(one.heard_ns)
        ])?;
    }
    Ok(())
}

fn alerts(connection: &Connection, alerts: &[Arc<Alert>], now_ns: u64) -> rusqlite::Result<()> {
    let mut json = Json::default();
    // Object and definition are in the id: they never change.
    let mut set = connection.prepare_cached(
        "INSERT INTO alert (id, object, definition, status, criticality, opened_ns, cancelled_ns, written_ns, body)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT DO UPDATE SET status = excluded.status, criticality = excluded.criticality,
         opened_ns = excluded.opened_ns, cancelled_ns = excluded.cancelled_ns, written_ns = excluded.written_ns,
         body = excluded.body",
    )?;
    for alert in alerts {
        set.execute(params![
            alert.id,
            alert.object.as_str(),
            alert.definition.as_str(),
            alert.status == AlertStatus::Cancelled,
            alert.criticality as u8,
            sortable(alert.opened_ns),
            alert.cancelled_ns.map(sortable),
            sortable(now_ns),
            json.text(&**alert)?,
        ])?;
    }
    Ok(())
}

fn silences(connection: &Connection, silences: &[Silence]) -> rusqlite::Result<()> {
    let mut json = Json::default();
    let mut set = connection.prepare_cached("INSERT OR REPLACE INTO silence VALUES (?1, ?2, ?3)")?;
    for silence in silences {
        set.execute(params![silence.id, sortable(silence.until_ns), json.text(silence)?])?;
    }
    Ok(())
}

fn badges(connection: &Connection, badges: &[BadgePoint], now_ns: u64) -> rusqlite::Result<()> {
    let mut now = connection.prepare_cached(
        "INSERT INTO badge_now VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT DO UPDATE SET time_ns = excluded.time_ns, score = excluded.score, worst = excluded.worst,
         share = excluded.share, violations = excluded.violations, allowed = excluded.allowed",
    )?;
    let mut history = connection.prepare_cached(
        "INSERT INTO badge (who, name, time_ns, score, worst, share, violations, allowed, written_ns)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    // Of a group that changed many times only the last badge is the present one.
    let mut known: HashSet<(BadgeOwner, &str)> = HashSet::new();
    for point in badges.iter().rev().filter(|point| known.insert((point.of, &point.name))) {
        let (who, time_ns, badge) = (who(point.of), bits(point.time_ns), &point.badge);
        let (score, worst, share, violations) = (badge.score, badge.worst, badge.share, badge.violations);
        now.execute(params![who, point.name, time_ns, score, worst, share, violations, badge.allowed])?;
    }
    for point in badges {
        let (who, badge) = (who(point.of), &point.badge);
        let (score, worst, share, violations) = (badge.score, badge.worst, badge.share, badge.violations);
        let written_ns = sortable(now_ns);
        let time_ns = sortable(point.time_ns);
        history.execute(params![
            who,
            point.name,
            time_ns,
            score,
            worst,
            share,
            violations,
            badge.allowed,
            written_ns
        ])?;
    }
    Ok(())
}

/// As it stands in the column.
pub(crate) const fn who(of: BadgeOwner) -> u8 {
    match of {
        BadgeOwner::Object => 0,
        BadgeOwner::Group => 1,
    }
}
