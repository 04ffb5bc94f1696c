//! The whole inventory at once: it speaks for what it names, and no longer for what it does not.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use lifesigns_model::ObjectFacts;

use super::{Directory, Touched, apply};
use crate::{groups::Changed, record::Listed};

impl Directory {
    /// The whole inventory, in the place of the one before.
    ///
    /// - What it names is not discovered; what an earlier one named and this does not is from now
    ///   on.
    /// - Its facts are taken as all facts are: where something newer is known, that stands.
    /// - A kind, a parent or a property that an earlier inventory gave an object and this does not is
    ///   removed, unless something newer than this inventory is known of it. What only the stream
    ///   ever said is left alone. Metrics are samples and stay.
    /// - An object that is named twice has the facts of both; of the same fact the later counts.
    ///
    /// Its time, for what it takes back, is the object's latest in it, and for objects that it does
    /// not name the latest of all. An inventory without objects has no time of its own: it takes
    /// back everything up to the last event.
    pub fn inventory(&mut self, objects: Vec<ObjectFacts>) -> Touched {
        let time_ns = objects.iter().map(|facts| facts.time_ns).max().unwrap_or(self.latest_ns);
        let mut named: BTreeMap<&str, Vec<&ObjectFacts>> = BTreeMap::new();
        for facts in &objects {
            named.entry(&facts.object).or_default().push(facts);
        }
        let mut touched = BTreeSet::new();
        for (id, facts) in &named {
            self.name(id, facts, &mut touched);
        }
        let unnamed = self.objects.iter().filter(|(id, one)| !one.object.discovered && !named.contains_key(&***id));
        let unnamed: Vec<Arc<str>> = unnamed.map(|(id, _)| id.clone()).collect();
        for id in unnamed {
            self.unname(&id, time_ns, &mut touched);
        }
        Touched::of(touched)
    }

    fn name(&mut self, id: &str, facts: &[&ObjectFacts], touched: &mut BTreeSet<Arc<str>>) {
        let Some((id, new)) = self.open(id, false) else { return };
        let Some(one) = self.objects.get_mut(&id) else { return };
        let object = &mut one.object;
        let mut changed = Changed { new, ..Changed::default() };
        let parent = object.parent.clone();
        let before = object.clone();
        if object.discovered {
            object.discovered = false;
            self.discovered -= 1;
        }
        let mut listed = Listed::default();
        for facts in facts {
            listed.kind |= facts.kind.is_some();
            listed.parent |= facts.parent.is_some();
            listed.properties.extend(facts.properties.iter().map(|(name, _)| name.clone()));
        }
        let time_ns = facts.iter().map(|facts| facts.time_ns).max().unwrap_or_default();
        apply::take_back(object, &listed, time_ns, &mut changed);
        for facts in facts {
            apply::apply(object, facts, &mut changed, &mut self.dropped);
        }
        listed.properties.retain(|name| object.properties.contains_key(name));
        object.listed = listed;
        self.latest_ns = self.latest_ns.max(object.last_ns);
        if new || *object != before {
            self.dirty.insert(id.clone());
        }
        self.settle(&id, &changed, parent, touched);
    }

    fn unname(&mut self, id: &Arc<str>, time_ns: u64, touched: &mut BTreeSet<Arc<str>>) {
        let Some(one) = self.objects.get_mut(id) else { return };
        let mut changed = Changed::default();
        let parent = one.object.parent.clone();
        apply::take_back(&mut one.object, &Listed::default(), time_ns, &mut changed);
        one.object.discovered = true;
        self.discovered += 1;
        self.dirty.insert(id.clone());
        self.settle(id, &changed, parent, touched);
    }
}
