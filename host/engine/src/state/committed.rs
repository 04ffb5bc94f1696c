//! What a store knows of a rule's state: changes for it, what it gives back, and the version of both.

use std::collections::HashSet;

use super::{entry::Entry, memory::RuleMemory, undo::Undo};

impl RuleMemory {
    /// Returns the version of what it holds.
    pub(crate) const fn version(&self) -> u32 {
        self.version
    }

    /// Says that what it holds is of this version from now on.
    pub(crate) fn set_version(&mut self, version: u32) {
        self.version = version;
        self.mark_all_changed();
    }

    /// Returns the number of its entries.
    pub(crate) fn entries(&self) -> usize {
        self.objects.values().map(super::object::ObjectState::len).sum()
    }

    /// Returns whether it holds something of an object.
    pub(crate) fn has(&self, object: u32) -> bool {
        self.objects.contains_key(&object)
    }

    /// Returns the keys of an object.
    pub(crate) fn keys(&self, object: u32) -> Vec<String> {
        let Some(state) = self.objects.get(&object) else { return Vec::new() };
        let mut keys: Vec<String> = state.entries().map(|(key, _)| key.to_owned()).collect();
        keys.sort_unstable();
        keys
    }

    /// Takes over what another holds, of the same version and of other objects.
    pub(crate) fn absorb(&mut self, mut other: Self) {
        self.account.add(other.objects.values().map(super::object::ObjectState::bytes).sum());
        self.writes = self.writes.max(other.writes);
        for (object, keys) in std::mem::take(&mut other.changed) {
            self.changed.entry(object).or_default().extend(keys);
        }
        for (object, state) in std::mem::take(&mut other.objects) {
            let before = self.objects.insert(object, state);
            self.account.sub(before.map_or(0, |before| before.bytes()));
        }
    }

    /// Returns the objects of which it holds something, or a store may.
    pub(crate) fn objects(&self) -> HashSet<u32> {
        self.objects.keys().chain(self.changed.keys()).copied().collect()
    }

    /// Lets an object go. Returns the keys that a store may know of.
    pub(crate) fn evict(&mut self, object: u32) -> HashSet<Box<str>> {
        let keys = self.objects.remove(&object).unwrap_or_default();
        self.account.sub(keys.bytes());
        let mut gone = self.changed.remove(&object).unwrap_or_default();
        if self.checkpoints {
            gone.extend(keys.into_keys());
        }
        gone
    }

    /// Object, key and entry of what has changed since the last call.
    pub(crate) fn changes(&mut self) -> Vec<(u32, Box<str>, Option<Vec<u8>>)> {
        let changed = std::mem::take(&mut self.changed);
        let all = changed.into_iter().flat_map(|(object, keys)| keys.into_iter().map(move |key| (object, key)));
        let entry = |(object, key): (u32, Box<str>)| {
            let entry = self.objects.get(&object).and_then(|state| state.get(&key)).map(Entry::to_bytes);
            (object, key, entry)
        };
        all.map(entry).collect()
    }

    /// Restores an entry of this version that [`Self::changes`] returned. Returns whether it could be read.
    pub(crate) fn restore(&mut self, object: u32, key: &str, entry: &[u8]) -> bool {
        let Some(entry) = Entry::from_bytes(entry) else { return false };
        self.writes = self.writes.max(entry.written);
        let state = self.objects.entry(object).or_default();
        let bytes = state.bytes();
        state.insert(key, entry);
        let now = state.bytes();
        // What was committed stays, whatever the limits are now; it only cannot grow.
        self.account.sub(bytes.saturating_sub(now));
        self.account.add(now.saturating_sub(bytes));
        true
    }

    pub(super) fn track_changes(&mut self) {
        let undo = std::mem::take(&mut self.undo);
        for undo in undo {
            let (Undo::Entry { object, key, .. }
            | Undo::Counts { object, key, .. }
            | Undo::Distincts { object, key, .. }) = undo;
            self.changed.entry(object).or_default().insert(key);
        }
    }

    /// Returns object and key of every entry that there is, or that a store may know of.
    pub(crate) fn known_entries(&self) -> Vec<(u32, Box<str>)> {
        let held =
            self.objects.iter().flat_map(|(object, state)| state.entries().map(|(key, _)| (*object, key.into())));
        let changed = self.changed.iter().flat_map(|(object, keys)| keys.iter().map(|key| (*object, key.clone())));
        if self.checkpoints { held.chain(changed).collect() } else { Vec::new() }
    }

    /// Has a store write all entries again.
    pub(crate) fn mark_all_changed(&mut self) {
        if self.checkpoints {
            for (object, state) in &self.objects {
                let keys = state.entries().map(|(key, _)| key.into());
                self.changed.entry(*object).or_default().extend(keys);
            }
        }
    }
}
