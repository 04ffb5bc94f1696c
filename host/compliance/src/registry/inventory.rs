//! The whole inventory at once: it speaks for what it names, and no longer for what it does not. What
//! it said last is remembered, so that only what has changed in it is news.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use lifesigns_model::ObjectFacts;

use super::{
    ObjectRegistry,
    apply::{self, taken_back},
    outcome::{AffectedObjects, InventoryDiff},
};
use crate::{
    groups::FactChanges,
    record::{InventoryEntry, Object},
};

impl ObjectRegistry {
    /// The whole inventory, in the place of the one before; it is read at `now_ns`.
    ///
    /// - What it names is not discovered; what an earlier one named and this does not is from now
    ///   on.
    /// - What it says as it did before changes nothing: where the stream said something else since,
    ///   that stands.
    /// - What it says otherwise than before, or for the first time, holds from `now_ns` on. Of an
    ///   object that was not known at all it has held for ever.
    /// - A kind, a parent or a property that it said before and no longer does is removed, unless the
    ///   stream said something else since. What only the stream ever said is left alone. Metrics are
    ///   samples and stay.
    /// - An object that is named twice has the facts of both; of the same fact the later counts.
    pub fn inventory(&mut self, objects: &[ObjectFacts], now_ns: u64) -> AffectedObjects {
        let named = merged(objects);
        let mut touched = BTreeSet::new();
        let unnamed = self.objects.iter().filter(|(id, one)| !one.object.discovered && !named.contains_key(&***id));
        let unnamed: Vec<Arc<str>> = unnamed.map(|(id, _)| id.clone()).collect();
        for (id, now) in named {
            self.name(id, now, now_ns, &mut touched);
        }
        for id in unnamed {
            self.unname(&id, now_ns, &mut touched);
        }
        AffectedObjects::of(touched)
    }

    /// What [`Self::inventory`] would change, for those who keep facts of their own.
    pub fn news(&self, objects: &[ObjectFacts], now_ns: u64) -> InventoryDiff {
        let (mut news, nothing) = (InventoryDiff::default(), InventoryEntry::default());
        let named = merged(objects);
        for (id, now) in &named {
            let facts = |time_ns| ObjectFacts { object: (*id).to_owned(), time_ns, ..ObjectFacts::default() };
            let Some(object) = self.object(id) else {
                news.new.push(now.facts(id, 0));
                continue;
            };
            news.known.push(object.listed.facts(id, 0));
            let mut changed = changed(object, now, facts(now_ns));
            changed.properties.extend(taken_back(object, now).map(|name| (name.to_owned(), None)));
            news.changed.extend(Some(changed).filter(|changed| *changed != facts(now_ns)));
        }
        for object in self.objects().filter(|object| !object.discovered && !named.contains_key(object.id.as_str())) {
            let properties: Vec<_> = taken_back(object, &nothing).map(|name| (name.to_owned(), None)).collect();
            if !properties.is_empty() {
                let object = object.id.clone();
                news.changed.push(ObjectFacts { object, time_ns: now_ns, properties, ..ObjectFacts::default() });
            }
        }
        news
    }

    /// The inventory as it was read last.
    pub fn listed(&self) -> Vec<ObjectFacts> {
        let listed = self.objects().filter(|object| !object.discovered);
        listed.map(|object| object.listed.facts(&object.id, 0)).collect()
    }

    fn name(&mut self, id: &str, now: InventoryEntry, now_ns: u64, touched: &mut BTreeSet<Arc<str>>) {
        let Some((id, new)) = self.open(id, false) else { return };
        let Some(one) = self.objects.get_mut(&id) else { return };
        let object = &mut one.object;
        let mut moved = FactChanges { new, ..FactChanges::default() };
        let parent = object.parent.clone();
        if object.discovered {
            object.discovered = false;
            self.discovered -= 1;
            self.dirty.insert(id.clone());
        }
        if new || object.listed != now {
            apply::take_back(object, &now, now_ns, &mut moved);
            let time_ns = if new { 0 } else { now_ns };
            let facts = ObjectFacts { object: id.to_string(), time_ns, ..ObjectFacts::default() };
            let facts = changed(object, &now, facts);
            apply::facts(object, &facts, &mut moved, &mut self.dropped);
            object.listed = now;
            self.dirty.insert(id.clone());
        }
        self.settle(&id, &moved, parent, touched);
    }

    fn unname(&mut self, id: &Arc<str>, now_ns: u64, touched: &mut BTreeSet<Arc<str>>) {
        let Some(one) = self.objects.get_mut(id) else { return };
        let mut changed = FactChanges::default();
        let parent = one.object.parent.clone();
        apply::take_back(&mut one.object, &InventoryEntry::default(), now_ns, &mut changed);
        one.object.listed = InventoryEntry::default();
        one.object.discovered = true;
        self.discovered += 1;
        self.dirty.insert(id.clone());
        self.settle(id, &changed, parent, touched);
    }
}

impl InventoryEntry {
    /// As facts of an object.
    fn facts(&self, object: &str, time_ns: u64) -> ObjectFacts {
        ObjectFacts {
            object: object.to_owned(),
            time_ns,
            kind: self.kind.clone(),
            parent: self.parent.clone(),
            properties: self.properties.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            metrics: self.metrics.iter().map(|(name, value)| (name.clone(), *value)).collect(),
        }
    }
}

/// What each object is said to be, over all files.
fn merged(objects: &[ObjectFacts]) -> BTreeMap<&str, InventoryEntry> {
    let mut named: BTreeMap<&str, InventoryEntry> = BTreeMap::new();
    for facts in objects {
        let listed = named.entry(&facts.object).or_default();
        listed.kind = facts.kind.clone().or(listed.kind.take());
        listed.parent = facts.parent.clone().or(listed.parent.take());
        listed.properties.extend(facts.properties.iter().cloned());
        // What is no number equals nothing, itself neither.
        listed.metrics.extend(facts.metrics.iter().filter(|(_, value)| value.is_finite()).cloned());
    }
    named
}

/// What `now` says otherwise than the inventory before, put into `facts`.
fn changed(object: &Object, now: &InventoryEntry, mut facts: ObjectFacts) -> ObjectFacts {
    let before = &object.listed;
    facts.kind = now.kind.clone().filter(|_| now.kind != before.kind);
    facts.parent = now.parent.clone().filter(|_| now.parent != before.parent);
    let properties = now.properties.iter().filter(|(name, value)| before.properties.get(*name) != Some(*value));
    facts.properties.extend(properties.map(|(name, value)| (name.clone(), value.clone())));
    let metrics = now.metrics.iter().filter(|(name, value)| before.metrics.get(*name) != Some(*value));
    facts.metrics.extend(metrics.map(|(name, value)| (name.clone(), *value)));
    facts
}
