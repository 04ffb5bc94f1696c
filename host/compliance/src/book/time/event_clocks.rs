//! All event clocks, by source and object.

use crate::book::{
    ids::{Id, IdMap},
    time::event_clock::{ClockKey, EventClock},
};

/// See the module. The order of the clocks is of no account.
#[derive(Debug, Default)]
pub(crate) struct EventClocks {
    sources: IdMap<IdMap<EventClock>>,
    len: usize,
}

impl EventClocks {
    /// Returns the number of clocks.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn get(&self, key: &ClockKey) -> Option<&EventClock> {
        self.sources.get(&key.source)?.get(&key.object)
    }

    pub(crate) fn get_mut(&mut self, key: &ClockKey) -> Option<&mut EventClock> {
        self.sources.get_mut(&key.source)?.get_mut(&key.object)
    }

    /// Returns a clock, which is added if it is not there.
    pub(crate) fn entry_or_default(&mut self, key: &ClockKey) -> &mut EventClock {
        let objects = self.sources.entry(key.source.clone()).or_default();
        let before = objects.len();
        if !objects.contains_key(&key.object) {
            objects.insert(key.object.clone(), EventClock::default());
        }
        self.len += objects.len() - before;
        match objects.get_mut(&key.object) {
            Some(clock) => clock,
            None => unreachable!("{key:?} was just added"),
        }
    }

    pub(crate) fn remove(&mut self, key: &ClockKey) {
        // Clocks that wait for nothing are evicted.
        let Some(objects) = self.sources.get_mut(&key.source) else { return };
        self.len -= usize::from(objects.remove(&key.object).is_some());
        if objects.is_empty() {
            self.sources.remove(&key.source);
        }
    }

    /// Removes the clocks of an object that `goes` chooses.
    pub(crate) fn remove_object(&mut self, object: &Id, goes: impl Fn(&EventClock) -> bool) {
        for objects in self.sources.values_mut() {
            if objects.get(object).is_some_and(&goes) {
                objects.remove(object);
                self.len -= 1;
            }
        }
        self.sources.retain(|_, objects| !objects.is_empty());
    }

    /// Returns all clocks with their keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (ClockKey, &EventClock)> {
        self.sources.iter().flat_map(|(source, objects)| {
            let key = |object: &Id| ClockKey { source: source.clone(), object: object.clone() };
            objects.iter().map(move |(object, clock)| (key(object), clock))
        })
    }

    /// Returns the clocks of a source by object, to be changed.
    pub(crate) fn of_source_mut(&mut self, source: &str) -> impl Iterator<Item = (ClockKey, &mut EventClock)> {
        let source: Id = source.into();
        let objects = self.sources.get_mut(&source).into_iter().flatten();
        objects.map(move |(object, clock)| (ClockKey { source: source.clone(), object: object.clone() }, clock))
    }
}
