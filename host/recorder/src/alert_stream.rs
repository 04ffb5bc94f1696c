//! Streams of alert changes: lossy, so that a slow listener delays nothing, with a count of what was lost.

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, Waker},
};

use crossbeam_channel::{Receiver, Sender, TryRecvError, TrySendError, bounded};
use futures_core::Stream;
use lifesigns_compliance::Alert;
use parking_lot::Mutex;

/// Changes that wait for a listener; more are lost to it.
const WAITING: usize = 4096;

/// A stream of alerts as they change, each after it was committed: an iterator that waits for the next one. See
/// [`AlertStream::into_async`].
pub struct AlertStream {
    queue: Receiver<Arc<Alert>>,
    shared: Arc<ListenerState>,
}

#[derive(Default)]
struct ListenerState {
    lost: AtomicU64,
    /// The task that waits for the next change.
    waker: Mutex<Option<Waker>>,
}

impl AlertStream {
    /// Returns how many changes were lost because they were not taken in time.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Returns the next change, if one comes within `timeout`.
    pub fn next_timeout(&self, timeout: std::time::Duration) -> Option<Arc<Alert>> {
        self.queue.recv_timeout(timeout).ok()
    }

    /// Turns it into a [`Stream`], for asynchronous code.
    pub fn into_async(self) -> AsyncAlertStream {
        AsyncAlertStream(self)
    }
}

impl Iterator for AlertStream {
    type Item = Arc<Alert>;

    /// Waits for the next change; `None` when the host has stopped.
    fn next(&mut self) -> Option<Self::Item> {
        self.queue.recv().ok()
    }
}

/// An [`AlertStream`] as a [`Stream`], for whatever runtime polls it. It ends when the host has stopped.
pub struct AsyncAlertStream(AlertStream);

impl AsyncAlertStream {
    /// Waits for the next change; `None` when the host has stopped.
    pub async fn next(&mut self) -> Option<Arc<Alert>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Returns how many changes were lost because they were not taken in time.
    pub fn lost(&self) -> u64 {
        self.0.lost()
    }
}

impl Stream for AsyncAlertStream {
    type Item = Arc<Alert>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // First: what comes from here on wakes it.
        *self.0.shared.waker.lock() = Some(context.waker().clone());
        match self.0.queue.try_recv() {
            Ok(alert) => Poll::Ready(Some(alert)),
            Err(TryRecvError::Disconnected) => Poll::Ready(None),
            Err(TryRecvError::Empty) => Poll::Pending,
        }
    }
}

/// Where a listener's changes go.
type Listener = (Sender<Arc<Alert>>, Arc<ListenerState>);

/// All listeners.
#[derive(Default)]
pub(crate) struct Listeners(Mutex<Vec<Listener>>);

impl Listeners {
    pub(crate) fn add(&self) -> AlertStream {
        let (sender, queue) = bounded(WAITING);
        let shared = Arc::<ListenerState>::default();
        self.0.lock().push((sender, Arc::clone(&shared)));
        AlertStream { queue, shared }
    }

    /// Sends changes to all listeners that are still there.
    pub(crate) fn publish(&self, alerts: Vec<Arc<Alert>>) {
        let mut listeners = self.0.lock();
        if listeners.is_empty() || alerts.is_empty() {
            return;
        }
        for alert in alerts {
            listeners.retain(|(sender, shared)| match sender.try_send(Arc::clone(&alert)) {
                Ok(()) => true,
                Err(TrySendError::Full(_)) => {
                    shared.lost.fetch_add(1, Ordering::Relaxed);
                    true
                }
                Err(TrySendError::Disconnected(_)) => false,
            });
        }
        let wakers: Vec<Waker> = listeners.iter().filter_map(|(_, shared)| shared.waker.lock().take()).collect();
        // Without the lock: a task that is woken may add a listener.
        drop(listeners);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Ends all streams.
    pub(crate) fn end(&self) {
        let ended = std::mem::take(&mut *self.0.lock());
        for (sender, shared) in ended {
            drop(sender);
            let waker = shared.waker.lock().take();
            waker.into_iter().for_each(Waker::wake);
        }
    }
}
