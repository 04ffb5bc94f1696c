//! Names and ids, shared between the parts of the book.

use std::{collections::HashSet, sync::Arc};

/// The name of a definition or symptom, or the id of an object.
pub(super) type Id = Arc<str>;

/// An object with a definition or symptom on it.
pub(super) type Key = (Id, Id);

/// Returns the key of `name` on `object`.
pub(super) fn key(object: &Id, name: &Id) -> Key {
    (Arc::clone(object), Arc::clone(name))
}

/// Empties a set, whose room is used again. Returns the keys in order.
pub(super) fn drain_sorted(keys: &mut HashSet<Key>) -> Vec<Key> {
    let mut keys: Vec<Key> = keys.drain().collect();
    keys.sort_unstable();
    keys
}
