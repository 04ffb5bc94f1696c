//! How the changes of one call are taken back, in the reverse of their order.

use lifesigns_model::limits;

use super::{
    counts::CountsUndo,
    distincts::DistinctsUndo,
    entry::{Entry, EntryValue},
    object::ObjectState,
};

/// How to take one change back.
#[derive(Clone)]
pub(super) enum Undo {
    /// The key held this before, or nothing.
    Entry {
        object: u32,
        key: Box<str>,
        before: Option<Entry>,
    },
    /// The window was written at this time before.
    Counts {
        object: u32,
        key: Box<str>,
        written: u64,
        undo: CountsUndo,
    },
    Distincts {
        object: u32,
        key: Box<str>,
        written: u64,
        undo: DistinctsUndo,
    },
}

impl Undo {
    /// The object whose state it was.
    pub(super) const fn object(&self) -> u32 {
        let (Self::Entry { object, .. } | Self::Counts { object, .. } | Self::Distincts { object, .. }) = self;
        *object
    }

    /// Takes the change back.
    pub(super) fn apply(self, state: &mut ObjectState) {
        match self {
            Self::Entry { key, before, .. } => {
                match before {
                    Some(entry) => state.insert(&key, entry),
                    None => state.remove(&key),
                };
            }
            Self::Counts { key, written, undo, .. } => {
                state.change(&key, |held, now| {
                    if let EntryValue::Counts(counts) = held {
                        counts.undo(undo);
                        *now = written;
                    }
                });
            }
            Self::Distincts { key, written, undo, .. } => {
                state.change(&key, |held, now| {
                    if let EntryValue::Distincts(values) = held {
                        values.undo(undo);
                        *now = written;
                    }
                });
            }
        }
    }
}

/// Removes the key that was written longest ago, if a new one would be too many. Returns whether it did.
pub(super) fn make_room(
    state: &mut ObjectState,
    object: u32,
    key: &str,
    writes_before: u64,
    undo: &mut Vec<Undo>,
) -> bool {
    if state.len() < limits::KEYS || state.has(key) {
        return false;
    }
    let Some(eviction_candidates) = state.eviction_candidates() else { return false };
    let before = state.remove(&eviction_candidates);
    note_entry(object, &eviction_candidates, before, writes_before, undo);
    true
}

/// Notes what stood under a key. A value that the batch itself has written needs no note: the one that
/// was made then brings back what was there before the batch.
pub(super) fn note_entry(object: u32, key: &str, before: Option<Entry>, writes_before: u64, undo: &mut Vec<Undo>) {
    let own = |entry: &Entry| entry.written > writes_before && matches!(entry.held, EntryValue::Value { .. });
    if !before.as_ref().is_some_and(own) {
        undo.push(Undo::Entry { object, key: key.into(), before });
    }
}
