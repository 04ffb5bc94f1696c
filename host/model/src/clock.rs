//! The clock port: what time it is, asked each time it is needed and never remembered. Tests and
//! simulations inject a [`ManualClock`].

use std::{
    fmt::Debug,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use parking_lot::Mutex;

use crate::wake_signal::{WakeSignal, Wakeup, WeakSignal};

/// Nanoseconds in a millisecond.
pub const NS_PER_MS: u64 = 1_000_000;
/// Nanoseconds in a second.
pub const NS_PER_S: u64 = 1000 * NS_PER_MS;

/// The longest wait for a time: then it is looked again what the clock shows.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Tells the time.
pub trait Clock: Debug + Send + Sync {
    /// Returns the nanoseconds since the Unix epoch; 0 before it.
    fn now_ns(&self) -> u64;

    /// Wakes `signal` whenever the clock is set, so that who waits for a time looks again. A clock that
    /// only runs need not.
    fn wake_when_set(&self, _signal: &WakeSignal) {}

    /// Waits for a call of `signal`, or until this clock shows `until_ns`, but no longer than 30 s: a clock may
    /// be set, and not all wake who waits.
    fn wait_until(&self, until_ns: u64, signal: &WakeSignal) -> Wakeup {
        let left = Duration::from_nanos(until_ns.saturating_sub(self.now_ns()));
        signal.wait(left.min(LONGEST_WAIT))
    }
}

/// A clock as it is shared.
pub type SharedClock = Arc<dyn Clock>;

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl SystemClock {
    /// Returns the clock of the operating system, ready to be shared.
    #[must_use]
    pub fn shared() -> SharedClock {
        Arc::new(Self)
    }

    /// Returns the time that the system stamps on a file that is written now. Ages of files go by this
    /// clock: a simulated one does not move the times of files.
    #[must_use]
    pub fn file_time() -> SystemTime {
        SystemTime::now()
    }
}

impl Clock for SystemClock {
    fn now_ns(&self) -> u64 {
        let since = Self::file_time().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// A clock that stands still until it is set.
#[derive(Debug, Default)]
pub struct ManualClock {
    now_ns: AtomicU64,
    /// Woken whenever it is set.
    waiting: Mutex<Vec<WeakSignal>>,
}

impl ManualClock {
    /// Returns a clock that shows `now_ns`, nanoseconds since the Unix epoch.
    #[must_use]
    pub fn new(now_ns: u64) -> Self {
        Self { now_ns: AtomicU64::new(now_ns), waiting: Mutex::default() }
    }

    /// Sets the time, forwards or backwards.
    pub fn set(&self, now_ns: u64) {
        self.now_ns.store(now_ns, Ordering::SeqCst);
        self.wake();
    }

    /// Advances the time by `by_ns` nanoseconds.
    pub fn advance(&self, by_ns: u64) {
        self.now_ns.fetch_add(by_ns, Ordering::SeqCst);
        self.wake();
    }

    fn wake(&self) {
        self.waiting.lock().retain(WeakSignal::wake);
    }
}

impl Clock for ManualClock {
    fn now_ns(&self) -> u64 {
        self.now_ns.load(Ordering::SeqCst)
    }

    fn wake_when_set(&self, signal: &WakeSignal) {
        self.waiting.lock().push(signal.downgrade());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_shows_what_it_was_set_to() {
        let clock = ManualClock::new(5);
        clock.advance(2);
        assert_eq!(clock.now_ns(), 7);
        clock.set(1);
        assert_eq!(clock.now_ns(), 1);
    }

    #[test]
    fn a_manual_clock_wakes_who_waits_for_a_time() {
        let (clock, signal) = (Arc::new(ManualClock::new(5)), WakeSignal::new());
        clock.wake_when_set(&signal);
        let gone = WakeSignal::new();
        clock.wake_when_set(&gone);
        drop(gone);
        let waiting = {
            let (clock, signal) = (Arc::clone(&clock), signal.clone());
            std::thread::spawn(move || clock.wait_until(u64::MAX, &signal))
        };
        clock.advance(1);
        assert_eq!(waiting.join().expect("it returns"), Wakeup::Woken);
        assert_eq!(clock.wait_until(6, &signal), Wakeup::TimedOut, "it is that time already");
        assert_eq!(clock.waiting.lock().len(), 1, "who is gone is forgotten");
    }

    #[test]
    fn the_system_clock_is_past_2020() {
        assert!(SystemClock.now_ns() > 1_577_836_800_000_000_000);
    }
}
