//! Consistent checkpoints of the stream: the results of everything that was submitted before, as plain
//! data for a store to commit in one transaction, and the state from which an engine goes on.

use std::fmt;

use crate::{AckCallback, ObjectFacts, RuleAlert, RuleCall, RuleKey};

/// The results of the stream since the checkpoint before: all results of every chunk before it, and
/// none of any chunk after it.
#[derive(Debug, Default)]
pub struct Checkpoint {
    /// Observations in the order of the stream: by chunk, then line, then rule, then the rule's own
    /// order. Reminders come before the line at whose time they fire; those of a silent object behind
    /// the last line that its shard had taken.
    pub observations: Vec<Observation>,
    /// Entries of rules' state that changed, by rule, object and key.
    pub states: Vec<StateChange>,
    /// Reminders that were set, moved, taken back or fired, by object, rule and name.
    pub reminders: Vec<ReminderUpdate>,
    /// Objects whose latest event time changed or that were evicted, by object.
    pub objects: Vec<ObjectClock>,
    /// Sources that moved, by name.
    pub offsets: Vec<SourceOffset>,
    /// Changes of rules that came into force, in their order.
    pub rule_changes: Vec<RuleChangeMark>,
    /// What rules were given when they raised a symptom that was not raised, or failed, of each object in its order.
    pub calls: Vec<RuleCall>,
    /// It was made before its turn, because there was no room for more results: more follows that was
    /// submitted before it was asked for.
    pub early: bool,
    /// The acknowledgements of its chunks.
    pub acks: PendingAcks,
}

impl Checkpoint {
    /// Returns whether there is nothing to commit. Its acknowledgements must be released all the same.
    pub const fn is_empty(&self) -> bool {
        self.observations.is_empty()
            && self.states.is_empty()
            && self.reminders.is_empty()
            && self.objects.is_empty()
            && self.offsets.is_empty()
            && self.rule_changes.is_empty()
            && self.calls.is_empty()
    }
}

/// A result of one line of the stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Observation {
    /// A rule raises or clears a symptom. Users see these counted as "raises and clears"; the JSON
    /// key of the count is `signs`, from before this name.
    RuleAlert(Box<RuleAlert>),
    /// Facts, changed or not, with the time from which they hold, and the name of their source.
    Facts(ObjectFacts, String),
    /// Facts of the inventory, which rules were informed of in the stream.
    Inventory(ObjectFacts),
    /// The first event of an object that was not known.
    Seen {
        /// The object.
        object: String,
        /// The name of the source.
        source: String,
        /// Event time, nanoseconds since the Unix epoch.
        time_ns: u64,
    },
}

/// An entry of a rule's state as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// The rule.
    pub rule: RuleKey,
    /// The object.
    pub object: String,
    /// The key.
    pub key: String,
    /// The version of state that the rule had when it was written ([`crate::Description::state_version`]).
    pub version: u32,
    /// The entry, as the engine writes and reads it; `None`: it is gone.
    pub entry: Option<Vec<u8>>,
}

/// A reminder as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReminderUpdate {
    /// The rule that set it.
    pub rule: RuleKey,
    /// The object.
    pub object: String,
    /// Its name.
    pub name: String,
    /// Event time, nanoseconds since the Unix epoch; `None`: it has fired or is taken back.
    pub due_ns: Option<u64>,
    /// The name of the source of the line that it was set for; empty if it is gone, as the next two.
    pub source: String,
    /// That line's number in its source.
    pub line: u64,
    /// That line.
    pub text: String,
}

/// The latest event time of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectClock {
    /// The object.
    pub object: String,
    /// The latest event time, nanoseconds since the Unix epoch; `None`: the object was evicted, and
    /// the engine holds nothing of it.
    pub time_ns: Option<u64>,
}

/// How far a source has been processed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceOffset {
    /// The source's name.
    pub source: String,
    /// The latest [`crate::Chunk::cursor`].
    pub cursor: Option<Vec<u8>>,
    /// Lines so far.
    pub lines: u64,
    /// The time of the last line that has one.
    pub time_ns: Option<u64>,
    /// The source was removed: what was committed of it before is to be forgotten, and there is nothing
    /// new.
    pub is_forgotten: bool,
}

/// Identifies a change of a rule that was made in its files and came into force in the stream, with the state that moved
/// with it: what a record holds of it says that it has happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleChangeMark {
    /// The rule's name.
    pub rule: String,
    /// The change, different from each other one of this rule.
    pub change: String,
}

/// The state from which an engine starts: facts of the inventory, and everything that was committed.
#[derive(Clone, Debug, Default)]
pub struct InitialState {
    /// Facts that hold from the start; these objects are never evicted.
    pub known: Vec<ObjectFacts>,
    /// Facts that came before, in the order in which they came.
    pub facts: Vec<ObjectFacts>,
    /// Entries of rules' state; those that are gone do not matter.
    pub states: Vec<StateChange>,
    /// Reminders that are set.
    pub reminders: Vec<ReminderUpdate>,
    /// Objects that are known.
    pub objects: Vec<ObjectClock>,
    /// The offsets at which the sources go on.
    pub offsets: Vec<SourceOffset>,
    /// The last change of each rule that is known.
    pub rule_changes: Vec<RuleChangeMark>,
}

/// The acknowledgements of a checkpoint. If it is dropped, they are never made, and their bytes in
/// flight are given back.
#[derive(Default)]
pub struct PendingAcks(Option<AckCallback>);

impl PendingAcks {
    /// Returns acknowledgements that are made by `release`.
    pub fn new(release: AckCallback) -> Self {
        Self(Some(release))
    }

    /// Acknowledges all chunks: the checkpoint is committed.
    pub fn release(self) {
        if let Some(release) = self.0 {
            release();
        }
    }
}

impl fmt::Debug for PendingAcks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PendingAcks").field(&self.0.is_some()).finish()
    }
}
