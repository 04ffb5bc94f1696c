//! The book's time: how far event time and the host's clock have come, and by which clock the input in hand goes.

use lifesigns_model::clamp_event_time;

use crate::book::{
    ids::Id,
    time::{event_clock::ClockKey, timers::Timers},
};

/// The book has no clock of its own: event time comes with the events, the host's clock by an input.
#[derive(Debug)]
pub(crate) struct BookClock {
    /// The latest event of all; informational, nothing is due by it.
    event_ns: u64,
    /// The host's clock; 0 where there is none.
    wall_ns: u64,
    /// The source of the input in hand, if it has one.
    source: Id,
    /// The last source that an input had, whose name is shared by all that goes by its clocks.
    known_source: Id,
    /// The clock that the input in hand goes by.
    active: ClockKey,
    /// The time that the input in hand counts for.
    at_ns: u64,
}

impl BookClock {
    pub(crate) fn new() -> Self {
        Self {
            event_ns: 0,
            wall_ns: 0,
            source: Id::default(),
            known_source: Id::default(),
            active: ClockKey::wall(),
            at_ns: 0,
        }
    }

    /// Returns how far event time has come.
    pub(crate) fn event_ns(&self) -> u64 {
        self.event_ns
    }

    /// Returns the host's clock; 0 where there is none.
    pub(crate) fn wall_ns(&self) -> u64 {
        self.wall_ns
    }

    /// Returns the host's clock, or event time where there is none.
    pub(crate) fn now_ns(&self) -> u64 {
        if self.wall_ns > 0 { self.wall_ns } else { self.event_ns }
    }

    /// Returns the time that the input in hand counts for.
    pub(crate) fn at_ns(&self) -> u64 {
        self.at_ns
    }

    /// Returns the clock that the input in hand goes by.
    pub(crate) fn active(&self) -> &ClockKey {
        &self.active
    }

    /// Returns how far the active clock has come.
    pub(crate) fn active_ns(&self, timers: &Timers) -> u64 {
        timers.time_ns(&self.active)
    }

    /// Returns the time for which an event of `time_ns` counts: none is later than the host's clock.
    pub(crate) fn clamp(&self, time_ns: u64) -> u64 {
        clamp_event_time(time_ns, self.wall_ns)
    }

    /// Begins an input of a source; empty for none.
    pub(crate) fn set_source(&mut self, source: &str) {
        if source.is_empty() {
            self.source = Id::default();
            return;
        }
        if *self.known_source != *source {
            self.known_source = source.into();
        }
        self.source = Id::clone(&self.known_source);
    }

    /// Lets the input in hand go by the host's clock, unless it turns out to be an event.
    pub(crate) fn use_wall_clock(&mut self) {
        self.active = ClockKey::wall();
        self.at_ns = self.now_ns();
    }

    /// Lets the input in hand go by the event clock of an object in the input's source.
    pub(crate) fn use_event_clock(&mut self, object: Id) {
        self.active = ClockKey { source: Id::clone(&self.source), object };
    }

    /// Lets a timer go by its clock, at its time. Returns what the input in hand goes by.
    pub(crate) fn enter(&mut self, active: ClockKey, at_ns: u64) -> (ClockKey, u64) {
        let before = std::mem::replace(&mut self.active, active);
        (before, std::mem::replace(&mut self.at_ns, at_ns))
    }

    /// Notes that event time has come this far.
    pub(crate) fn advance_event_time(&mut self, time_ns: u64) {
        self.event_ns = self.event_ns.max(time_ns);
    }

    /// Notes that the input in hand is an event of this time.
    pub(crate) fn note_event(&mut self, time_ns: u64) {
        self.advance_event_time(time_ns);
        self.at_ns = time_ns;
    }

    /// Moves the host's clock forward.
    pub(crate) fn advance_wall_clock(&mut self, time_ns: u64) {
        self.wall_ns = time_ns;
        self.at_ns = self.now_ns();
    }

    /// Moves the host's clock back, and event time with it. Returns the host's clock before.
    pub(crate) fn set_back(&mut self, time_ns: u64) -> u64 {
        self.event_ns = self.event_ns.min(time_ns);
        self.at_ns = time_ns;
        std::mem::replace(&mut self.wall_ns, time_ns)
    }

    /// Goes on from the times that a store kept.
    pub(crate) fn restore(&mut self, event_ns: u64, wall_ns: u64) {
        self.event_ns = event_ns;
        self.wall_ns = wall_ns;
    }
}
