//! Pauses before something is tried again.

use std::time::Duration;

use fastrand::Rng;

use crate::clock::NS_PER_MS;

/// Pauses that double up to a bound, each drawn between one half and the whole of its value, so that those who failed
/// together do not try again together.
#[derive(Clone, Debug)]
pub struct Backoff {
    first_ms: u64,
    longest_ms: u64,
    /// Failures in a row that [`Self::pause`] has counted.
    failures: u32,
    random: Rng,
}

impl Backoff {
    /// Begins with a pause of `first_ms`, and never makes a longer one than `longest_ms`.
    pub fn new(first_ms: u64, longest_ms: u64) -> Self {
        Self { first_ms, longest_ms, failures: 0, random: Rng::new() }
    }

    /// The same, and the same seed gives the same pauses.
    pub fn seeded(first_ms: u64, longest_ms: u64, seed: u64) -> Self {
        Self { random: Rng::with_seed(seed), ..Self::new(first_ms, longest_ms) }
    }

    /// Returns the longest pause, in nanoseconds.
    pub const fn longest_ns(&self) -> u64 {
        self.longest_ms.saturating_mul(NS_PER_MS)
    }

    /// Returns the pause after one more failure.
    pub fn pause(&mut self) -> Duration {
        self.failures = self.failures.saturating_add(1);
        Duration::from_nanos(self.wait_ns(self.failures, None))
    }

    /// Begins with the first pause again: something has succeeded.
    pub const fn reset(&mut self) {
        self.failures = 0;
    }

    /// Returns the pause after the `failures`th failure in a row (from 1), in nanoseconds, for a caller that counts
    /// itself: at least `asked_ms` if the other side asked for that, never more than the longest pause.
    pub fn wait_ns(&mut self, failures: u32, asked_ms: Option<u64>) -> u64 {
        let doublings = failures.saturating_sub(1).min(32);
        let whole_ms = self.first_ms.saturating_mul(1 << doublings).min(self.longest_ms);
        let whole = whole_ms.saturating_mul(NS_PER_MS);
        let pause = self.random.u64(whole / 2..=whole);
        let asked = asked_ms.unwrap_or(0).min(self.longest_ms).saturating_mul(NS_PER_MS);
        pause.max(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = NS_PER_MS;

    #[test]
    fn pauses_double_up_to_a_bound_and_differ() {
        let mut backoff = Backoff::seeded(100, 1000, 7);
        for (failures, whole_ms) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (u32::MAX, 1000)] {
            for _ in 0..100 {
                let wait = backoff.wait_ns(failures, None);
                assert!((whole_ms * MS / 2..=whole_ms * MS).contains(&wait), "{failures}: {wait}");
            }
        }
    }

    #[test]
    fn a_success_begins_again() {
        let mut backoff = Backoff::new(100, 1000);
        let pauses: Vec<u128> = (0..5).map(|_| backoff.pause().as_millis()).collect();
        assert!(pauses[0] <= 100 && pauses[4] >= 500, "{pauses:?}");
        backoff.reset();
        assert!(backoff.pause().as_millis() <= 100);
    }

    #[test]
    fn the_same_seed_gives_the_same_pauses() {
        let pauses = |seed| {
            let mut backoff = Backoff::seeded(100, 1000, seed);
            (1..20).map(|failures| backoff.wait_ns(failures, None)).collect::<Vec<_>>()
        };
        assert_eq!(pauses(1), pauses(1));
        assert_ne!(pauses(1), pauses(2));
    }

    #[test]
    fn who_asks_for_time_gets_it_up_to_the_bound() {
        let mut backoff = Backoff::seeded(100, 1000, 7);
        assert_eq!(backoff.wait_ns(1, Some(700)), 700 * MS);
        assert_eq!(backoff.wait_ns(1, Some(u64::MAX)), 1000 * MS);
        assert!(backoff.wait_ns(1, Some(1)) >= 50 * MS);
        assert!(Backoff::seeded(u64::MAX, u64::MAX, 0).wait_ns(9, Some(u64::MAX)) > 0);
    }
}
