//! An object with what the registry keeps beside it.

use std::sync::Arc;

use super::membership::Memberships;
use crate::{limits::SEEN_MS, record::Object, shared_table::SharedTable};

/// An object with what the registry keeps beside it.
#[derive(Clone, Debug)]
pub(super) struct ObjectEntry {
    pub(super) object: Object,
    pub(super) memberships: Memberships,
    /// `last_ns` of the object as the store has it.
    pub(super) written_ns: u64,
}

impl ObjectEntry {
    /// Returns whether the object was last seen long enough after what the store has.
    pub(super) fn is_stale(&self) -> bool {
        self.object.last_ns.saturating_sub(self.written_ns) >= SEEN_MS * 1_000_000
    }
}

/// Returns the entry of an object that is known, to be changed.
pub(super) fn existing<'a>(objects: &'a mut SharedTable<Arc<ObjectEntry>>, id: &str) -> &'a mut ObjectEntry {
    let Some(entry) = objects.get_mut(id) else { unreachable!("{id} is known") };
    Arc::make_mut(entry)
}
