//! Event clocks: how far event time has come for an object in a source.

use std::{collections::BTreeSet, sync::Arc};

use lifesigns_model::clamp_event_time;

use crate::{
    book::{ids::Id, limits},
    change::PendingTransition,
};

/// The kind of a timer. Of timers that are due at one time on one object, holds come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TimerKind {
    /// A symptom's hold time may be over.
    Hold,
    /// A definition may have waited long enough.
    Wait,
    /// A metric may be too old.
    Age,
}

/// The event time at which a timer is due, its object, its kind, and the symptom, definition or metric. A timer is a
/// reminder to look: the parts of the book know whether something is due then.
pub(crate) type Timer = (u64, Id, TimerKind, Id);

/// Stands for all sources, where the object is empty: a source of this name is one like any other.
pub(crate) const ALL_SOURCES: &str = "(all)";

/// The key of an event clock: an object in a source. An empty object stands for the host's clock.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ClockKey {
    pub(crate) source: Id,
    pub(crate) object: Id,
}

impl ClockKey {
    pub(crate) fn new(source: &str, object: &Id) -> Self {
        Self { source: source.into(), object: Arc::clone(object) }
    }

    /// Returns the key of the host's clock: what neither an event nor a fact of the stream caused goes by it.
    pub(crate) fn wall() -> Self {
        Self::default()
    }

    /// Returns the key of the host's clock once all sources were read to their end: what some source caused goes by
    /// it when it is not known any more which one.
    pub(crate) fn all() -> Self {
        Self { source: ALL_SOURCES.into(), object: "".into() }
    }

    pub(crate) fn is_wall(&self) -> bool {
        self.object.is_empty()
    }
}

impl From<&PendingTransition> for ClockKey {
    /// Returns the clock by which a definition waits.
    fn from(pending: &PendingTransition) -> Self {
        Self::new(&pending.clock_source, &pending.clock_object.as_str().into())
    }
}

/// How far the time of an object in a source has come, and since when there has been no event. Between events it
/// goes on with the host's clock.
#[derive(Debug, Default)]
pub(crate) struct EventClock {
    /// The latest event.
    event_ns: u64,
    /// The time for which the latest event counts that was stamped ahead of the host's clock.
    ahead_ns: u64,
    /// The time from which on it goes with the host's clock while there are no events.
    base_ns: u64,
    /// The host's clock at `base_ns`.
    observed_ns: u64,
    /// Most clocks have no timers.
    waiting: Option<Box<WaitingTimers>>,
}

/// The timers of an event clock.
#[derive(Debug, Default)]
struct WaitingTimers {
    timers: BTreeSet<Timer>,
    /// The time of the host's clock for which the clock is queued.
    queued_ns: Option<u64>,
}

impl EventClock {
    /// Observes an event at `wall_ns` of the host's clock; 0 for none. Returns the time for which the event counts:
    /// after an event that was stamped ahead (`is_ahead`), none counts as earlier than that.
    pub(crate) fn observe(&mut self, time_ns: u64, is_ahead: bool, wall_ns: u64) -> u64 {
        let least_ns = if wall_ns == 0 { 0 } else { self.ahead_ns };
        let time_ns = clamp_event_time(time_ns.max(least_ns), wall_ns);
        if is_ahead {
            self.ahead_ns = time_ns;
        }
        if time_ns >= self.event_ns {
            self.event_ns = time_ns;
            self.go_on_from(time_ns, wall_ns);
        }
        time_ns
    }

    /// Puts back an event from before a restart, that came at `observed_ns` of the host's clock.
    pub(crate) fn restore(&mut self, time_ns: u64, observed_ns: u64) {
        if time_ns < self.event_ns {
            return;
        }
        let is_reopening = time_ns == self.event_ns;
        let observed_ns = if is_reopening { observed_ns.max(self.observed_ns) } else { observed_ns };
        self.event_ns = time_ns;
        self.go_on_from(time_ns, observed_ns);
    }

    /// Goes on with the host's clock from `base_ns`, which it shows at `wall_ns` of the host's clock.
    pub(crate) fn go_on_from(&mut self, base_ns: u64, wall_ns: u64) {
        self.base_ns = base_ns;
        self.observed_ns = wall_ns;
    }

    /// Goes on from where it is at `wall_ns` of the host's clock.
    pub(crate) fn resume(&mut self, wall_ns: u64) {
        self.observed_ns = wall_ns;
    }

    /// Returns how far it has come when everything until `until_ns` of the host's clock was observed.
    pub(crate) fn time_ns(&self, until_ns: u64) -> u64 {
        self.event_ns.max(self.quiet_time_ns(until_ns))
    }

    /// Returns how far it has come by itself when everything until `until_ns` of the host's clock was observed.
    pub(crate) fn quiet_time_ns(&self, until_ns: u64) -> u64 {
        let quiet_ns = until_ns.saturating_sub(self.observed_ns);
        if quiet_ns >= limits::QUIET_NS { self.base_ns.saturating_add(quiet_ns) } else { self.base_ns }
    }

    /// Returns when the host's clock makes the first timer due, if there are no events until then.
    pub(crate) fn due_by_wall_clock_ns(&self) -> Option<u64> {
        let due_ns = self.first_due_ns()?;
        let quiet_ns = due_ns.saturating_sub(self.base_ns).max(limits::QUIET_NS);
        Some(self.observed_ns.saturating_add(quiet_ns).max(due_ns))
    }

    /// Returns when the first timer is due.
    pub(crate) fn first_due_ns(&self) -> Option<u64> {
        self.waiting.as_ref()?.timers.first().map(|(due_ns, ..)| *due_ns)
    }

    pub(crate) fn has_timers(&self) -> bool {
        self.waiting.as_ref().is_some_and(|waiting| !waiting.timers.is_empty())
    }

    pub(crate) fn add(&mut self, timer: Timer) {
        self.waiting.get_or_insert_default().timers.insert(timer);
    }

    /// Takes the first timer if it is due at `time_ns`.
    pub(crate) fn pop_due(&mut self, time_ns: u64) -> Option<Timer> {
        if self.first_due_ns()? > time_ns {
            return None;
        }
        self.waiting.as_mut()?.timers.pop_first()
    }

    /// Notes for which time of the host's clock it is queued. Returns the time before.
    pub(crate) fn set_queued(&mut self, due_ns: Option<u64>) -> Option<u64> {
        if due_ns.is_none() && !self.has_timers() {
            return self.waiting.take()?.queued_ns;
        }
        std::mem::replace(&mut self.waiting.get_or_insert_default().queued_ns, due_ns)
    }

    /// Returns the order in which clocks without timers are evicted.
    pub(crate) fn age(&self) -> (u64, u64) {
        (self.observed_ns, self.event_ns)
    }
}
