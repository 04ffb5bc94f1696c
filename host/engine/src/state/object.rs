//! A rule's state on one object: entries by key, and what they take.

use std::collections::{HashMap, hash_map::IntoKeys};

use super::entry::{Entry, EntryValue};

/// What an entry takes beside its key's text and what it holds.
const ENTRY_BYTES: usize = size_of::<(Box<str>, Entry)>();

#[derive(Default)]
pub(super) struct ObjectState {
    keys: HashMap<Box<str>, Entry>,
    bytes: usize,
}

fn size(key: &str, entry: &Entry) -> usize {
    ENTRY_BYTES + key.len() + entry.held.bytes()
}

impl ObjectState {
    /// What all entries take in memory, more or less.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The same, counted one by one.
    #[cfg(test)]
    pub(super) fn counted(&self) -> usize {
        self.keys.iter().map(|(key, entry)| size(key, entry)).sum()
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.keys.get(key)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.keys.contains_key(key)
    }

    /// Puts an entry under `key`; returns the one before.
    pub(super) fn insert(&mut self, key: &str, entry: Entry) -> Option<Entry> {
        self.bytes += size(key, &entry);
        let before = self.keys.insert(key.into(), entry);
        if let Some(before) = &before {
            self.bytes -= size(key, before);
        }
        before
    }

    /// Takes out the entry under `key`.
    pub(super) fn remove(&mut self, key: &str) -> Option<Entry> {
        let before = self.keys.remove(key)?;
        self.bytes -= size(key, &before);
        Some(before)
    }

    /// Changes what stands under `key`, if something does.
    pub(super) fn change<T>(&mut self, key: &str, change: impl FnOnce(&mut EntryValue, &mut u64) -> T) -> Option<T> {
        let entry = self.keys.get_mut(key)?;
        let before = entry.held.bytes();
        let changed = change(&mut entry.held, &mut entry.written);
        self.bytes = self.bytes - before + entry.held.bytes();
        Some(changed)
    }

    /// The key that was written longest ago.
    pub(super) fn eviction_candidates(&self) -> Option<Box<str>> {
        self.keys.iter().min_by_key(|(_, entry)| entry.written).map(|(key, _)| key.clone())
    }

    /// Returns keys and entries.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.keys.iter().map(|(key, entry)| (&**key, entry))
    }

    pub(super) fn into_keys(self) -> IntoKeys<Box<str>, Entry> {
        self.keys.into_keys()
    }
}
