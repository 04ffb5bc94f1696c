//! How a cut is put together of its pieces, and what a shard gives and takes of one.

use lifesigns_model::{Checkpoint, ObjectClock, Observation, PendingAcks, ReminderUpdate, SourceOffset, StateChange};

use crate::{
    byte_semaphore::BytePermit,
    event_sink::StreamPosition,
    scanned::{AckGuard, WithheldAcks},
};

/// A sign, with its place in the stream and its rule.
type PositionedObservation = (StreamPosition, u32, Observation);

/// What a shard knows anew.
#[derive(Default)]
pub(crate) struct ShardCheckpoint {
    pub(crate) states: Vec<StateChange>,
    pub(crate) reminders: Vec<ReminderUpdate>,
    pub(crate) objects: Vec<ObjectClock>,
}

/// A piece of a cut.
pub(crate) enum CheckpointPart {
    /// What came from the sources, how far they have got, and whether the cut was made before its
    /// turn.
    Sources(WithheldAcks, Vec<SourceOffset>, bool),
    /// What a shard said, in order, with the room that it takes, and what it knows.
    Shard(Vec<PositionedObservation>, Option<BytePermit>, ShardCheckpoint),
}

/// The pieces of a cut.
#[derive(Default)]
pub(crate) struct CheckpointBuilder {
    sources: Option<(WithheldAcks, Vec<SourceOffset>, bool)>,
    shards: usize,
    observations: Vec<PositionedObservation>,
    room: Option<BytePermit>,
    part: ShardCheckpoint,
}

impl CheckpointBuilder {
    pub(crate) fn add(&mut self, part: CheckpointPart) {
        match part {
            CheckpointPart::Sources(withheld, offsets, early) => self.sources = Some((withheld, offsets, early)),
            CheckpointPart::Shard(observations, room, part) => {
                self.shards += 1;
                self.observations.extend(observations);
                self.room = match (self.room.take(), room) {
                    (Some(one), Some(other)) => Some(one.merge(other)),
                    (one, other) => one.or(other),
                };
                self.part.states.extend(part.states);
                self.part.reminders.extend(part.reminders);
                self.part.objects.extend(part.objects);
            }
        }
    }

    /// What its signs take.
    pub(crate) fn observation_bytes(&self) -> usize {
        self.room.as_ref().map_or(0, BytePermit::bytes)
    }

    /// The cut; `None` if one of so many shards is missing.
    pub(crate) fn build(mut self, shards: usize) -> Option<Checkpoint> {
        let (mut withheld, offsets, early) = self.sources.filter(|_| self.shards == shards)?;
        withheld.0.push(AckGuard { ack: None, permit: self.room });
        // Stable, and a line is of one shard.
        self.observations.sort_by_key(|(position, rule, _)| (*position, *rule));
        let ShardCheckpoint { mut states, mut reminders, mut objects } = self.part;
        states.sort_by(|one, other| {
            let key = |state: &StateChange| (state.rule.clone(), state.object.clone(), state.key.clone());
            key(one).cmp(&key(other))
        });
        reminders
            .sort_by(|one, other| (&one.object, &one.rule, &one.name).cmp(&(&other.object, &other.rule, &other.name)));
        objects.sort_by(|one, other| one.object.cmp(&other.object));
        Some(Checkpoint {
            observations: self.observations.into_iter().map(|(_, _, observation)| observation).collect(),
            states,
            reminders,
            objects,
            offsets,
            early,
            acks: PendingAcks::new(Box::new(move || withheld.release())),
        })
    }
}
