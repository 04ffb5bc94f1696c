//! What a change of objects results in: for the alerts, and for an engine.

use std::{collections::BTreeSet, sync::Arc};

use lifesigns_model::ObjectFacts;

/// Objects on which alerts must be looked at again: sorted, each once.
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

/// What an inventory brings, for an engine: see [`ObjectRegistry::news`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InventoryDiff {
    /// What the inventory before said of objects that this one names: it has held for ever.
    pub known: Vec<ObjectFacts>,
    /// What is said of objects of which nothing was known: it has held for ever, too.
    pub new: Vec<ObjectFacts>,
    /// What has changed, and holds from now on; a property that is taken back is `None`.
    pub changed: Vec<ObjectFacts>,
}
