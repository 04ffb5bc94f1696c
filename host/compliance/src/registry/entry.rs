//! An object with what the registry keeps beside it, and a change of one.

use std::sync::Arc;

use lifesigns_model::NS_PER_MS;

use super::membership::Memberships;
use crate::{groups::FactChanges, limits::SEEN_MS, record::Object, shared_text::SharedText};

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
        self.object.last_ns.saturating_sub(self.written_ns) >= SEEN_MS * NS_PER_MS
    }
}

/// A change of one object, to be propagated to its relatives and its groups.
#[derive(Debug)]
pub(super) struct ObjectChange {
    pub(super) id: Arc<str>,
    pub(super) facts: FactChanges,
    /// The object's parent before the change.
    pub(super) parent_before: Option<SharedText>,
}
