//! How a receiver's thread is woken.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The host's clock may be set; nobody sleeps longer than this by what it said.
const SLEEP: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Notify {
    signals: Mutex<Signals>,
    heard: Condvar,
}

/// What it was signals for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Signals {
    /// There are new notices.
    pub(crate) new: bool,
    /// Old ones are to be looked at again.
    pub(crate) reread: bool,
    /// It is over.
    pub(crate) stop: bool,
}

impl Notify {
    /// Rings.
    pub(crate) fn ring(&self, what: impl FnOnce(&mut Signals)) {
        what(&mut self.lock());
        self.heard.notify_all();
    }

    /// What it was signals for since the last time. A stop stays.
    pub(crate) fn take(&self) -> Signals {
        let mut signals = self.lock();
        let stop = signals.stop;
        std::mem::replace(&mut *signals, Signals { stop, ..Signals::default() })
    }

    /// Returns when it rings, or after `time`.
    pub(crate) fn wait(&self, time: Duration) {
        let silent = |signals: &mut Signals| !(signals.new || signals.reread || signals.stop);
        let waited = self.heard.wait_timeout_while(self.lock(), time.min(SLEEP), silent);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, Signals> {
        self.signals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
