//! How a receiver's thread is woken.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The host's clock may be set; nobody sleeps longer than this by what it said.
const SLEEP: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    rung: Mutex<Rung>,
    heard: Condvar,
}

/// What it was rung for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rung {
    /// There are new notices.
    pub(crate) new: bool,
    /// Old ones are to be looked at again.
    pub(crate) again: bool,
    /// It is over.
    pub(crate) stop: bool,
}

impl Bell {
    /// Rings.
    pub(crate) fn ring(&self, what: impl FnOnce(&mut Rung)) {
        what(&mut self.lock());
        self.heard.notify_all();
    }

    /// What it was rung for since the last time. A stop stays.
    pub(crate) fn take(&self) -> Rung {
        let mut rung = self.lock();
        let stop = rung.stop;
        std::mem::replace(&mut *rung, Rung { stop, ..Rung::default() })
    }

    /// Returns when it rings, or after `time`.
    pub(crate) fn wait(&self, time: Duration) {
        let silent = |rung: &mut Rung| !(rung.new || rung.again || rung.stop);
        let waited = self.heard.wait_timeout_while(self.lock(), time.min(SLEEP), silent);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn lock(&self) -> MutexGuard<'_, Rung> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
