//! What the recorder waits for: that something waits for a checkpoint, and that one is due.

use parking_lot::{Mutex, MutexGuard};

use crossbeam_channel::Receiver;
use lifesigns_model::{WakeSignal, limits};

/// What has gathered since the last checkpoint.
#[derive(Default)]
struct SignalState {
    /// Something waits for a checkpoint.
    dirty: bool,
    /// Little room is left, or a submitter waits for some.
    room_requested: bool,
    /// Bytes of observations.
    observation_bytes: usize,
}

impl SignalState {
    /// Whether a checkpoint is due at once: room runs short, or much waits for one.
    const fn is_urgent(&self) -> bool {
        self.room_requested || self.observation_bytes > limits::OBSERVATION_BYTES
    }
}

/// Wakes the recorder. Its lock is a leaf.
#[derive(Default)]
pub(crate) struct CheckpointSignal {
    state: Mutex<SignalState>,
    ready: WakeSignal,
    urgent: WakeSignal,
}

impl CheckpointSignal {
    /// Returns a channel with a message while something waits for a checkpoint.
    pub(crate) fn ready(&self) -> &Receiver<()> {
        self.ready.receiver()
    }

    /// Returns a channel with a message while a checkpoint is due at once.
    pub(crate) fn urgent(&self) -> &Receiver<()> {
        self.urgent.receiver()
    }

    /// Notes that something waits for a checkpoint, with `observation_bytes` more of observations, and
    /// whether room is short.
    pub(crate) fn note(&self, observation_bytes: usize, is_short: bool) {
        let mut state = self.lock();
        state.dirty = true;
        state.room_requested |= is_short;
        state.observation_bytes += observation_bytes;
        self.publish(&state);
    }

    /// Notes that a submitter waits for room.
    pub(crate) fn request_room(&self) {
        let mut state = self.lock();
        state.room_requested = true;
        self.publish(&state);
    }

    /// Begins a checkpoint. Returns whether anything waits for it.
    pub(crate) fn clear(&self) -> bool {
        let mut state = self.lock();
        state.room_requested = false;
        let _ = (self.ready.poll(), self.urgent.poll());
        std::mem::take(&mut state.dirty)
    }

    /// Notes that a checkpoint has taken `observation_bytes` of observations.
    pub(crate) fn taken(&self, observation_bytes: usize) {
        let mut state = self.lock();
        state.observation_bytes = state.observation_bytes.saturating_sub(observation_bytes);
        self.publish(&state);
    }

    /// Returns the bytes of observations that wait for a checkpoint.
    pub(crate) fn observation_bytes(&self) -> usize {
        self.lock().observation_bytes
    }

    /// Wakes who waits for the state as it is now.
    fn publish(&self, state: &SignalState) {
        if state.dirty {
            self.ready.wake();
        }
        if state.is_urgent() {
            self.urgent.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, SignalState> {
        self.state.lock()
    }
}
