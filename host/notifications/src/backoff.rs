//! Exponential back-off with jitter.

use fastrand::Rng;

use crate::config::Retry;

/// Nanoseconds in a millisecond.
pub(crate) const MS: u64 = 1_000_000;

/// Waits that double up to a bound, each drawn between one half and the whole of its value, so that
/// receivers that failed together do not retry together. The same seed gives the same waits.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    retry: Retry,
    random: Rng,
}

impl Backoff {
    pub(crate) fn new(retry: Retry, seed: u64) -> Self {
        Self { retry, random: Rng::with_seed(seed) }
    }

    /// Returns whether a message that failed for the `attempts`th time is given up.
    pub(crate) fn gives_up(&self, attempts: u32) -> bool {
        attempts >= self.retry.attempts
    }

    /// Returns the longest wait, in nanoseconds.
    pub(crate) fn longest_ns(&self) -> u64 {
        self.retry.max_ms.saturating_mul(MS)
    }

    /// Returns the wait after the `attempts`th failure in a row (from 1), in nanoseconds: at least
    /// `asked_ms` if the receiver asked for that, never more than the longest wait.
    pub(crate) fn wait_ns(&mut self, attempts: u32, asked_ms: Option<u64>) -> u64 {
        let doublings = attempts.saturating_sub(1).min(32);
        let whole = self.retry.first_ms.saturating_mul(1 << doublings).min(self.retry.max_ms).saturating_mul(MS);
        let half = whole / 2;
        let wait = self.random.u64(half..=whole);
        let asked = asked_ms.unwrap_or(0).min(self.retry.max_ms).saturating_mul(MS);
        wait.max(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry { attempts: 5, first_ms: 100, max_ms: 1000 };

    #[test]
    fn waits_double_up_to_a_bound_and_differ() {
        let mut backoff = Backoff::new(RETRY, 7);
        for (attempts, whole_ms) in [(1, 100), (2, 200), (3, 400), (4, 800), (5, 1000), (u32::MAX, 1000)] {
            for _ in 0..100 {
                let wait = backoff.wait_ns(attempts, None);
                assert!((whole_ms * MS / 2..=whole_ms * MS).contains(&wait), "{attempts}: {wait}");
            }
        }
        assert!(!backoff.gives_up(4) && backoff.gives_up(5));
    }

    #[test]
    fn the_same_seed_gives_the_same_waits() {
        let waits = |seed| {
            let mut backoff = Backoff::new(RETRY, seed);
            (1..20).map(|attempts| backoff.wait_ns(attempts, None)).collect::<Vec<_>>()
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }

    #[test]
    fn who_asks_for_time_gets_it_up_to_the_bound() {
        let mut backoff = Backoff::new(RETRY, 7);
        assert_eq!(backoff.wait_ns(1, Some(700)), 700 * MS);
        assert_eq!(backoff.wait_ns(1, Some(u64::MAX)), 1000 * MS);
        assert!(backoff.wait_ns(1, Some(1)) >= 50 * MS);
        let mut longest = Backoff::new(Retry { attempts: 1, first_ms: u64::MAX, max_ms: u64::MAX }, 0);
        assert!(longest.wait_ns(9, Some(u64::MAX)) > 0);
    }
}
