//! What wakes a watcher.

use crossbeam_channel::{Receiver, Sender, bounded};

/// Wakes a watcher: something has changed, or it shall stop. Any number of nudges that it has not
/// seen yet are one.
#[derive(Clone)]
pub(crate) struct Nudges(Sender<()>);

impl Nudges {
    /// Nudges, and where they arrive.
    pub(crate) fn new() -> (Self, Receiver<()>) {
        let (sender, receiver) = bounded(1);
        (Self(sender), receiver)
    }

    pub(crate) fn nudge(&self) {
        // Full: it will wake anyway. Disconnected: there is nobody left to wake.
        let _ = self.0.try_send(());
    }
}
