//! Names and ids, shared between the parts of the book.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use foldhash::fast::RandomState;

/// The name of a definition or symptom, or the id of an object.
pub(super) type Id = Arc<str>;

/// An object with a definition or symptom on it.
pub(super) type Key = (Id, Id);

/// By id or name. Each map hashes with a seed of its own: ids come from outside.
pub(super) type IdMap<V> = HashMap<Id, V, RandomState>;

/// By object and name.
pub(super) type KeyMap<V> = HashMap<Key, V, RandomState>;

/// See [`KeyMap`].
pub(super) type KeySet = HashSet<Key, RandomState>;

/// Returns the key of `name` on `object`.
pub(super) fn key(object: &Id, name: &Id) -> Key {
    (Arc::clone(object), Arc::clone(name))
}

/// Empties a set, whose room is used again. Returns the keys in order.
pub(super) fn drain_sorted(keys: &mut KeySet) -> Vec<Key> {
    let mut keys: Vec<Key> = keys.drain().collect();
    keys.sort_unstable();
    keys
}
