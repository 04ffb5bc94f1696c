//! A map for very many entries that change often, whose copies share them: an entry has a slot for as long as it is
//! there, so a change after a copy clones a few slots and no names.

mod slots;
#[cfg(test)]
mod tests;

use std::{hash::BuildHasher, sync::Arc};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use self::slots::Slots;
use crate::shared_map::SharedMap;

/// A map from names to values, in the order of the names, see the module. The copies that [`Self::share`] makes are
/// only read.
#[derive(Debug)]
pub(crate) struct SharedTable<V> {
    /// The slot of each name, in the order of the names.
    order: SharedMap<u32>,
    /// The same, to be found at once, by the hash of the name. A copy has none of it.
    known: HashTable<u32>,
    hashes: RandomState,
    /// The name of each slot, empty if the slot is. A copy has none of it.
    names: Vec<Arc<str>>,
    values: Slots<V>,
    /// Slots below the highest one that are empty. A copy has none of it.
    free: Vec<u32>,
}

impl<V> Default for SharedTable<V> {
    fn default() -> Self {
        Self {
            order: SharedMap::default(),
            known: HashTable::new(),
            hashes: RandomState::default(),
            names: Vec::new(),
            values: Slots::default(),
            free: Vec::new(),
        }
    }
}

impl<V> SharedTable<V> {
    /// Returns a copy that shares all entries, to be read. It costs the same however many there are.
    pub(crate) fn share(&self) -> Self {
        Self { order: self.order.clone(), values: self.values.clone(), ..Self::default() }
    }

    /// Returns the number of entries.
    pub(crate) const fn len(&self) -> usize {
        self.order.len()
    }

    /// Returns a value.
    pub(crate) fn get(&self, name: &str) -> Option<&V> {
        self.get_key_value(name).map(|(_, value)| value)
    }

    /// Returns the shared name and the value.
    pub(crate) fn get_key_value(&self, name: &str) -> Option<(&Arc<str>, &V)> {
        let (name, slot) = self.slot(name)?;
        self.values.get(slot).map(|value| (name, value))
    }

    /// Returns all entries, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &V)> {
        self.iter_after(None)
    }

    /// Returns the entries whose names come after `name`; all entries if it is `None`.
    pub(crate) fn iter_after(&self, name: Option<&str>) -> impl Iterator<Item = (&Arc<str>, &V)> {
        let order = match name {
            Some(name) => self.order.iter_after(name),
            None => self.order.iter(),
        };
        order.filter_map(|entry| self.entry(entry))
    }

    /// Returns all names, in order.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Arc<str>> {
        self.order.keys()
    }

    /// Returns all values, by name.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    fn entry<'a>(&'a self, (name, slot): (&'a Arc<str>, &u32)) -> Option<(&'a Arc<str>, &'a V)> {
        self.values.get(*slot).map(|value| (name, value))
    }

    fn slot(&self, name: &str) -> Option<(&Arc<str>, u32)> {
        if self.known.is_empty() {
            return self.order.get_key_value(name).map(|(name, slot)| (name, *slot));
        }
        let slot = *self.known.find(self.hashes.hash_one(name), |slot| *self.names[*slot as usize] == *name)?;
        Some((&self.names[slot as usize], slot))
    }
}

impl<V: Clone> SharedTable<V> {
    /// Returns a value to be changed.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let (_, slot) = self.slot(name)?;
        self.values.get_mut(slot)
    }

    /// Returns a value to be changed; it is added if it is not there.
    pub(crate) fn entry_or_default(&mut self, name: &Arc<str>) -> &mut V
    where
        V: Default,
    {
        let slot = match self.slot(name) {
            Some((_, slot)) => slot,
            None => self.add(Arc::clone(name), V::default()),
        };
        match self.values.get_mut(slot) {
            Some(value) => value,
            None => unreachable!("{name} is there"),
        }
    }

    /// Adds an entry. Returns the value that the name had before; the name stays the one that was there.
    pub(crate) fn insert(&mut self, name: Arc<str>, value: V) -> Option<V> {
        if let Some((_, slot)) = self.slot(&name) {
            return self.values.replace(slot, Some(value));
        }
        self.add(name, value);
        None
    }

    fn add(&mut self, name: Arc<str>, value: V) -> u32 {
        // Without free slots all slots below the number of entries are taken.
        let slot = self.free.pop().unwrap_or_else(|| u32::try_from(self.len()).unwrap_or(u32::MAX));
        self.values.replace(slot, Some(value));
        if slot as usize >= self.names.len() {
            self.names.resize(slot as usize + 1, Arc::default());
        }
        self.names[slot as usize] = Arc::clone(&name);
        let rehash = |slot: &u32| self.hashes.hash_one(&*self.names[*slot as usize]);
        self.known.insert_unique(self.hashes.hash_one(&*name), slot, rehash);
        self.order.insert(name, slot);
        slot
    }

    /// Removes an entry.
    pub(crate) fn remove(&mut self, name: &str) -> Option<V> {
        self.remove_entry(name).map(|(_, value)| value)
    }

    /// Removes an entry. Returns the shared name and the value.
    pub(crate) fn remove_entry(&mut self, name: &str) -> Option<(Arc<str>, V)> {
        let is_name = |slot: &u32| *self.names[*slot as usize] == *name;
        let entry = self.known.find_entry(self.hashes.hash_one(name), is_name).ok()?;
        let (slot, _) = entry.remove();
        let name = std::mem::take(&mut self.names[slot as usize]);
        self.order.remove(&name);
        self.free.push(slot);
        let value = self.values.replace(slot, None)?;
        Some((name, value))
    }

    /// Changes all values, in the order of their names.
    pub(crate) fn for_each_mut(&mut self, mut change: impl FnMut(&Arc<str>, &mut V)) {
        for (name, slot) in &self.order {
            if let Some(value) = self.values.get_mut(*slot) {
                change(name, value);
            }
        }
    }
}
