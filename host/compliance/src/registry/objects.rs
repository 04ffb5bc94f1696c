//! The objects with their facts: which are known, which of them the store does not have yet.

use std::{collections::BTreeSet, sync::Arc};

use lifesigns_model::{DropKind, Drops, ObjectFacts};

use super::{
    apply,
    entry::{ObjectChange, ObjectEntry},
    inventory_diff::ObjectDiff,
    membership::Memberships,
    shared_facts::SharedFacts,
};
use crate::{
    groups::FactChanges,
    limits::{ANCESTORS, DISCOVERED_OBJECTS, NAME_BYTES, OBJECT_METRICS, OBJECTS},
    record::{Fact, InventoryEntry, Object},
    shared_table::SharedTable,
    shared_text::SharedText,
};

/// All known objects with their facts, by id. Of each fact the latest statement stands; late ones change nothing.
#[derive(Debug, Default)]
pub struct ObjectTable {
    entries: SharedTable<Arc<ObjectEntry>>,
    /// How many of them no inventory lists.
    discovered: usize,
    /// Those that changed since they were taken for the store.
    dirty: BTreeSet<Arc<str>>,
    dropped: Drops,
    parts: SharedFacts,
}

impl ObjectTable {
    /// Returns an object.
    pub fn get(&self, object: &str) -> Option<&Object> {
        self.entries.get(object).map(|entry| &entry.object)
    }

    /// Returns all objects, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Object> {
        self.entries.values().map(|entry| &entry.object)
    }

    /// Returns the number of objects.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there are no objects.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of objects that no inventory lists.
    pub const fn discovered(&self) -> usize {
        self.discovered
    }

    /// Returns what was dropped so far.
    pub const fn dropped(&self) -> &Drops {
        &self.dropped
    }

    /// Returns the shared id of an object.
    pub(crate) fn id(&self, object: &str) -> Option<&Arc<str>> {
        self.entries.get_key_value(object).map(|(id, _)| id)
    }

    /// Returns the ids of all objects, in order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.entries.keys()
    }

    /// Returns the objects whose ids come after `id`, or all objects, by id.
    pub(crate) fn after(&self, id: Option<&str>) -> impl Iterator<Item = &Object> {
        self.entries.iter_after(id).map(|(_, entry)| &entry.object)
    }

    /// Returns the ancestors of an object, its parent first, at most [`ANCESTORS`]; of a cycle of parents each
    /// once.
    pub fn ancestors(&self, object: &str) -> Vec<&str> {
        let mut ancestors: Vec<&str> = Vec::new();
        let mut at = self.get(object);
        while let Some(parent) = at.and_then(|object| object.parent.as_deref()) {
            if parent == object || ancestors.len() >= ANCESTORS || ancestors.contains(&parent) {
                break;
            }
            ancestors.push(parent);
            at = self.get(parent);
        }
        ancestors
    }

    /// Returns whether the object is in a cycle of parents, or may be because it has too many ancestors. The
    /// alert of a parent in such a cycle inhibits none.
    pub fn is_own_ancestor(&self, object: &str) -> bool {
        let ancestors = self.ancestors(object);
        let last = ancestors.last().copied().unwrap_or(object);
        ancestors.len() >= ANCESTORS || self.get(last).and_then(|last| last.parent.as_deref()) == Some(object)
    }

    /// Returns the objects as they are now, to be read. What is noted for the store stays here.
    pub(super) fn share(&self) -> Self {
        Self { entries: self.entries.share(), discovered: self.discovered, ..Self::default() }
    }

    /// Removes all objects. What was dropped so far stays.
    pub(super) fn clear(&mut self) {
        *self = Self { dropped: std::mem::take(&mut self.dropped), ..Self::default() };
    }

    /// Returns an object with what is kept beside it.
    pub(super) fn entry(&self, object: &str) -> Option<&ObjectEntry> {
        self.entries.get(object).map(|entry| &**entry)
    }

    /// Returns all objects with what is kept beside them, by id.
    pub(super) fn entries(&self) -> impl Iterator<Item = &ObjectEntry> {
        self.entries.values().map(|entry| &**entry)
    }

    /// Returns the entry of an object that is known, to be changed.
    pub(super) fn known_mut(&mut self, id: &str) -> &mut ObjectEntry {
        known(&mut self.entries, id)
    }

    /// Inserts an object that a store kept, which is not dirty.
    pub(super) fn insert_stored(&mut self, mut object: Object) -> ObjectChange {
        self.parts.share(&mut object);
        let id: Arc<str> = object.id.share();
        self.discovered += usize::from(object.discovered);
        let written_ns = object.last_ns;
        let entry = ObjectEntry { object, memberships: Memberships::default(), written_ns };
        self.entries.insert(id.clone(), Arc::new(entry));
        let facts = FactChanges { new: true, parent: true, ..FactChanges::default() };
        ObjectChange { id, facts, parent_before: None }
    }

    /// Applies facts of one object, which is inserted as discovered if it was not known. `None` if there is no
    /// room for it.
    pub(super) fn apply(&mut self, facts: &ObjectFacts) -> Option<ObjectChange> {
        let (id, new) = self.find_or_insert(&facts.object, true)?;
        let entry = known(&mut self.entries, &id);
        let parent_before = entry.object.parent.clone();
        let mut changed = FactChanges { new, ..FactChanges::default() };
        apply::event(&mut entry.object, facts, &mut changed, &mut self.dropped);
        if changed.kind || changed.parent {
            self.parts.share(&mut entry.object);
        }
        // A known fact that is stated again is not worth a write of its own.
        if !changed.is_empty() || entry.is_stale() {
            self.dirty.insert(id.clone());
        }
        Some(ObjectChange { id, facts: changed, parent_before })
    }

    /// Notes that an object was seen at `time_ns`. Returns whether it is known.
    pub(super) fn touch(&mut self, object: &str, time_ns: u64) -> bool {
        let Some(entry) = self.entries.get_mut(object).map(Arc::make_mut) else { return false };
        apply::touch(&mut entry.object, time_ns);
        if entry.is_stale() {
            self.dirty.insert(object.into());
        }
        true
    }

    /// Makes the change that an inventory, read at `now_ns`, makes to one object. `None` if there is no room for it.
    pub(super) fn apply_diff(&mut self, diff: &ObjectDiff, now_ns: u64) -> Option<ObjectChange> {
        let is_listed = diff.entry.is_some();
        let (id, new) = self.find_or_insert(&diff.object, !is_listed)?;
        let entry = known(&mut self.entries, &id);
        let object = &mut entry.object;
        let mut facts = FactChanges { new, ..FactChanges::default() };
        let parent_before = object.parent.clone();
        apply::remove(object, &diff.removed, now_ns, &mut facts);
        apply::facts(object, &diff.facts(), &mut facts, &mut self.dropped);
        object.listed = Arc::new(listed(object, diff.entry.clone().unwrap_or_default()));
        self.discovered -= usize::from(object.discovered);
        self.discovered += usize::from(!is_listed);
        object.discovered = !is_listed;
        self.parts.share(object);
        self.dirty.insert(id.clone());
        Some(ObjectChange { id, facts, parent_before })
    }

    /// Expires a metric of an object, which was not reported again in time. The inventory's value, if there
    /// is one, applies again. `None` if there is no such metric.
    pub(super) fn expire_metric(&mut self, object: &str, metric: &str) -> Option<ObjectChange> {
        let entry = self.entries.get_mut(object).map(Arc::make_mut)?;
        let sample = entry.object.metrics.remove(metric)?;
        let id: Arc<str> = object.into();
        let parent_before = entry.object.parent.clone();
        if let Some(value) = entry.object.listed.metrics.get(metric) {
            entry.object.metrics.insert(metric.to_owned(), Fact { value: *value, time_ns: 0 });
        }
        entry.object.stale.insert(metric.to_owned(), sample);
        while entry.object.stale.len() > OBJECT_METRICS {
            // A stream of ever new names must not fill the store: the oldest is forgotten.
            let oldest = entry.object.stale.iter().min_by_key(|(_, sample)| sample.time_ns);
            let Some(oldest) = oldest.map(|(name, _)| name.clone()) else { break };
            entry.object.stale.remove(&oldest);
            self.dropped.note(DropKind::StaleMetrics, format_args!("{oldest} of {id}"));
        }
        self.dirty.insert(Arc::clone(&id));
        let facts = FactChanges { metrics: [metric.to_owned()].into(), ..FactChanges::default() };
        Some(ObjectChange { id, facts, parent_before })
    }

    /// Follows the host's clock, which was ahead, back to `time_ns`: no fact is later than that.
    pub(super) fn set_clock_back(&mut self, time_ns: u64) {
        self.entries.for_each_mut(|id, entry| {
            if apply::latest_ns(&entry.object) > time_ns {
                let entry = Arc::make_mut(entry);
                apply::set_clock_back(&mut entry.object, time_ns);
                entry.written_ns = entry.written_ns.min(time_ns);
                self.dirty.insert(id.clone());
            }
        });
    }

    /// Removes an object. `None` if it is not known.
    pub(super) fn remove(&mut self, object: &str) -> Option<(Arc<str>, Arc<ObjectEntry>)> {
        let (id, entry) = self.entries.remove_entry(object)?;
        self.discovered -= usize::from(entry.object.discovered);
        self.dirty.remove(&id);
        Some((id, entry))
    }

    /// Takes the objects that changed since the last call, by id, for the store.
    pub(super) fn take_dirty(&mut self) -> Vec<Object> {
        let dirty = std::mem::take(&mut self.dirty);
        let mut objects = Vec::with_capacity(dirty.len());
        for id in dirty {
            if let Some(entry) = self.entries.get_mut(&id).map(Arc::make_mut) {
                entry.written_ns = entry.object.last_ns;
                objects.push(entry.object.clone());
            }
        }
        objects
    }

    /// Returns the object's id, and whether it was inserted. `None`, and counted, if there is no room for it
    /// or its id is empty or too long.
    fn find_or_insert(&mut self, object: &str, discovered: bool) -> Option<(Arc<str>, bool)> {
        if let Some((id, _)) = self.entries.get_key_value(object) {
            return Some((id.clone(), false));
        }
        let full = self.entries.len() >= OBJECTS || (discovered && self.discovered >= DISCOVERED_OBJECTS);
        if object.is_empty() || object.len() > NAME_BYTES {
            self.dropped.note(DropKind::ObjectNames, object);
            return None;
        }
        if full {
            self.dropped.note(DropKind::Objects, object);
            return None;
        }
        let id: Arc<str> = object.into();
        let object = Object { id: SharedText::from(&id), discovered, ..self.parts.empty() };
        self.discovered += usize::from(discovered);
        let entry = ObjectEntry { object, memberships: Memberships::default(), written_ns: 0 };
        self.entries.insert(id.clone(), Arc::new(entry));
        Some((id, true))
    }
}

/// Returns what the inventory states of an object, with the texts of what holds of it, which is most of it.
fn listed(object: &Object, mut entry: InventoryEntry) -> InventoryEntry {
    share_text(&mut entry.kind, &object.kind);
    share_text(&mut entry.parent, &object.parent);
    entry
}

/// Lets a text be that of `known` if it is equal.
fn share_text(text: &mut Option<SharedText>, known: &Option<SharedText>) {
    if text == known {
        text.clone_from(known);
    }
}

/// Returns the entry of an object that is known, to be changed.
fn known<'a>(entries: &'a mut SharedTable<Arc<ObjectEntry>>, id: &str) -> &'a mut ObjectEntry {
    let Some(entry) = entries.get_mut(id) else { unreachable!("{id} is known") };
    Arc::make_mut(entry)
}
