//! The objects whose alerts a change affects.

use std::{collections::BTreeSet, sync::Arc};

/// Objects whose alerts must be re-evaluated: sorted, without duplicates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AffectedObjects {
    /// Their ids.
    pub objects: Vec<String>,
}

impl AffectedObjects {
    pub(super) fn of(objects: BTreeSet<Arc<str>>) -> Self {
        Self { objects: objects.into_iter().map(|id| id.to_string()).collect() }
    }
}
