//! Event time: events advance the event clock of their object and source.

use std::collections::BTreeMap;

use crate::book::{ids::Id, inputs::due, state::BookState};

/// Notes an event of `object`, and does what is due before it. Returns the time that the event
/// counts for: none is later than the host's clock, so that a clock that is ahead neither ends
/// holds nor outranks what comes after it, also where both are read long after they were written.
pub(crate) fn observe(state: &mut BookState, object: &str, time_ns: u64) -> u64 {
    let clamped_ns = state.clock.clamp(time_ns);
    let known = state.registry.objects().id(object).cloned();
    state.clock.use_event_clock(known.unwrap_or_else(|| object.into()));
    let counted_ns = state.timers.observe(state.clock.active(), clamped_ns, clamped_ns < time_ns);
    due::run(state);
    state.clock.note_event(counted_ns);
    counted_ns
}

/// Drops the event clock of the event in hand if the registry did not take its object up.
pub(crate) fn drop_unknown(state: &mut BookState, object: &str) {
    if state.registry.object(object).is_none() {
        state.timers.forget_clock(state.clock.active());
    }
}

/// Advances event time everywhere.
pub(crate) fn advance(state: &mut BookState, time_ns: u64) {
    state.timers.advance_all(time_ns);
    due::run(state);
    state.clock.advance_event_time(time_ns);
}

/// Notes that nothing more came before `until_ns` of the host's clock, but in the sources that are behind.
pub(crate) fn set_quiet_until(state: &mut BookState, until_ns: u64, behind: Vec<(String, u64)>) {
    let behind: BTreeMap<Id, u64> = behind.into_iter().map(|(source, ns)| (source.into(), ns)).collect();
    state.timers.set_quiet_until(until_ns, behind);
}

/// Notes that a source is at its end, and that its last line is of this event time.
pub(crate) fn advance_source(state: &mut BookState, source: &str, time_ns: u64) {
    let time_ns = state.clock.clamp(time_ns);
    state.clock.advance_event_time(time_ns);
    state.timers.advance_source(source, time_ns);
}
