//! Which objects name which as their parent.

use std::sync::Arc;

use crate::shared_map::{SharedMap, SharedSet};

/// The objects that name each object as their parent. A parent need not be known itself; one without children has
/// no entry.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Children(SharedMap<SharedSet>);

impl Children {
    /// Returns the ids of the children of `parent`.
    pub(super) fn of(&self, parent: &str) -> impl Iterator<Item = &Arc<str>> {
        self.0.get(parent).into_iter().flat_map(SharedSet::keys)
    }

    /// Moves a child from one parent to another.
    pub(super) fn move_child(&mut self, id: &Arc<str>, from: Option<&str>, to: Option<&str>) {
        if let Some(from) = from
            && let Some(children) = self.0.get_mut(from)
        {
            children.remove(id);
            if children.is_empty() {
                self.0.remove(from);
            }
        }
        if let Some(to) = to {
            self.0.entry_or_default(&to.into()).insert(id.clone(), ());
        }
    }
}
