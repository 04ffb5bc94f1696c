//! What the recorder of cuts waits for: that there is something to cut, and that it is time.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

/// What has gathered since the last cut.
#[derive(Default)]
pub(crate) struct Gathered {
    /// Something has.
    pub(crate) dirty: bool,
    /// There is little room left, or somebody waits for some.
    pub(crate) short: bool,
    /// What signs take.
    pub(crate) sign_bytes: usize,
}

#[derive(Default)]
pub(crate) struct Dirty {
    gathered: Mutex<Gathered>,
    more: Condvar,
}

impl Dirty {
    /// Something has gathered, with signs of so many bytes.
    pub(crate) fn note(&self, sign_bytes: usize, short: bool) {
        self.change(|gathered| {
            gathered.dirty = true;
            gathered.short |= short;
            gathered.sign_bytes += sign_bytes;
        });
    }

    /// Somebody waits for room.
    pub(crate) fn short(&self) {
        self.change(|gathered| gathered.short = true);
    }

    /// A cut begins. Says whether anything has gathered.
    pub(crate) fn clear(&self) -> bool {
        let mut gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.short = false;
        std::mem::take(&mut gathered.dirty)
    }

    /// A cut has taken signs of so many bytes.
    pub(crate) fn taken(&self, sign_bytes: usize) {
        self.change(|gathered| gathered.sign_bytes = gathered.sign_bytes.saturating_sub(sign_bytes));
    }

    /// What signs take that have not been cut.
    pub(crate) fn sign_bytes(&self) -> usize {
        self.gathered.lock().unwrap_or_else(PoisonError::into_inner).sign_bytes
    }

    /// Waits until `enough`, or so long. Says whether it is.
    pub(crate) fn wait(&self, timeout: Duration, enough: impl Fn(&Gathered) -> bool) -> bool {
        let gathered = self.gathered.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.more.wait_timeout_while(gathered, timeout, |gathered| !enough(gathered));
        enough(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }

    fn change(&self, change: impl FnOnce(&mut Gathered)) {
        change(&mut self.gathered.lock().unwrap_or_else(PoisonError::into_inner));
        self.more.notify_all();
    }
}
