//! The inventory as a whole: what it states of the objects that it lists replaces what the one before
//! stated. What was stated last is kept with each object, so that only differences are changes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use lifesigns_model::{ObjectAliases, ObjectFacts};

use super::{
    ObjectRegistry,
    affected::AffectedObjects,
    apply,
    entry::existing,
    inventory_diff::{InventoryDiff, ObjectDiff},
};
use crate::{groups::FactChanges, record::InventoryEntry, shared_text::SharedText};

impl ObjectRegistry {
    /// Returns what `objects`, the whole inventory, changes when it replaces the one before; it is read at
    /// `now_ns` of the host's clock.
    ///
    /// - Listed objects are not discovered; those that only the inventory before listed are from now on.
    /// - A fact that is stated as before changes nothing: what the stream has stated since stays.
    /// - A fact that is stated otherwise, or for the first time, holds from `now_ns` on. Facts of an object
    ///   that was not known at all have held since ever.
    /// - A kind, a parent or a property that is no longer stated is removed, unless the stream has changed it
    ///   since. Facts that only the stream ever stated are left alone, and so are metrics, which are samples.
    /// - An object that is listed twice has the facts of both entries; of the same fact the later counts.
    pub fn inventory_diff(&self, objects: &[ObjectFacts], now_ns: u64) -> InventoryDiff {
        let listed = merged(objects);
        let no_longer = self.objects().filter(|one| !one.discovered && !listed.contains_key(one.id.as_str()));
        let no_longer: Vec<ObjectDiff> = no_longer.map(|object| ObjectDiff::of_known(object, None, now_ns)).collect();
        let mut diff = InventoryDiff { objects: Vec::new(), now_ns };
        for (id, entry) in listed {
            match self.object(id) {
                None => diff.objects.push(ObjectDiff::of_new(id, entry)),
                Some(object) if object.discovered || *object.listed != entry => {
                    diff.objects.push(ObjectDiff::of_known(object, Some(entry), now_ns));
                }
                Some(_) => {}
            }
        }
        diff.objects.extend(no_longer);
        diff
    }

    /// Makes the changes of an inventory. `diff` is [`Self::inventory_diff`] of the registry as it is now.
    pub fn apply_inventory(&mut self, diff: &InventoryDiff) -> AffectedObjects {
        let mut affected = BTreeSet::new();
        for one in &diff.objects {
            self.apply_object_diff(one, diff.now_ns, &mut affected);
        }
        AffectedObjects::of(affected)
    }

    /// Returns the inventory as it was read last.
    pub fn listed(&self) -> Vec<ObjectFacts> {
        let listed = self.objects().filter(|object| !object.discovered);
        listed.map(|object| object.listed.facts(&object.id, 0)).collect()
    }

    /// Returns what the inventory before stated of those of `objects` that are known, by id.
    pub fn listed_before(&self, objects: &[ObjectFacts]) -> Vec<ObjectFacts> {
        let ids: BTreeSet<&str> = objects.iter().map(|facts| facts.object.as_str()).collect();
        let known = ids.into_iter().filter_map(|id| self.object(id));
        known.map(|object| object.listed.facts(&object.id, 0)).collect()
    }

    fn apply_object_diff(&mut self, diff: &ObjectDiff, now_ns: u64, affected: &mut BTreeSet<Arc<str>>) {
        let is_listed = diff.entry.is_some();
        let Some((id, new)) = self.find_or_insert(&diff.object, !is_listed) else { return };
        let entry = existing(&mut self.objects, &id);
        let object = &mut entry.object;
        let mut changes = FactChanges { new, ..FactChanges::default() };
        let parent_before = object.parent.clone();
        apply::remove(object, &diff.removed, now_ns, &mut changes);
        apply::facts(object, &diff.facts(), &mut changes, &mut self.dropped);
        let mut listed = diff.entry.clone().unwrap_or_default();
        // Most of what it states now holds.
        share_text(&mut listed.kind, &object.kind);
        share_text(&mut listed.parent, &object.parent);
        object.listed = Arc::new(listed);
        if object.discovered && is_listed {
            self.discovered -= 1;
        } else if !object.discovered && !is_listed {
            self.discovered += 1;
        }
        object.discovered = !is_listed;
        self.parts.share(object);
        self.dirty.insert(id.clone());
        self.propagate(&id, &changes, parent_before, affected);
    }
}

/// Lets a text be that of `known` if it is equal.
fn share_text(text: &mut Option<SharedText>, known: &Option<SharedText>) {
    if text == known {
        text.clone_from(known);
    }
}

/// Returns the entry of each object, over all files.
fn merged(objects: &[ObjectFacts]) -> BTreeMap<&str, InventoryEntry> {
    let names = ObjectAliases::of(objects);
    let mut entries: BTreeMap<&str, InventoryEntry> = BTreeMap::new();
    for facts in objects {
        let entry = entries.entry(&facts.object).or_default();
        entry.kind = facts.kind.as_ref().map(SharedText::from).or(entry.kind.take());
        let parent = facts.parent.as_ref().map(|name| SharedText::from(names.object_of(name).unwrap_or(name)));
        entry.parent = parent.or(entry.parent.take());
        entry.properties.extend(facts.properties.iter().cloned());
        // NaN differs from itself, and would be a change each time.
        entry.metrics.extend(facts.metrics.iter().filter(|(_, value)| value.is_finite()).cloned());
        entry.aliases.extend(facts.aliases.iter().cloned());
    }
    entries
}
