//! How close turns follow each other: at once where the last one is long over, so that a single event does not
//! wait, and with a pause where work keeps coming, so that one write is for many events.

use std::time::{Duration, Instant};

/// The pause before the next turn, as a multiple of what the last one took, and at most.
const SHARE: u32 = 2;
const LONGEST: Duration = Duration::from_millis(10);

/// When the last turn ended, and how long it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TurnPace {
    ended: Instant,
    took: Duration,
}

impl TurnPace {
    /// No turn yet: the next may begin at once.
    pub(crate) fn new(now: Instant) -> Self {
        Self { ended: now, took: Duration::ZERO }
    }

    /// A turn that began at `began` has ended.
    pub(crate) fn end(&mut self, began: Instant, now: Instant) {
        *self = Self { ended: now, took: now - began };
    }

    /// Returns when the next turn may begin, unless room runs short or a caller waits.
    pub(crate) fn next_turn(&self) -> Instant {
        self.ended + (SHARE * self.took).min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turns_are_spaced_by_what_they_take_and_not_more_than_the_longest_pause() {
        let start = Instant::now();
        let ms = Duration::from_millis;
        let mut pace = TurnPace::new(start);
        assert_eq!(pace.next_turn(), start, "the first begins at once");
        pace.end(start, start + ms(3));
        assert_eq!(pace.next_turn(), start + ms(9));
        pace.end(start, start + ms(400));
        assert_eq!(pace.next_turn(), start + ms(410));
    }
}
