//! The quarantine of a rule that fails: it is tried again after a pause, longer each time.

use crate::pause;

/// Failures that cost nothing but the event.
const FREE: u32 = 2;
/// Events in a row that a rule must answer to be trusted again.
const PROBATION: u32 = 32;

/// The failures of a rule in one shard.
#[derive(Debug, Default)]
pub(crate) struct Quarantine {
    failures: u32,
    answered: u32,
    until_ns: u64,
}

impl Quarantine {
    /// Returns whether the rule is paused now.
    pub(crate) const fn blocks(&self, now_ns: u64) -> bool {
        now_ns < self.until_ns
    }

    /// Counts events that the rule answered.
    pub(crate) fn answered(&mut self, events: usize) {
        if self.failures > 0 {
            self.answered = self.answered.saturating_add(events as u32);
            if self.answered >= PROBATION {
                *self = Self::default();
            }
        }
    }

    /// Counts a failure. Returns the pause in milliseconds, 0 for none.
    pub(crate) fn failed(&mut self, now_ns: u64) -> u64 {
        self.failures = self.failures.saturating_add(1);
        self.answered = 0;
        let Some(step) = self.failures.checked_sub(FREE + 1) else { return 0 };
        let pause_ms = pause::after(step);
        self.until_ns = now_ns.saturating_add(pause_ms * 1_000_000);
        pause_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_good_conduct_ends_them() {
        let mut quarantine = Quarantine::default();
        assert_eq!([quarantine.failed(0), quarantine.failed(0)], [0, 0]);
        assert!(!quarantine.blocks(0));
        assert_eq!(quarantine.failed(0), 1_000);
        assert!(quarantine.blocks(999_999_999) && !quarantine.blocks(1_000_000_000));
        assert_eq!(quarantine.failed(1_000_000_000), 2_000);
        for _ in 0..40 {
            quarantine.failed(0);
        }
        assert_eq!(quarantine.failed(0), pause::LONGEST_MS);
        quarantine.answered(31);
        assert_eq!(quarantine.failed(0), pause::LONGEST_MS);
        quarantine.answered(32);
        assert_eq!(quarantine.failed(0), 0);
    }
}
