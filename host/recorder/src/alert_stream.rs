//! Alerts as they change, for whoever listens: lossy, so that a slow listener holds nobody up, and
//! counted, so that it knows.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use lifesigns_compliance::Alert;

/// BookChanges that wait for a listener; more are lost to it.
const WAITING: usize = 4096;

/// Alerts as they change, from now on: each after it was committed.
pub struct AlertStream {
    queue: Receiver<Arc<Alert>>,
    lost: Arc<AtomicU64>,
}

impl AlertStream {
    /// How many changes were lost because they were not taken in time.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// The next change, if it comes within `timeout`.
    pub fn next_timeout(&self, timeout: std::time::Duration) -> Option<Arc<Alert>> {
        self.queue.recv_timeout(timeout).ok()
    }
}

impl Iterator for AlertStream {
    type Item = Arc<Alert>;

    /// Waits; `None` when the host has stopped.
    fn next(&mut self) -> Option<Self::Item> {
        self.queue.recv().ok()
    }
}

/// Where one listener's changes go, and how many it lost.
type Listener = (Sender<Arc<Alert>>, Arc<AtomicU64>);

/// The other end.
#[derive(Default)]
pub(crate) struct Listeners(Mutex<Vec<Listener>>);

impl Listeners {
    pub(crate) fn add(&self) -> AlertStream {
        let (sender, queue) = bounded(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((sender, Arc::clone(&lost)));
        AlertStream { queue, lost }
    }

    pub(crate) fn tell(&self, alerts: Vec<Arc<Alert>>) {
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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

    /// Nothing more comes.
    pub(crate) fn end(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
