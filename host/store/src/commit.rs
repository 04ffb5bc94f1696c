//! What a host commits at once: all that came of the stream, of the book, and of the receivers.

use std::collections::HashSet;

use lifesigns_compliance::BookChanges;
use lifesigns_model::{
    Checkpoint, ObjectClock, ObjectFacts, Observation, PendingAcks, ReminderUpdate, SourceOffset, StateChange,
};

/// What goes into one transaction: all of it or nothing.
#[derive(Debug, Default)]
pub struct Commit {
    /// The host's clock, nanoseconds since the Unix epoch. Ages are counted from it.
    pub now_ns: u64,
    /// How far event time has come everywhere; `None` leaves it as it was.
    pub event_ns: Option<u64>,
    /// How far sources were taken.
    pub places: Vec<SourceOffset>,
    /// Entries of rules' state.
    pub states: Vec<StateChange>,
    /// Reminders.
    pub reminders: Vec<ReminderUpdate>,
    /// How far objects' event time has got. An object that was let go loses facts, state and reminders
    /// that were committed before; what is here beside it came after that ([`Commit::take`] sees to it).
    pub objects: Vec<ObjectClock>,
    /// Facts that came in, in that order.
    pub facts: Vec<ObjectFacts>,
    /// What changed in the book.
    pub changes: BookChanges,
    /// What became of the rows of the outbox.
    pub outbox: Vec<OutboxUpdate>,
    /// Bundles whose next message has to wait.
    pub pauses: Vec<ReceiverPause>,
}

impl Commit {
    /// Takes over what a cut brings for the store, and gives back what it brings for others: its
    /// signs, to tell the book, and its acknowledgements, to release after the commit. Several cuts
    /// may be taken, in their order.
    pub fn take(&mut self, cut: Checkpoint) -> (Vec<Observation>, PendingAcks) {
        let facts = cut.observations.iter().filter_map(|sign| match sign {
            Observation::Facts(facts, _) | Observation::Inventory(facts) => Some(facts.clone()),
            Observation::RuleAlert(_) | Observation::Seen { .. } => None,
        });
        self.facts.extend(facts);
        self.places.extend(cut.offsets);
        self.states.extend(cut.states);
        self.reminders.extend(cut.reminders);
        self.forget(&cut.objects);
        self.objects.extend(cut.objects);
        (cut.observations, cut.acks)
    }

    /// Of objects that were let go, what was noted before is not written at all.
    fn forget(&mut self, clocks: &[ObjectClock]) {
        let gone: HashSet<&str> =
            clocks.iter().filter(|clock| clock.time_ns.is_none()).map(|clock| clock.object.as_str()).collect();
        if gone.is_empty() {
            return;
        }
        self.facts.retain(|one| !gone.contains(one.object.as_str()));
        self.states.retain(|one| !gone.contains(one.object.as_str()));
        self.reminders.retain(|one| !gone.contains(one.object.as_str()));
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.event_ns.is_none()
            && self.places.is_empty()
            && self.states.is_empty()
            && self.reminders.is_empty()
            && self.objects.is_empty()
            && self.facts.is_empty()
            && self.outbox.is_empty()
            && self.pauses.is_empty()
            && self.changes == BookChanges::default()
    }
}

/// A bundle of a receiver whose next message has to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverPause {
    /// The receiver.
    pub receiver: String,
    /// What the notices of the bundle agree in.
    pub bundle: std::collections::BTreeMap<String, String>,
    /// Until when, on the host's clock.
    pub until_ns: u64,
}

/// What became of one row of the outbox, or of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxUpdate {
    /// The row. One that is no longer there is passed over.
    pub id: i64,
    /// What became of it.
    pub change: OutboxChange,
}

/// See [`OutboxUpdate`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutboxChange {
    /// The receiver has it. The row goes.
    Delivered,
    /// It did not work; once more, but not before `at_ns` of the host's clock.
    Retry {
        /// When.
        at_ns: u64,
        /// Why it did not work.
        why: String,
    },
    /// It is given up, and kept as a dead letter.
    Dead {
        /// Why.
        why: String,
    },
    /// A dead letter is to be sent again, as if it had never been tried.
    Revived,
    /// The row goes, undelivered.
    Dropped,
}
