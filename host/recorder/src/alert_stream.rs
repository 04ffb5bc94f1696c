//! Streams of alert changes: lossy, so that a slow listener delays nothing, with a count of what was lost.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use lifesigns_compliance::Alert;
use parking_lot::Mutex;

/// BookChanges that wait for a listener; more are lost to it.
const WAITING: usize = 4096;

/// A stream of alerts as they change, each after it was committed.
pub struct AlertStream {
    queue: Receiver<Arc<Alert>>,
    lost: Arc<AtomicU64>,
}

impl AlertStream {
    /// Returns how many changes were lost because they were not taken in time.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Returns the next change, if one comes within `timeout`.
    pub fn next_timeout(&self, timeout: std::time::Duration) -> Option<Arc<Alert>> {
        self.queue.recv_timeout(timeout).ok()
    }
}

impl Iterator for AlertStream {
    type Item = Arc<Alert>;

    /// Waits for the next change; `None` when the host has stopped.
    fn next(&mut self) -> Option<Self::Item> {
        self.queue.recv().ok()
    }
}

/// One listener: where its changes go, and how many it lost.
type Listener = (Sender<Arc<Alert>>, Arc<AtomicU64>);

/// All listeners.
#[derive(Default)]
pub(crate) struct Listeners(Mutex<Vec<Listener>>);

impl Listeners {
    pub(crate) fn add(&self) -> AlertStream {
        let (sender, queue) = bounded(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        self.0.lock().push((sender, Arc::clone(&lost)));
        AlertStream { queue, lost }
    }

    /// Sends changes to all listeners that are still there.
    pub(crate) fn publish(&self, alerts: Vec<Arc<Alert>>) {
        let mut listeners = self.0.lock();
        if listeners.is_empty() {
            return;
        }
        for alert in alerts {
            listeners.retain(|(sender, lost)| match sender.try_send(Arc::clone(&alert)) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    lost.fetch_add(1, Ordering::Relaxed);
                    true
                }
                Err(TrySendError::Disconnected(_)) => false,
            });
        }
    }

    /// Ends all streams.
    pub(crate) fn end(&self) {
        self.0.lock().clear();
    }
}
