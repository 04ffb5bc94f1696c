//! The difference between two readings of the inventory.

use lifesigns_model::ObjectFacts;

use crate::record::{InventoryEntry, Object};

/// The difference between an inventory and the one that was read before it, with regard to what the
/// stream has stated since. Objects without a difference are not in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InventoryDiff {
    /// Listed objects by id, then those that are no longer listed by id.
    pub(super) objects: Vec<ObjectDiff>,
    /// When the inventory was read, on the host's clock.
    pub(super) now_ns: u64,
}

/// The difference of one object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ObjectDiff {
    /// The object.
    pub(super) object: String,
    /// Whether the object was not known at all.
    pub(super) is_new: bool,
    /// What the inventory states of it; `None` if it is no longer listed.
    pub(super) entry: Option<InventoryEntry>,
    /// Facts of a known object that are stated otherwise than before, or for the first time. They hold from now on.
    /// Those of a new object are in `entry`, and have held since ever (0).
    changed: ObjectFacts,
    /// Facts that are no longer stated, and that the stream has not changed since.
    pub(super) removed: RemovedFacts,
    /// Whether something that was stated before is missing, whatever the stream has stated since.
    pub(super) is_reduced: bool,
}

/// Facts that an inventory no longer states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RemovedFacts {
    pub(super) kind: bool,
    pub(super) parent: bool,
    pub(super) properties: Vec<String>,
}

impl InventoryDiff {
    /// Returns the ids of known objects that change.
    pub fn known_objects(&self) -> impl Iterator<Item = &str> {
        self.objects.iter().filter(|one| !one.is_new).map(|one| one.object.as_str())
    }

    /// Returns the facts of objects that were not known at all. They have held since ever: their time is 0.
    pub fn new_facts(&self) -> impl Iterator<Item = ObjectFacts> {
        self.objects.iter().filter(|one| one.is_new).map(ObjectDiff::facts)
    }

    /// Returns the facts of known objects that change, which hold from now on. A property that is removed
    /// is `None`; a kind or a parent that is removed is not in it.
    pub fn changed_facts(&self) -> Vec<ObjectFacts> {
        let known = self.objects.iter().filter(|one| !one.is_new);
        known.filter_map(|one| one.changed_facts()).collect()
    }

    /// Returns all facts that change, those of new objects too, as of now: what a running engine is given.
    pub fn facts_from_now(&self) -> Vec<ObjectFacts> {
        let mut facts = self.changed_facts();
        facts.extend(self.new_facts().map(|new| ObjectFacts { time_ns: self.now_ns, ..new }));
        facts
    }

    /// Returns whether anything that was stated before is missing: an object, or a kind, parent or property
    /// of one.
    pub fn is_reduction(&self) -> bool {
        self.objects.iter().any(|one| one.is_reduced)
    }
}

impl ObjectDiff {
    /// The difference of an object that was not known.
    pub(super) fn of_new(id: &str, entry: InventoryEntry) -> Self {
        Self {
            object: id.to_owned(),
            is_new: true,
            entry: Some(entry),
            changed: ObjectFacts::default(),
            removed: RemovedFacts::default(),
            is_reduced: false,
        }
    }

    /// The difference of a known object; `entry` is `None` if it is no longer listed.
    pub(super) fn of_known(object: &Object, entry: Option<InventoryEntry>, now_ns: u64) -> Self {
        let nothing = InventoryEntry::default();
        let now = entry.as_ref().unwrap_or(&nothing);
        Self {
            object: object.id.to_string(),
            is_new: false,
            changed: changed_facts(object, now, now_ns),
            removed: RemovedFacts {
                kind: object.listed.kind.is_some() && now.kind.is_none() && object.kind == object.listed.kind,
                parent: object.listed.parent.is_some() && now.parent.is_none() && object.parent == object.listed.parent,
                properties: removed_properties(object, now),
            },
            is_reduced: entry.is_none() || now.lacks_facts_of(&object.listed),
            entry,
        }
    }

    /// Returns the facts that change, apart from those that are removed.
    pub(super) fn facts(&self) -> ObjectFacts {
        match &self.entry {
            Some(entry) if self.is_new => entry.facts(&self.object, 0),
            _ => self.changed.clone(),
        }
    }

    /// `None` if no facts change.
    fn changed_facts(&self) -> Option<ObjectFacts> {
        let mut facts = self.changed.clone();
        facts.properties.extend(self.removed.properties.iter().map(|name| (name.clone(), None)));
        let is_empty =
            facts.kind.is_none() && facts.parent.is_none() && facts.properties.is_empty() && facts.metrics.is_empty();
        if is_empty { None } else { Some(facts) }
    }
}

/// Returns the facts that `now` states otherwise than the inventory before.
fn changed_facts(object: &Object, now: &InventoryEntry, time_ns: u64) -> ObjectFacts {
    let before = &object.listed;
    let mut facts = ObjectFacts { object: object.id.to_string(), time_ns, ..ObjectFacts::default() };
    if now.kind != before.kind {
        facts.kind = now.kind.as_deref().map(str::to_owned);
    }
    if now.parent != before.parent {
        facts.parent = now.parent.as_deref().map(str::to_owned);
    }
    let properties = now.properties.iter().filter(|(name, value)| before.properties.get(name) != Some(*value));
    facts.properties = properties.map(|(name, value)| (name.clone(), value.clone())).collect();
    let metrics = now.metrics.iter().filter(|(name, value)| before.metrics.get(name) != Some(*value));
    facts.metrics = metrics.map(|(name, value)| (name.clone(), *value)).collect();
    facts
}

/// Returns the properties that the inventory before gave an object, that `now` does not, and that the
/// stream has not changed since.
fn removed_properties(object: &Object, now: &InventoryEntry) -> Vec<String> {
    let mut removed = Vec::new();
    for (name, listed) in &object.listed.properties {
        let current = object.properties.get(name).and_then(|fact| fact.value.as_ref());
        if !now.properties.contains_key(name) && current.is_some() && current == listed.as_ref() {
            removed.push(name.clone());
        }
    }
    removed
}
