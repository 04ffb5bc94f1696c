//! Facts onto an object: the newest word on each fact stands, late ones change nothing.

use std::collections::BTreeMap;

use lifesigns_model::{DropKind, Drops, ObjectFacts};

use crate::{
    groups::FactChanges,
    limits::{NAME_BYTES, OBJECT_METRICS, OBJECT_PROPERTIES, VALUE_BYTES},
    record::{Fact, InventoryEntry, Object},
};

/// Puts `facts` onto `object`. A fact is taken if it is not older than what is known of the same
/// fact; of two of the same time the one that came last stands.
pub(super) fn apply(object: &mut Object, facts: &ObjectFacts, changed: &mut FactChanges, dropped: &mut Drops) {
    self::facts(object, facts, changed, dropped);
    heard_of(object, facts.time_ns);
}

/// The same of what is written down, and not heard of the object.
pub(super) fn facts(object: &mut Object, facts: &ObjectFacts, changed: &mut FactChanges, dropped: &mut Drops) {
    let time_ns = facts.time_ns;
    changed.kind |= say(&mut object.kind, &mut object.kind_ns, facts.kind.as_deref(), time_ns, dropped);
    changed.parent |= say(&mut object.parent, &mut object.parent_ns, facts.parent.as_deref(), time_ns, dropped);
    for (name, value) in &facts.properties {
        if name.len() > NAME_BYTES || value.as_ref().is_some_and(|value| value.len() > VALUE_BYTES) {
            dropped.note(DropKind::UnfitFacts, format_args!("{name} of {}", object.id));
        } else if property(object, name, value.as_deref(), time_ns, dropped) {
            changed.properties.insert(name.clone());
        }
    }
    for (name, value) in &facts.metrics {
        // What is no number compares with nothing, and no store could give it back.
        if name.len() > NAME_BYTES || !value.is_finite() {
            dropped.note(DropKind::UnfitFacts, format_args!("{name} of {}", object.id));
        } else if metric(object, name, *value, time_ns, dropped) {
            changed.metrics.insert(name.clone());
        }
    }
}

/// Takes back what the inventory before said and `now` does not, where the stream said nothing else
/// since.
pub(super) fn take_back(object: &mut Object, now: &InventoryEntry, now_ns: u64, changed: &mut FactChanges) {
    let before = object.listed.clone();
    if before.kind.is_some() && now.kind.is_none() && object.kind == before.kind {
        (object.kind, object.kind_ns, changed.kind) = (None, now_ns, true);
    }
    if before.parent.is_some() && now.parent.is_none() && object.parent == before.parent {
        (object.parent, object.parent_ns, changed.parent) = (None, now_ns, true);
    }
    let gone: Vec<String> = taken_back(object, now).map(str::to_owned).collect();
    for name in gone {
        object.properties.insert(name.clone(), Fact { value: None, time_ns: now_ns });
        changed.properties.insert(name);
    }
}

/// Notes that an object was heard of. 0 is for ever since, and says nothing of when.
pub(super) fn heard_of(object: &mut Object, time_ns: u64) {
    if time_ns > 0 {
        object.first_ns = if object.first_ns == 0 { time_ns } else { object.first_ns.min(time_ns) };
        object.last_ns = object.last_ns.max(time_ns);
    }
}

/// Kind or parent. Whether it changed.
fn say(known: &mut Option<String>, known_ns: &mut u64, said: Option<&str>, time_ns: u64, dropped: &mut Drops) -> bool {
    let Some(said) = said else { return false };
    if said.len() > NAME_BYTES {
        dropped.note(DropKind::UnfitFacts, said);
        return false;
    }
    if time_ns < *known_ns {
        return false;
    }
    *known_ns = time_ns;
    let changed = known.as_deref() != Some(said);
    if changed {
        *known = Some(said.to_owned());
    }
    changed
}

fn property(object: &mut Object, name: &str, value: Option<&str>, time_ns: u64, dropped: &mut Drops) -> bool {
    if let Some(fact) = object.properties.get_mut(name) {
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
    if object.properties.len() >= OBJECT_PROPERTIES && !forget_removed(&mut object.properties) {
        dropped.note(DropKind::Facts, format_args!("{name} of {}", object.id));
        return false;
    }
    object.properties.insert(name.to_owned(), Fact { value: value.map(str::to_owned), time_ns });
    value.is_some()
}

/// Makes room by forgetting the property that was removed first.
fn forget_removed(properties: &mut BTreeMap<String, Fact<Option<String>>>) -> bool {
    let removed = properties.iter().filter(|(_, fact)| fact.value.is_none());
    let first = removed.min_by_key(|(_, fact)| fact.time_ns).map(|(name, _)| name.clone());
    first.is_some_and(|name| properties.remove(&name).is_some())
}

fn metric(object: &mut Object, name: &str, value: f64, time_ns: u64, dropped: &mut Drops) -> bool {
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

/// The host's clock was ahead, and is right again: nothing is known of later than `time_ns`. Whether
/// anything was.
pub(super) fn set_back(object: &mut Object, time_ns: u64) -> bool {
    let facts = object.properties.values_mut().map(|fact| &mut fact.time_ns);
    let metrics = object.metrics.values_mut().chain(object.stale.values_mut());
    let facts = facts.chain(metrics.map(|fact| &mut fact.time_ns));
    let own = [&mut object.kind_ns, &mut object.parent_ns, &mut object.first_ns, &mut object.last_ns];
    let mut is_late = false;
    for ns in facts.chain(own) {
        is_late |= *ns > time_ns;
        *ns = (*ns).min(time_ns);
    }
    is_late
}

/// Properties that the inventory before gave an object, that `now` does not, and of which the stream
/// said nothing else since.
pub(super) fn taken_back<'a>(object: &'a Object, now: &'a InventoryEntry) -> impl Iterator<Item = &'a str> {
    let gone = object.listed.properties.iter().filter(|(name, _)| !now.properties.contains_key(*name));
    let stands = |(name, value): &(&String, &Option<String>)| {
        object.properties.get(*name).is_some_and(|fact| fact.value == **value && fact.value.is_some())
    };
    gone.filter(stands).map(|(name, _)| name.as_str())
}
