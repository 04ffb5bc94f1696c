//! A checkpoint in the making: the parts of sources and shards, and how they are joined.

use lifesigns_model::{
    Checkpoint, ObjectClock, Observation, PendingAcks, ReminderUpdate, RuleCall, RuleChangeMark, SourceOffset,
    StateChange,
};

use crate::{
    byte_semaphore::BytePermit,
    event_sink::StreamPosition,
    scanned::{AckGuard, WithheldAcks},
};

/// An observation, with its position in the stream and the number of its rule.
type PositionedObservation = (StreamPosition, u32, Observation);

/// What changed in a shard since the checkpoint before.
#[derive(Default)]
pub(crate) struct ShardCheckpoint {
    pub(crate) states: Vec<StateChange>,
    pub(crate) reminders: Vec<ReminderUpdate>,
    pub(crate) objects: Vec<ObjectClock>,
    /// What rules were given.
    pub(crate) calls: Vec<RuleCall>,
}

/// What a checkpoint has of the order of the stream.
#[derive(Default)]
pub(crate) struct SequencePart {
    pub(crate) withheld: WithheldAcks,
    /// The offsets of the sources that have moved.
    pub(crate) offsets: Vec<SourceOffset>,
    pub(crate) rule_changes: Vec<RuleChangeMark>,
    /// The checkpoint was made before its turn.
    pub(crate) early: bool,
}

/// A part of a checkpoint.
pub(crate) enum CheckpointPart {
    Sequence(Box<SequencePart>),
    /// A shard's observations in order, the bytes that they take, and the changes of its state.
    Shard(Vec<PositionedObservation>, Option<BytePermit>, ShardCheckpoint),
}

/// Collects the parts of a checkpoint.
#[derive(Default)]
pub(crate) struct CheckpointBuilder {
    sequence: Option<Box<SequencePart>>,
    shards: usize,
    observations: Vec<PositionedObservation>,
    room: Option<BytePermit>,
    part: ShardCheckpoint,
}

impl CheckpointBuilder {
    pub(crate) fn add(&mut self, part: CheckpointPart) {
        match part {
            CheckpointPart::Sequence(part) => self.sequence = Some(part),
            CheckpointPart::Shard(observations, room, part) => {
                self.shards += 1;
                if self.observations.is_empty() {
                    self.observations = observations;
                } else {
                    self.observations.extend(observations);
                }
                self.room = match (self.room.take(), room) {
                    (Some(one), Some(other)) => Some(one.merge(other)),
                    (one, other) => one.or(other),
                };
                self.part.states.extend(part.states);
                self.part.reminders.extend(part.reminders);
                self.part.objects.extend(part.objects);
                self.part.calls.extend(part.calls);
            }
        }
    }

    /// Returns the bytes of its observations.
    pub(crate) fn observation_bytes(&self) -> usize {
        self.room.as_ref().map_or(0, BytePermit::bytes)
    }

    /// Joins the parts; `None` unless all `shards` shards and the sequencer have sent theirs.
    pub(crate) fn build(mut self, shards: usize) -> Option<Checkpoint> {
        let SequencePart { mut withheld, offsets, rule_changes, early } =
            *self.sequence.filter(|_| self.shards == shards)?;
        withheld.0.push(AckGuard { ack: None, permit: self.room });
        // Stable, and a line is of one shard.
        self.observations.sort_by_key(|(position, rule, _)| (*position, *rule));
        let ShardCheckpoint { mut states, mut reminders, mut objects, calls } = self.part;
        states.sort_by(|one, other| (&one.rule, &one.object, &one.key).cmp(&(&other.rule, &other.object, &other.key)));
        reminders
            .sort_by(|one, other| (&one.object, &one.rule, &one.name).cmp(&(&other.object, &other.rule, &other.name)));
        objects.sort_by(|one, other| one.object.cmp(&other.object));
        Some(Checkpoint {
            observations: self.observations.into_iter().map(|(_, _, observation)| observation).collect(),
            states,
            reminders,
            objects,
            offsets,
            rule_changes,
            calls,
            early,
            acks: PendingAcks::new(Box::new(move || withheld.release())),
        })
    }
}
