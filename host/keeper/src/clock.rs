//! Times: the host's clock, and how event time goes on while nothing comes.

use lifesigns_compliance::limits;
pub(crate) use lifesigns_engine::now_ns;

/// A line may be as far ahead of the host's clock as the book allows.
const AHEAD_NS: u64 = limits::AHEAD_MS * 1_000_000;
/// Event time goes on by itself after this long without an event.
const QUIET_NS: u64 = 1_000_000_000;

/// How far event time has come.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EventClock {
    event_ns: u64,
    /// When that was, on the host's clock.
    heard_ns: u64,
}

impl EventClock {
    /// It had come this far when the host stopped; how long it was down does not count as quiet.
    pub(crate) fn new(event_ns: u64, now_ns: u64) -> Self {
        Self { event_ns, heard_ns: now_ns }
    }

    /// The time of an event, no further ahead than is allowed.
    pub(crate) fn hear(&mut self, time_ns: u64, now_ns: u64) -> u64 {
        let time_ns = time_ns.min(now_ns.saturating_add(AHEAD_NS));
        self.event_ns = self.event_ns.max(time_ns);
        self.heard_ns = now_ns;
        time_ns
    }

    /// Event time now, if nothing has been heard for a while.
    pub(crate) fn quiet(&self, now_ns: u64) -> Option<u64> {
        let quiet_ns = now_ns.saturating_sub(self.heard_ns);
        (self.event_ns > 0 && quiet_ns >= QUIET_NS).then(|| self.event_ns.saturating_add(quiet_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    #[test]
    fn event_time_goes_on_when_it_is_quiet_and_not_before() {
        let mut clock = EventClock::new(0, 0);
        assert_eq!(clock.quiet(100 * S), None, "nothing was ever heard");
        assert_eq!(clock.hear(50 * S, 1000 * S), 50 * S);
        assert_eq!(clock.quiet(1000 * S + 1), None);
        assert_eq!(clock.quiet(1005 * S), Some(55 * S));
    }

    #[test]
    fn a_wrong_clock_gets_no_further_than_ten_minutes() {
        let mut clock = EventClock::new(0, 0);
        assert_eq!(clock.hear(u64::MAX, 1000 * S), 1600 * S);
        assert_eq!(clock.quiet(1002 * S), Some(1602 * S));
    }
}
