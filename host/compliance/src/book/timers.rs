//! What becomes due at an event time: symptoms that hold no longer, definitions that have waited.

use std::{collections::BTreeSet, sync::Arc};

use super::page::Id;

/// What is due. Of what is due at one time on one object, holds end first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Task {
    /// A symptom's hold time may be up.
    Hold,
    /// A definition may have waited long enough.
    Wait,
}

/// A timer is a reminder to look; whether something is due then, the page says.
#[derive(Debug, Default)]
pub(super) struct Timers {
    queue: BTreeSet<(u64, Id, Task, Id)>,
}

impl Timers {
    pub(super) fn add(&mut self, due_ns: u64, object: &Id, task: Task, name: &Id) {
        self.queue.insert((due_ns, Arc::clone(object), task, Arc::clone(name)));
    }

    /// The first that is due at `time_ns` or before: in order of time, object, task, name.
    pub(super) fn pop(&mut self, time_ns: u64) -> Option<(u64, Id, Task, Id)> {
        match self.queue.first() {
            Some((due_ns, ..)) if *due_ns <= time_ns => self.queue.pop_first(),
            _ => None,
        }
    }

    pub(super) fn next(&self) -> Option<u64> {
        self.queue.first().map(|(due_ns, ..)| *due_ns)
    }

    pub(super) fn clear(&mut self) {
        self.queue.clear();
    }
}
