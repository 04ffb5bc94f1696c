//! Time in the book: event clocks, the timers that go by them, and the ages of metrics.

pub(super) mod clock;
pub(super) mod event_clock;
pub(super) mod event_clocks;
pub(super) mod metric_ages;
pub(super) mod timers;
