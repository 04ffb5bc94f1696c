//! Facts that many objects have alike. Equal ones are in memory once.

use std::sync::Arc;

use crate::{recent::RecentValues, record::Object, shared_text::SharedText};

/// The facts that were seen lately.
#[derive(Debug, Default)]
pub(super) struct SharedFacts {
    texts: RecentValues<SharedText>,
    empty: Object,
}

impl SharedFacts {
    /// Returns an object without facts.
    pub(super) fn empty(&self) -> Object {
        self.empty.clone()
    }

    /// Shares the facts of an object.
    pub(super) fn share(&mut self, object: &mut Object) {
        [&mut object.kind, &mut object.parent].into_iter().flatten().for_each(|text| self.texts.share(text));
        if object.properties.is_empty() {
            object.properties = Arc::clone(&self.empty.properties);
        }
        if *object.listed == *self.empty.listed {
            object.listed = Arc::clone(&self.empty.listed);
        }
    }
}
