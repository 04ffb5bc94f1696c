//! The pulse of the recorder: how long its turns take, and the present one so far.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use lifesigns_api::RecorderStatus;

/// See the module.
#[derive(Debug)]
pub(crate) struct Pulse {
    origin: Instant,
    /// When the present turn began, in nanoseconds after the origin; 0 if there is none.
    began_ns: AtomicU64,
    turns: AtomicU64,
    total_ns: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        let (began_ns, turns, total_ns) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        Self { origin: Instant::now(), began_ns, turns, total_ns }
    }
}

impl Pulse {
    fn since_origin(&self, time: Instant) -> u64 {
        u64::try_from(time.saturating_duration_since(self.origin).as_nanos()).unwrap_or(u64::MAX)
    }

    /// Notes that a turn begins.
    pub(crate) fn begin(&self, began: Instant) {
        self.began_ns.store(self.since_origin(began).max(1), Ordering::Relaxed);
    }

    /// Notes that it is over.
    pub(crate) fn end(&self, ended: Instant) {
        let began_ns = self.began_ns.swap(0, Ordering::Relaxed);
        self.total_ns.fetch_add(self.since_origin(ended).saturating_sub(began_ns), Ordering::Relaxed);
        self.turns.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn status(&self) -> RecorderStatus {
        let began_ns = self.began_ns.load(Ordering::Relaxed);
        let running_ns = if began_ns == 0 { 0 } else { self.since_origin(Instant::now()).saturating_sub(began_ns) };
        let (turns, total_ns) = (self.turns.load(Ordering::Relaxed), self.total_ns.load(Ordering::Relaxed));
        RecorderStatus { turns, total_ns, running_ns }
    }
}
