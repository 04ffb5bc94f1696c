//! A clock that never goes backwards, made of one that may.

use lifesigns_model::SharedClock;

/// Goes on with a clock, also when that is set back: pauses and budgets go by it, and end in their time
/// even if the clock was wrong when they began.
#[derive(Debug)]
pub(crate) struct MonotonicClock {
    clock: SharedClock,
    last_ns: u64,
    /// How far it is ahead of the clock, because that was set back.
    ahead_ns: u64,
}

impl MonotonicClock {
    pub(crate) fn new(clock: SharedClock) -> Self {
        let last_ns = clock.now_ns();
        Self { clock, last_ns, ahead_ns: 0 }
    }

    /// Returns nanoseconds that never decrease.
    pub(crate) fn now_ns(&mut self) -> u64 {
        let now_ns = self.clock.now_ns().saturating_add(self.ahead_ns);
        self.ahead_ns += self.last_ns.saturating_sub(now_ns);
        self.last_ns = self.last_ns.max(now_ns);
        self.last_ns
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lifesigns_model::ManualClock;

    use super::*;

    #[test]
    fn a_clock_that_is_set_back_goes_on_from_where_it_was() {
        let clock = Arc::new(ManualClock::new(100));
        let mut steady = MonotonicClock::new(Arc::clone(&clock) as SharedClock);
        let mut after = |set_ns| {
            clock.set(set_ns);
            steady.now_ns()
        };
        assert_eq!(
            [110, 1_000_000, 50, 60, 60, 40, 41].map(&mut after),
            [110, 1_000_000, 1_000_000, 1_000_010, 1_000_010, 1_000_010, 1_000_011]
        );
    }
}
