//! What the recorder of cuts waits for: that there is something to cut, and that it is time.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use lifesigns_model::limits;

/// What has gathered since the last cut.
#[derive(Default)]
pub(crate) struct SignalState {
    /// Something has.
    pub(crate) dirty: bool,
    /// There is little room left, or somebody waits for some.
    pub(crate) short: bool,
    /// What signs take.
    pub(crate) observation_bytes: usize,
}

impl SignalState {
    /// Whether a checkpoint is due at once: room runs short, or much waits for one.
    pub(crate) const fn is_urgent(&self) -> bool {
        self.short || self.observation_bytes > limits::OBSERVATION_BYTES
    }
}

pub(crate) struct CheckpointSignal {
    gathered: Mutex<SignalState>,
    more: Condvar,
    ready: (Sender<()>, Receiver<()>),
    urgent: (Sender<()>, Receiver<()>),
}

impl Default for CheckpointSignal {
    fn default() -> Self {
        Self { gathered: Mutex::default(), more: Condvar::new(), ready: bounded(1), urgent: bounded(1) }
    }
}

impl CheckpointSignal {
    /// Has a message while something has gathered since the last checkpoint.
    pub(crate) const fn ready(&self) -> &Receiver<()> {
        &self.ready.1
    }

    /// Has a message while a checkpoint is due at once.
    pub(crate) const fn urgent(&self) -> &Receiver<()> {
        &self.urgent.1
    }

    /// Something has gathered, with signs of so many bytes.
    pub(crate) fn note(&self, observation_bytes: usize, short: bool) {
        self.change(|gathered| {
            gathered.dirty = true;
            gathered.short |= short;
            gathered.observation_bytes += observation_bytes;
        });
    }

    /// Somebody waits for room.
    pub(crate) fn short(&self) {
        self.change(|gathered| gathered.short = true);
    }

    /// A cut begins. Says whether anything has gathered.
    pub(crate) fn clear(&self) -> bool {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.short = false;
        let _ = (self.ready.1.try_recv(), self.urgent.1.try_recv());
        std::mem::take(&mut gathered.dirty)
    }

    /// A cut has taken signs of so many bytes.
    pub(crate) fn taken(&self, observation_bytes: usize) {
        self.change(|gathered| {
            gathered.observation_bytes = gathered.observation_bytes.saturating_sub(observation_bytes)
        });
    }

    /// What signs take that have not been cut.
    pub(crate) fn observation_bytes(&self) -> usize {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner).observation_bytes
    }

    /// Waits until `enough`, or so long. Says whether it is.
    pub(crate) fn wait(&self, timeout: Duration, enough: impl Fn(&SignalState) -> bool) -> bool {
        let gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.more.wait_timeout_while(gathered, timeout, |gathered| !enough(gathered));
        enough(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    fn change(&self, change: impl FnOnce(&mut SignalState)) {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut gathered);
        // A channel that is full says so already.
        if gathered.dirty {
            let _ = self.ready.0.try_send(());
        }
        if gathered.is_urgent() {
            let _ = self.urgent.0.try_send(());
        }
        drop(gathered);
        self.more.notify_all();
    }
}
