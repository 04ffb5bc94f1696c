//! The circuit breaker of a receiver. While it is open, one message at a time is tried, less and less often.

use lifesigns_model::Backoff;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    failures: u32,
    since_ns: u64,
    not_before_ns: u64,
}

impl Circuit {
    /// Closes it, because the receiver answered.
    pub(super) fn close(&mut self) {
        *self = Self::default();
    }

    /// Opens it or keeps it open, because the receiver failed.
    pub(super) fn open(&mut self, asked_ms: Option<u64>, backoff: &mut Backoff, now_ns: u64) {
        if self.failures == 0 {
            self.since_ns = now_ns;
        }
        self.failures = self.failures.saturating_add(1);
        self.not_before_ns = now_ns.saturating_add(backoff.wait_ns(self.failures, asked_ms));
    }

    /// Moves its times back, because the clock was set back by this much.
    pub(super) fn set_back(&mut self, by_ns: u64) {
        self.since_ns = self.since_ns.saturating_sub(by_ns);
        self.not_before_ns = self.not_before_ns.saturating_sub(by_ns);
    }

    pub(super) fn is_open(&self) -> bool {
        self.failures > 0
    }

    pub(super) fn since_ns(&self) -> Option<u64> {
        self.is_open().then_some(self.since_ns)
    }

    /// Returns the time before which nothing is tried.
    pub(super) fn not_before_ns(&self) -> u64 {
        self.not_before_ns
    }
}
