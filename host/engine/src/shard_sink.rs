//! Where the observations of a live shard go: to the caller at once, or to an observer at once and into the next
//! checkpoint.

use crossbeam_channel::Sender;
use lifesigns_model::{ObjectFacts, RuleAlertRef, RuleCall};

use crate::{
    RuleAlertObserver, RuleAlertSink,
    byte_semaphore::ByteSemaphore,
    checkpoint::CheckpointPart,
    checkpoint_signal::CheckpointSignal,
    event_sink::{EventSink, LineContext, ObservationBuffer, StreamPosition},
    shard::Shard,
};

/// The sink of one live shard.
pub(crate) enum ShardSink<'a> {
    /// Without checkpoints: rule alerts go to the caller.
    Direct(&'a RuleAlertSink),
    /// With checkpoints: rule alerts go to the observer, and everything waits for the next checkpoint.
    Buffered(ObservationBuffer, &'a RuleAlertObserver),
}

impl ShardSink<'_> {
    /// Drops all buffered observations of these objects, because they are older than the moment at
    /// which the objects were forgotten.
    pub(crate) fn forget(&mut self, objects: &[String]) {
        if let Self::Buffered(buffer, observer) = self {
            buffer.announce(observer);
            buffer.forget(objects);
        }
    }

    /// Announces what was buffered since the last call, charges its bytes, and wakes the recorder.
    pub(crate) fn charge(&mut self, semaphore: &std::sync::Arc<ByteSemaphore>, signal: &CheckpointSignal) {
        let Self::Buffered(buffer, observer) = self else { return };
        buffer.announce(observer);
        let bytes = buffer.uncharged();
        if bytes > 0 {
            let permit = semaphore.overdraw(bytes);
            buffer.permit = Some(match buffer.permit.take() {
                Some(before) => before.merge(permit),
                None => permit,
            });
            signal.note(bytes, semaphore.is_short());
        }
    }

    /// Sends a shard's part of a checkpoint.
    pub(crate) fn send_checkpoint(&mut self, shard: &mut Shard, parts: &Sender<CheckpointPart>) {
        let Self::Buffered(buffer, _) = self else { return };
        let (mut observations, permit) = buffer.take();
        // Stable: a rule's own order is the order in which its alerts came.
        observations.sort_by_key(|(position, rule, _)| (*position, *rule));
        let mut state = shard.take_checkpoint();
        state.calls = buffer.take_calls();
        let _ = parts.send(CheckpointPart::Shard(observations, permit, state));
    }
}

impl EventSink for ShardSink<'_> {
    fn alert(&mut self, position: StreamPosition, alert: &RuleAlertRef<'_>) {
        match self {
            Self::Direct(sink) => sink(alert),
            Self::Buffered(buffer, _) => buffer.alert(position, alert),
        }
    }

    fn facts(&mut self, line: LineContext<'_>, facts: &ObjectFacts) {
        if let Self::Buffered(buffer, _) = self {
            buffer.facts(line, facts);
        }
    }

    fn seen(&mut self, line: LineContext<'_>, object: &str) {
        if let Self::Buffered(buffer, _) = self {
            buffer.seen(line, object);
        }
    }

    fn keeps_calls(&self) -> bool {
        matches!(self, Self::Buffered(..))
    }

    fn call(&mut self, call: RuleCall) {
        if let Self::Buffered(buffer, _) = self {
            buffer.call(call);
        }
    }

    /// Time must stand still for silent objects then: their reminders come by themselves, and no
    /// source waits for room on their behalf.
    fn is_backlogged(&self) -> bool {
        matches!(self, Self::Buffered(buffer, _) if buffer.is_backlogged())
    }

    fn is_full(&self, of_rule: usize) -> bool {
        matches!(self, Self::Buffered(buffer, _) if buffer.is_full(of_rule))
    }

    fn buffered_bytes(&self) -> usize {
        match self {
            Self::Direct(_) => 0,
            Self::Buffered(buffer, _) => buffer.buffered_bytes(),
        }
    }
}
