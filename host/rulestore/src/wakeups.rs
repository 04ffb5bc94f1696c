//! Wakeups of a watcher.

use crossbeam_channel::{Receiver, Sender, bounded};

/// Wakes a watcher, because something has changed or it is to stop. Wakeups that it has not received yet
/// are merged into one.
#[derive(Clone)]
pub(crate) struct Wakeups(Sender<()>);

impl Wakeups {
    /// Returns the wakeups and their receiving end.
    pub(crate) fn new() -> (Self, Receiver<()>) {
        let (sender, receiver) = bounded(1);
        (Self(sender), receiver)
    }

    pub(crate) fn wake(&self) {
        // Full: it will wake anyway. Disconnected: the watcher is gone.
        let _ = self.0.try_send(());
    }
}
