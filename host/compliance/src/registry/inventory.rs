//! The inventory as a whole: what it states of the objects that it lists replaces what the one before
//! stated. What was stated last is kept with each object, so that only differences are changes.

use std::collections::{BTreeMap, BTreeSet};

use lifesigns_model::{ObjectAliases, ObjectFacts};

use super::{
    inventory_diff::{InventoryDiff, ObjectDiff},
    objects::ObjectTable,
};
use crate::{record::InventoryEntry, shared_text::SharedText};

impl ObjectTable {
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
        let no_longer = self.iter().filter(|one| !one.discovered && !listed.contains_key(one.id.as_str()));
        let no_longer: Vec<ObjectDiff> = no_longer.map(|object| ObjectDiff::of_known(object, None, now_ns)).collect();
        let mut diff = InventoryDiff { objects: Vec::new(), now_ns };
        for (id, entry) in listed {
            match self.get(id) {
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

    /// Returns the inventory as it was read last.
    pub fn listed(&self) -> Vec<ObjectFacts> {
        let listed = self.iter().filter(|object| !object.discovered);
        listed.map(|object| object.listed.facts(&object.id, 0)).collect()
    }

    /// Returns what the inventory before stated of those of `objects` that are known, by id.
    pub fn listed_before(&self, objects: &[ObjectFacts]) -> Vec<ObjectFacts> {
        let ids: BTreeSet<&str> = objects.iter().map(|facts| facts.object.as_str()).collect();
        let known = ids.into_iter().filter_map(|id| self.get(id));
        known.map(|object| object.listed.facts(&object.id, 0)).collect()
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
