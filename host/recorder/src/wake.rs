//! A signal that wakes the recorder from another thread.

use crossbeam_channel::{Receiver, Sender, bounded};

/// Holds at most one notification: several before the recorder wakes count as one.
#[derive(Clone, Debug)]
pub(crate) struct WakeSignal {
    sender: Sender<()>,
    receiver: Receiver<()>,
}

impl Default for WakeSignal {
    fn default() -> Self {
        let (sender, receiver) = bounded(1);
        Self { sender, receiver }
    }
}

impl WakeSignal {
    /// Wakes the recorder, now or when it waits next.
    pub(crate) fn notify(&self) {
        // Full: a notification is pending already.
        let _ = self.sender.try_send(());
    }

    /// Returns the channel to select on.
    pub(crate) const fn receiver(&self) -> &Receiver<()> {
        &self.receiver
    }
}
