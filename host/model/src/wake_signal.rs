//! A signal between threads: it wakes one that waits, or stops all that wait, for good. The only
//! primitive of this kind in the house; a bound on bytes (the engine's semaphore) is another thing.

use std::{
    fmt,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TryRecvError, bounded};
use parking_lot::Mutex;

/// How a wait for a [`WakeSignal`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wakeup {
    /// [`WakeSignal::wake`] was called, once or several times.
    Woken,
    /// [`WakeSignal::stop`] was called, at any time before.
    Stopped,
    /// The time is over.
    TimedOut,
}

/// Wakes a thread that waits for it, or stops all that wait. Clones are the same signal.
///
/// A wake-up that nothing waits for is kept for the next wait, and several count as one. If several
/// threads wait, one of them gets it. A stop is for all, and stays.
#[derive(Clone)]
pub struct WakeSignal(Arc<SignalState>);

struct SignalState {
    /// `None` once it is stopped: without a sender, all that wait return.
    sender: Mutex<Option<Sender<()>>>,
    receiver: Receiver<()>,
    stopped: AtomicBool,
}

impl WakeSignal {
    /// Returns a signal that nothing has called yet.
    #[must_use]
    pub fn new() -> Self {
        let (sender, receiver) = bounded(1);
        Self(Arc::new(SignalState { sender: Mutex::new(Some(sender)), receiver, stopped: AtomicBool::new(false) }))
    }

    /// Wakes a thread that waits, or the next that does.
    pub fn wake(&self) {
        if let Some(sender) = &*self.0.sender.lock() {
            // Full: a wake-up is there already.
            let _ = sender.try_send(());
        }
    }

    /// Stops all that wait, now and later.
    pub fn stop(&self) {
        self.0.stopped.store(true, Ordering::SeqCst);
        self.0.sender.lock().take();
    }

    /// Whether it was stopped.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::SeqCst)
    }

    /// Waits for a call, but no longer than `at_most`.
    pub fn wait(&self, at_most: Duration) -> Wakeup {
        let called = self.poll();
        if called != Wakeup::TimedOut || at_most.is_zero() {
            return called;
        }
        match self.0.receiver.recv_timeout(at_most) {
            Ok(()) => Wakeup::Woken,
            Err(RecvTimeoutError::Timeout) => Wakeup::TimedOut,
            Err(RecvTimeoutError::Disconnected) => Wakeup::Stopped,
        }
    }

    /// Returns whether it was called, without waiting, and takes the wake-up. A stop outweighs a wake-up that
    /// came before it.
    pub fn poll(&self) -> Wakeup {
        if self.is_stopped() {
            return Wakeup::Stopped;
        }
        match self.0.receiver.try_recv() {
            Ok(()) => Wakeup::Woken,
            Err(TryRecvError::Empty) => Wakeup::TimedOut,
            Err(TryRecvError::Disconnected) => Wakeup::Stopped,
        }
    }

    /// Returns the channel to select on: it has a message for each wake-up, and is disconnected once the
    /// signal is stopped.
    #[must_use]
    pub fn receiver(&self) -> &Receiver<()> {
        &self.0.receiver
    }

    /// Returns a reference that does not keep the signal.
    pub(crate) fn downgrade(&self) -> WeakSignal {
        WeakSignal(Arc::downgrade(&self.0))
    }
}

/// Clones of one signal are equal.
impl PartialEq for WakeSignal {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for WakeSignal {}

impl Default for WakeSignal {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for WakeSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WakeSignal").field("stopped", &self.is_stopped()).finish_non_exhaustive()
    }
}

/// A signal that may be gone.
#[derive(Clone)]
pub(crate) struct WeakSignal(Weak<SignalState>);

impl WeakSignal {
    /// Wakes it. Returns whether it is still there.
    pub(crate) fn wake(&self) -> bool {
        self.0.upgrade().map(|shared| WakeSignal(shared).wake()).is_some()
    }
}

impl fmt::Debug for WeakSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WeakSignal").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use crossbeam_channel::select;

    use super::*;

    /// No test waits this long.
    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn wake_ups_before_a_wait_are_one_and_are_not_lost() {
        let signal = WakeSignal::new();
        assert!(signal == signal.clone() && signal != WakeSignal::new());
        assert_eq!(signal.poll(), Wakeup::TimedOut);
        signal.wake();
        signal.clone().wake();
        assert_eq!(signal.wait(LONG), Wakeup::Woken);
        assert_eq!(signal.poll(), Wakeup::TimedOut);
    }

    #[test]
    fn a_wake_up_ends_a_wait_that_has_begun() {
        let (signal, begun) = (WakeSignal::new(), WakeSignal::new());
        let (other, started) = (signal.clone(), begun.clone());
        let waiting = thread::spawn(move || {
            started.wake();
            other.wait(LONG)
        });
        assert_eq!(begun.wait(LONG), Wakeup::Woken);
        signal.wake();
        assert_eq!(waiting.join().expect("it returns"), Wakeup::Woken);
    }

    #[test]
    fn a_stop_ends_all_waits_and_stays() {
        let (signal, begun) = (WakeSignal::new(), WakeSignal::new());
        signal.wake();
        assert_eq!(signal.poll(), Wakeup::Woken);
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let (other, started) = (signal.clone(), begun.clone());
                let waiting = thread::spawn(move || {
                    started.wake();
                    other.wait(LONG)
                });
                assert_eq!(begun.wait(LONG), Wakeup::Woken);
                waiting
            })
            .collect();
        assert!(!signal.is_stopped());
        signal.stop();
        for one in waiting {
            assert_eq!(one.join().expect("it returns"), Wakeup::Stopped);
        }
        signal.wake();
        assert_eq!((signal.wait(LONG), signal.is_stopped()), (Wakeup::Stopped, true));
    }

    #[test]
    fn a_stop_outweighs_a_wake_up_before_it() {
        let signal = WakeSignal::new();
        signal.wake();
        signal.stop();
        signal.stop();
        assert_eq!(signal.poll(), Wakeup::Stopped);
    }

    #[test]
    fn it_can_be_selected_on() {
        let (quiet, signal) = (WakeSignal::new(), WakeSignal::new());
        signal.wake();
        select! {
            recv(quiet.receiver()) -> _ => panic!("nothing called it"),
            recv(signal.receiver()) -> called => assert!(called.is_ok()),
        }
        signal.stop();
        assert_eq!(signal.receiver().try_recv(), Err(TryRecvError::Disconnected));
    }
}
