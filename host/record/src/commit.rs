//! What a host commits at once: the results of the stream, of the book, and of the receivers.

use std::collections::HashSet;

use lifesigns_compliance::BookChanges;
use lifesigns_model::{
    Checkpoint, ObjectClock, ObjectFacts, Observation, PendingAcks, ReminderUpdate, RuleCall, RuleChangeMark,
    SourceOffset, StateChange,
};

use crate::{agent::AgentChange, token::TokenChange};

/// The content of one transaction: all of it is written or nothing.
#[derive(Debug, Default)]
pub struct Commit {
    /// The host's clock, nanoseconds since the Unix epoch. Ages are counted from it.
    pub now_ns: u64,
    /// The latest event time anywhere, nanoseconds since the Unix epoch; `None` leaves it as it was.
    pub event_ns: Option<u64>,
    /// How far sources were taken.
    pub offsets: Vec<SourceOffset>,
    /// Entries of rules' state.
    pub states: Vec<StateChange>,
    /// Changes of rules that came into force, in their order.
    pub rule_changes: Vec<RuleChangeMark>,
    /// What rules were given when they raised a symptom that was not raised, or failed.
    pub calls: Vec<RuleCall>,
    /// Reminders.
    pub reminders: Vec<ReminderUpdate>,
    /// The latest event time of objects. An evicted object loses facts, state and reminders that were
    /// committed before; what this commit has of it came after that ([`Commit::take`] sees to it).
    pub objects: Vec<ObjectClock>,
    /// Facts that came in, in that order.
    pub facts: Vec<ObjectFacts>,
    /// What changed in the book.
    pub changes: BookChanges,
    /// Updates of the outbox, beside the notices that the book adds.
    pub outbox: Vec<OutboxUpdate>,
    /// Bundles whose next message has to wait.
    pub pauses: Vec<ReceiverPause>,
    /// Changes of the API's tokens.
    pub tokens: Vec<TokenChange>,
    /// Changes of what is known of agents.
    pub agents: Vec<AgentChange>,
}

impl Commit {
    /// Takes over what a checkpoint has for the record, and returns the rest: its observations, for the
    /// book, and its acknowledgements, to release after the commit. Several checkpoints may be taken, in
    /// their order.
    pub fn take(&mut self, checkpoint: Checkpoint) -> (Vec<Observation>, PendingAcks) {
        let facts = checkpoint.observations.iter().filter_map(|observation| match observation {
            Observation::Facts(facts, _) | Observation::Inventory(facts) => Some(facts.clone()),
            Observation::RuleAlert(_) | Observation::Seen { .. } => None,
        });
        self.facts.extend(facts);
        self.offsets.extend(checkpoint.offsets);
        self.states.extend(checkpoint.states);
        self.rule_changes.extend(checkpoint.rule_changes);
        self.calls.extend(checkpoint.calls);
        self.reminders.extend(checkpoint.reminders);
        self.forget(&checkpoint.objects);
        self.objects.extend(checkpoint.objects);
        (checkpoint.observations, checkpoint.acks)
    }

    /// Removes what was noted of evicted objects before.
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

    /// Returns whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.event_ns.is_none()
            && self.offsets.is_empty()
            && self.states.is_empty()
            && self.rule_changes.is_empty()
            && self.calls.is_empty()
            && self.reminders.is_empty()
            && self.objects.is_empty()
            && self.facts.is_empty()
            && self.outbox.is_empty()
            && self.pauses.is_empty()
            && self.tokens.is_empty()
            && self.agents.is_empty()
            && self.changes == BookChanges::default()
    }
}

/// A bundle of a receiver whose next message has to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverPause {
    /// The receiver.
    pub receiver: String,
    /// The values that the notices of the bundle share, by name.
    pub bundle: std::collections::BTreeMap<String, String>,
    /// Until when, on the host's clock.
    pub until_ns: u64,
}

/// An update of one notice in the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxUpdate {
    /// The number of the notice; ignored if it is no longer there.
    pub id: i64,
    /// The change.
    pub change: OutboxChange,
}

/// The change of a notice in the outbox.
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
