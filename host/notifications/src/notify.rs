//! Wakes the thread of a receiver.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};

/// The longest sleep: the clock of the host may be set in the meantime.
const SLEEP: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Notify {
    signals: Mutex<Signals>,
    changed: Condvar,
}

/// The signals since they were last taken.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Signals {
    /// The outbox has new notices.
    pub(crate) new: bool,
    /// The outbox must be read from the start.
    pub(crate) reread: bool,
    /// The thread must end.
    pub(crate) stop: bool,
}

impl Notify {
    /// Sets a signal and wakes the thread.
    pub(crate) fn signal(&self, what: impl FnOnce(&mut Signals)) {
        what(&mut self.signals.lock());
        self.changed.notify_all();
    }

    /// Returns the signals since the last call, and resets all but `stop`.
    pub(crate) fn take(&self) -> Signals {
        let mut signals = self.signals.lock();
        let stop = signals.stop;
        std::mem::replace(&mut *signals, Signals { stop, ..Signals::default() })
    }

    /// Returns when a signal is set, or after `time`.
    pub(crate) fn wait(&self, time: Duration) {
        let mut signals = self.signals.lock();
        let is_unset = |signals: &mut Signals| !(signals.new || signals.reread || signals.stop);
        // Whether it was woken or timed out, the caller looks at the signals.
        let _ = self.changed.wait_while_for(&mut signals, is_unset, time.min(SLEEP));
    }
}
