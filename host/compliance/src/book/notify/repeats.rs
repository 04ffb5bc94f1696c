//! When receivers are notified again of alerts that are still open.

use std::collections::BTreeSet;

use crate::book::ids::{Id, Key, key};

/// Open alerts whose receivers may have to be notified again, by the host's clock.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    due: BTreeSet<(u64, Id, Id)>,
    /// Some route repeats.
    enabled: bool,
}

impl Repeats {
    /// Drops all plans. `enabled`: whether some route repeats.
    pub(crate) fn reset(&mut self, enabled: bool) {
        self.due.clear();
        self.enabled = enabled;
    }

    /// Returns whether some route repeats.
    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Plans to look at an alert again at `due_ns` of the host's clock.
    pub(crate) fn plan(&mut self, due_ns: u64, object: &Id, name: &Id) {
        let (object, name) = key(object, name);
        self.due.insert((due_ns, object, name));
    }

    /// Returns the host's clock at which the first plan is due.
    pub(crate) fn next_due_ns(&self) -> Option<u64> {
        self.due.first().map(|(due_ns, ..)| *due_ns)
    }

    /// Takes the plans that are due, in an order that does not depend on when they were made.
    pub(crate) fn take_due(&mut self, wall_ns: u64) -> BTreeSet<Key> {
        let mut due = BTreeSet::new();
        while self.next_due_ns().is_some_and(|due_ns| due_ns <= wall_ns) {
            due.extend(self.due.pop_first().map(|(_, object, name)| (object, name)));
        }
        due
    }
}
