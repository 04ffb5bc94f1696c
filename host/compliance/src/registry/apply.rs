//! Applies facts to an object: of each fact the latest statement stands; late ones change nothing.

use std::sync::Arc;

use lifesigns_model::{DropKind, Drops, ObjectFacts};

use super::inventory_diff::RemovedFacts;
use crate::{
    groups::FactChanges,
    limits::{NAME_BYTES, OBJECT_METRICS, OBJECT_PROPERTIES, VALUE_BYTES},
    record::{Fact, Object},
    shared_text::SharedText,
    text_map::TextMap,
};

/// Applies facts of an event to `object`, and notes that it was seen. A fact is taken if it is not older
/// than what is known of the same fact; of two of the same time the one that came last stands.
pub(super) fn event(object: &mut Object, facts: &ObjectFacts, changes: &mut FactChanges, dropped: &mut Drops) {
    self::facts(object, facts, changes, dropped);
    touch(object, facts.time_ns);
}

/// Applies facts as [`event`] does, without noting that the object was seen.
pub(super) fn facts(object: &mut Object, facts: &ObjectFacts, changes: &mut FactChanges, dropped: &mut Drops) {
    let time_ns = facts.time_ns;
    changes.kind |= set(&mut object.kind, &mut object.kind_ns, facts.kind.as_deref(), time_ns, dropped);
    changes.parent |= set(&mut object.parent, &mut object.parent_ns, facts.parent.as_deref(), time_ns, dropped);
    for (name, value) in &facts.properties {
        if name.len() > NAME_BYTES || value.as_ref().is_some_and(|value| value.len() > VALUE_BYTES) {
            dropped.note(DropKind::UnfitFacts, format_args!("{name} of {}", object.id));
        } else if set_property(object, name, value.as_deref(), time_ns, dropped) {
            changes.properties.insert(name.clone());
        }
    }
    for (name, value) in &facts.metrics {
        // NaN and infinities compare with nothing, and the store cannot hold them.
        if name.len() > NAME_BYTES || !value.is_finite() {
            dropped.note(DropKind::UnfitFacts, format_args!("{name} of {}", object.id));
        } else if set_metric(object, name, *value, time_ns, dropped) {
            changes.metrics.insert(name.clone());
        }
    }
}

/// Removes facts that the inventory no longer states, at `now_ns`.
pub(super) fn remove(object: &mut Object, removed: &RemovedFacts, now_ns: u64, changes: &mut FactChanges) {
    if removed.kind {
        object.kind = None;
        object.kind_ns = now_ns;
        changes.kind = true;
    }
    if removed.parent {
        object.parent = None;
        object.parent_ns = now_ns;
        changes.parent = true;
    }
    for name in &removed.properties {
        Arc::make_mut(&mut object.properties).insert(name.clone(), Fact { value: None, time_ns: now_ns });
        changes.properties.insert(name.clone());
    }
}

/// Notes that an object was seen at `time_ns`; 0 stands for facts that have held since ever, and is ignored.
pub(super) fn touch(object: &mut Object, time_ns: u64) {
    if time_ns > 0 {
        object.first_ns = if object.first_ns == 0 { time_ns } else { object.first_ns.min(time_ns) };
        object.last_ns = object.last_ns.max(time_ns);
    }
}

/// Sets a kind or a parent. Returns whether it changed.
fn set(
    known: &mut Option<SharedText>,
    known_ns: &mut u64,
    value: Option<&str>,
    time_ns: u64,
    dropped: &mut Drops,
) -> bool {
    let Some(value) = value else { return false };
    if value.len() > NAME_BYTES {
        dropped.note(DropKind::UnfitFacts, value);
        return false;
    }
    if time_ns < *known_ns {
        return false;
    }
    *known_ns = time_ns;
    let changed = known.as_deref() != Some(value);
    if changed {
        *known = Some(value.into());
    }
    changed
}

/// Sets or, with `None`, removes a property. Returns whether it changed.
fn set_property(object: &mut Object, name: &str, value: Option<&str>, time_ns: u64, dropped: &mut Drops) -> bool {
    let properties = Arc::make_mut(&mut object.properties);
    if let Some(fact) = properties.get_mut(name) {
        if time_ns < fact.time_ns {
            return false;
        }
        fact.time_ns = time_ns;
        let changed = fact.value.as_deref() != value;
        if changed {
            fact.value = value.map(str::to_owned);
        }
        return changed;
    }
    if properties.len() >= OBJECT_PROPERTIES && !forget_removed(properties) {
        dropped.note(DropKind::Facts, format_args!("{name} of {}", object.id));
        return false;
    }
    properties.insert(name.to_owned(), Fact { value: value.map(str::to_owned), time_ns });
    value.is_some()
}

/// Makes room by forgetting the property that was removed first. Returns whether there was one.
fn forget_removed(properties: &mut TextMap<Fact<Option<String>>>) -> bool {
    let removed = properties.iter().filter(|(_, fact)| fact.value.is_none());
    let first = removed.min_by_key(|(_, fact)| fact.time_ns).map(|(name, _)| name.clone());
    first.is_some_and(|name| properties.remove(&name).is_some())
}

/// Sets a metric. Returns whether it changed.
fn set_metric(object: &mut Object, name: &str, value: f64, time_ns: u64, dropped: &mut Drops) -> bool {
    if let Some(fact) = object.metrics.get_mut(name) {
        let changed = time_ns >= fact.time_ns && fact.value != value;
        if time_ns >= fact.time_ns {
            *fact = Fact { value, time_ns };
        }
        return changed;
    }
    if object.stale.get(name).is_some_and(|stale| time_ns < stale.time_ns) {
        return false;
    }
    if object.metrics.len() >= OBJECT_METRICS {
        dropped.note(DropKind::Facts, format_args!("{name} of {}", object.id));
        return false;
    }
    object.stale.remove(name);
    object.metrics.insert(name.to_owned(), Fact { value, time_ns });
    true
}

/// Returns the latest time that an object names.
pub(super) fn latest_ns(object: &Object) -> u64 {
    let facts = object.properties.values().map(|fact| fact.time_ns);
    let metrics = object.metrics.values().chain(object.stale.values());
    let own = [object.kind_ns, object.parent_ns, object.first_ns, object.last_ns];
    facts.chain(metrics.map(|fact| fact.time_ns)).chain(own).max().unwrap_or(0)
}

/// Follows the host's clock back to `time_ns`: no fact is later than that.
pub(super) fn set_clock_back(object: &mut Object, time_ns: u64) {
    let facts = Arc::make_mut(&mut object.properties).values_mut().map(|fact| &mut fact.time_ns);
    let metrics = object.metrics.values_mut().chain(object.stale.values_mut());
    let facts = facts.chain(metrics.map(|fact| &mut fact.time_ns));
    let own = [&mut object.kind_ns, &mut object.parent_ns, &mut object.first_ns, &mut object.last_ns];
    facts.chain(own).for_each(|ns| *ns = (*ns).min(time_ns));
}
