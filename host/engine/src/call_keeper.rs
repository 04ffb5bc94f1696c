//! Which raises and failures of a rule are kept with what the rule was given: the first of many, and at most 32 a second.

use std::collections::HashMap;

use lifesigns_model::{EventBatch, EventRow, NS_PER_S, limits};

use crate::{event_sink::StreamPosition, origin::EventOrigin};

/// A raise of a symptom that is raised is kept again after this long, in event time: its alert may be another one.
const AGAIN_NS: u64 = 60_000_000_000;
/// Symptoms on objects whose last raise is remembered.
const RAISED: usize = 4096;

/// Decides which calls are kept.
#[derive(Default)]
pub(crate) struct CallKeeper {
    /// By object and symptom: the event time of the last raise that was kept; none after a clear. A number that went to
    /// another object costs that one's first raise at most.
    raised: HashMap<(u32, u32), u64, foldhash::fast::FixedState>,
    /// A second of the driver's clock, and how many were kept in it.
    second: (u64, u32),
}

impl CallKeeper {
    /// Returns whether a raise is to be kept.
    pub(crate) fn wants(&mut self, object: u32, symptom: u32, time_ns: u64) -> bool {
        if self.raised.len() >= RAISED {
            self.raised.clear();
        }
        let is_known = |kept_ns: &u64| time_ns.abs_diff(*kept_ns) < AGAIN_NS;
        if self.raised.get(&(object, symptom)).is_some_and(is_known) {
            return false;
        }
        self.raised.insert((object, symptom), time_ns);
        true
    }

    /// Notes that a symptom was cleared: its next raise is to be kept.
    pub(crate) fn cleared(&mut self, object: u32, symptom: u32) {
        self.raised.remove(&(object, symptom));
    }

    /// Returns whether there is room for one more in this second.
    pub(crate) fn has_room(&mut self, now_ns: u64) -> bool {
        let second = now_ns / NS_PER_S;
        if self.second.0 != second {
            self.second = (second, 0);
        }
        self.second.1 += 1;
        self.second.1 <= limits::CALLS_PER_S
    }
}

/// The batch that a rule has just answered, or one of its events.
pub(crate) struct GivenBatch<'a> {
    pub(crate) batch: &'a EventBatch,
    pub(crate) rows: &'a [EventRow],
    pub(crate) origins: &'a [(EventOrigin, StreamPosition)],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_raise_is_kept_and_later_ones_after_a_minute_or_a_clear() {
        let mut keeper = CallKeeper::default();
        let second = 1_000_000_000;
        assert!(keeper.wants(1, 0, second));
        assert!(!keeper.wants(1, 0, 2 * second));
        assert!(keeper.wants(1, 1, 2 * second) && keeper.wants(2, 0, 2 * second));
        assert!(keeper.wants(1, 0, 62 * second), "after a minute");
        keeper.cleared(1, 0);
        assert!(keeper.wants(1, 0, 63 * second), "after a clear");
        (0..2 * RAISED as u32).for_each(|object| _ = keeper.wants(object, 7, 0));
        assert!(keeper.raised.len() <= RAISED);
    }

    #[test]
    fn so_many_are_kept_in_a_second() {
        let mut keeper = CallKeeper::default();
        let kept = |keeper: &mut CallKeeper, now_ns| (0..100).filter(|_| keeper.has_room(now_ns)).count();
        assert_eq!(kept(&mut keeper, 5), limits::CALLS_PER_S as usize);
        assert_eq!(kept(&mut keeper, 2_000_000_000), limits::CALLS_PER_S as usize);
    }
}
