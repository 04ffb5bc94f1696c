//! The quarantine of a rule that fails, as a pure state machine: it is tried again after a pause, longer
//! each time, until it is trusted again. Time is an input.

use lifesigns_model::NS_PER_MS;

use crate::pause;

/// Failures that cost nothing but the event.
const FREE: u32 = 2;
/// Events in a row that a rule must answer to be trusted again.
const PROBATION: u32 = 32;

/// Where a rule stands in one shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Quarantine {
    /// It has not failed since it was last trusted.
    #[default]
    Trusted,
    /// It has failed, and runs: each answer counts towards trust, each failure against it.
    Probation { failures: u32, answered: u32 },
    /// It is not called before this time; then it is on probation.
    Paused { failures: u32, until_ns: u64 },
}

impl Quarantine {
    /// Returns whether the rule is paused now.
    pub(crate) const fn blocks(&self, now_ns: u64) -> bool {
        matches!(self, Self::Paused { until_ns, .. } if now_ns < *until_ns)
    }

    /// Counts events that the rule answered.
    pub(crate) fn answered(&mut self, events: usize) {
        let events = u32::try_from(events).unwrap_or(u32::MAX);
        let (failures, answered) = match *self {
            Self::Trusted => return,
            Self::Probation { failures, answered } => (failures, answered.saturating_add(events)),
            Self::Paused { failures, .. } => (failures, events),
        };
        *self = if answered >= PROBATION { Self::Trusted } else { Self::Probation { failures, answered } };
    }

    /// Counts a failure. Returns the pause in milliseconds, 0 for none.
    pub(crate) fn failed(&mut self, now_ns: u64) -> u64 {
        let before = match *self {
            Self::Trusted => 0,
            Self::Probation { failures, .. } | Self::Paused { failures, .. } => failures,
        };
        let failures = before.saturating_add(1);
        let Some(step) = failures.checked_sub(FREE + 1) else {
            *self = Self::Probation { failures, answered: 0 };
            return 0;
        };
        let pause_ms = pause::after(step);
        *self = Self::Paused { failures, until_ns: now_ns.saturating_add(pause_ms * NS_PER_MS) };
        pause_ms
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    /// What happens to a rule. A pause is waited for, as its host does.
    #[derive(Clone, Copy, Debug)]
    enum Step {
        Answers(u8),
        Fails,
        Waits(u32),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (1_u8..=64).prop_map(Step::Answers),
            Just(Step::Fails),
            (0_u32..2_000_000).prop_map(Step::Waits),
        ];
        proptest::collection::vec(step, 0..200)
    }

    proptest! {
        /// Against a model that keeps the whole history and derives everything from it.
        #[test]
        fn it_is_what_its_history_says(steps in steps()) {
            let (mut quarantine, mut now_ns) = (Quarantine::default(), 0_u64);
            // Failures since it was last trusted, answers in a row since the last failure, end of the pause.
            let (mut failures, mut answered, mut until_ns) = (0_u32, 0_u32, 0_u64);
            for step in steps {
                match step {
                    Step::Waits(ms) => now_ns += u64::from(ms) * 1_000_000,
                    Step::Answers(events) if now_ns >= until_ns => {
                        quarantine.answered(usize::from(events));
                        answered += u32::from(events);
                        if answered >= PROBATION {
                            failures = 0;
                        }
                    }
                    Step::Fails if now_ns >= until_ns => {
                        let pause_ms = quarantine.failed(now_ns);
                        failures += 1;
                        answered = 0;
                        let expected = if failures <= FREE { 0 } else { pause::after(failures - FREE - 1) };
                        prop_assert_eq!(pause_ms, expected);
                        prop_assert!(pause_ms <= pause::LONGEST_MS, "a pause always ends");
                        until_ns = now_ns + pause_ms * 1_000_000;
                    }
                    // It is not called.
                    Step::Answers(_) | Step::Fails => {}
                }
                prop_assert_eq!(quarantine.blocks(now_ns), now_ns < until_ns);
                prop_assert!(!quarantine.blocks(until_ns), "it is tried again when the pause is over");
                if failures == 0 {
                    prop_assert_eq!(quarantine, Quarantine::Trusted);
                }
            }
        }

        /// Whatever came before: good conduct after the pause makes it trusted, and no sooner.
        #[test]
        fn good_conduct_makes_it_trusted(failures in 1_usize..60, answered in 1_usize..31) {
            let mut quarantine = Quarantine::default();
            for _ in 0..failures {
                quarantine.failed(0);
            }
            quarantine.answered(answered);
            prop_assert_ne!(quarantine, Quarantine::Trusted);
            quarantine.answered(PROBATION as usize - answered);
            prop_assert_eq!(quarantine, Quarantine::Trusted);
        }
    }
}
