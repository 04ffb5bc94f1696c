//! What the recorder waits for: that something waits for a checkpoint, and that one is due.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use lifesigns_model::limits;

/// What has gathered since the last checkpoint.
#[derive(Default)]
pub(crate) struct SignalState {
    /// Something waits for a checkpoint.
    pub(crate) dirty: bool,
    /// Little room is left, or a submitter waits for some.
    room_requested: bool,
    /// Bytes of observations.
    observation_bytes: usize,
}

impl SignalState {
    /// Whether a checkpoint is due at once: room runs short, or much waits for one.
    pub(crate) const fn is_urgent(&self) -> bool {
        self.room_requested || self.observation_bytes > limits::OBSERVATION_BYTES
    }
}

/// Wakes the recorder. Its lock is a leaf.
pub(crate) struct CheckpointSignal {
    state: Mutex<SignalState>,
    changed: Condvar,
    ready: (Sender<()>, Receiver<()>),
    urgent: (Sender<()>, Receiver<()>),
}

impl Default for CheckpointSignal {
    fn default() -> Self {
        Self { state: Mutex::default(), changed: Condvar::new(), ready: bounded(1), urgent: bounded(1) }
    }
}

impl CheckpointSignal {
    /// Returns a channel with a message while something waits for a checkpoint.
    pub(crate) const fn ready(&self) -> &Receiver<()> {
        &self.ready.1
    }

    /// Returns a channel with a message while a checkpoint is due at once.
    pub(crate) const fn urgent(&self) -> &Receiver<()> {
        &self.urgent.1
    }

    /// Notes that something waits for a checkpoint, with `observation_bytes` more of observations, and
    /// whether room is short.
    pub(crate) fn note(&self, observation_bytes: usize, is_short: bool) {
        let mut state = self.lock();
        state.dirty = true;
        state.room_requested |= is_short;
        state.observation_bytes += observation_bytes;
        self.publish(state);
    }

    /// Notes that a submitter waits for room.
    pub(crate) fn request_room(&self) {
        let mut state = self.lock();
        state.room_requested = true;
        self.publish(state);
    }

    /// Begins a checkpoint. Returns whether anything waits for it.
    pub(crate) fn clear(&self) -> bool {
        let mut state = self.lock();
        state.room_requested = false;
        let _ = (self.ready.1.try_recv(), self.urgent.1.try_recv());
        std::mem::take(&mut state.dirty)
    }

    /// Notes that a checkpoint has taken `observation_bytes` of observations.
    pub(crate) fn taken(&self, observation_bytes: usize) {
        let mut state = self.lock();
        state.observation_bytes = state.observation_bytes.saturating_sub(observation_bytes);
        self.publish(state);
    }

    /// Returns the bytes of observations that wait for a checkpoint.
    pub(crate) fn observation_bytes(&self) -> usize {
        self.lock().observation_bytes
    }

    /// Waits until `is_enough`, or until the timeout. Returns whether it is.
    pub(crate) fn wait(&self, timeout: Duration, is_enough: impl Fn(&SignalState) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), timeout, |state| !is_enough(state));
        is_enough(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    /// Wakes all that wait for the state as it is now.
    fn publish(&self, state: MutexGuard<'_, SignalState>) {
        // A channel that is full holds that message already.
        if state.dirty {
            let _ = self.ready.0.try_send(());
        }
        if state.is_urgent() {
            let _ = self.urgent.0.try_send(());
        }
        drop(state);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, SignalState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
