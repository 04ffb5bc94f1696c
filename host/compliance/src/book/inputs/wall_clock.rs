//! The host's clock: what begins and ends by it, and what follows when it was wrong.

use serde_json::json;

use lifesigns_model::NS_PER_S;

use crate::book::{
    inputs::{review, rules, silence_changes},
    state::BookState,
    time::event_clock::{ClockKey, TimerKind},
};

/// The host's clock may go back this far, in nanoseconds, without any consequence.
const SET_BACK_NS: u64 = NS_PER_S;

/// Sets the host's clock. A clock that was wrong and is right again is followed back.
pub(crate) fn set(state: &mut BookState, time_ns: u64) {
    if time_ns.saturating_add(SET_BACK_NS) < state.clock.wall_ns() {
        set_back(state, time_ns);
    } else {
        advance(state, time_ns);
    }
}

/// Advances the host's clock, and does what is due by it.
pub(crate) fn advance(state: &mut BookState, time_ns: u64) {
    let before_ns = state.clock.wall_ns();
    if time_ns <= before_ns {
        return;
    }
    state.clock.advance_wall_clock(time_ns);
    state.timers.set_wall_clock(time_ns);
    silence_changes::follow_clock(state, before_ns);
    rules::end_removed(state);
    if state.next_hours_ns.is_some_and(|change_ns| change_ns <= time_ns) {
        state.plan_hours();
        review::reevaluate_all(state);
    }
    for (object, name) in state.repeats.take_due(time_ns) {
        state.notifier().repeat(&object, &name);
    }
}

/// Follows a clock that was ahead and is right again: times that are later than now become now, and what goes by
/// the clock is decided again.
fn set_back(state: &mut BookState, time_ns: u64) {
    let before_ns = state.clock.set_back(time_ns);
    state.registry.set_clock_back(time_ns);
    state.rules.set_back(time_ns);
    state.objects.set_back(time_ns);
    state.alerts.set_back(time_ns);
    state.badges.set_back(time_ns);
    state.timers.clear();
    state.timers.set_wall_clock(time_ns);
    restore_timers(state, time_ns);
    state.plan_all_metric_ages();
    state.plan_hours();
    let (before, after) = (json!({ "clock_ns": before_ns }), json!({ "clock_ns": time_ns }));
    state.journal.audit(time_ns, "time", "clock set back", "", before, after);
    review::reevaluate_all(state);
    state.notifier().refresh_where(|_| true);
    state.plan_repeats();
}

/// Sets the timers of all symptoms and waits, which go on as they began. Where it is not known when that was, the
/// last event came at `observed_ns` of the host's clock.
pub(crate) fn restore_timers(state: &mut BookState, observed_ns: u64) {
    let since = |heard_ns: u64| if heard_ns > 0 { heard_ns.min(observed_ns) } else { observed_ns };
    for (object, name, symptom) in state.objects.all() {
        if let Some(due_ns) = symptom.hold_due_ns() {
            let clock = ClockKey::new(symptom.source(), object);
            state.timers.restore(&clock, symptom.last_ns, since(symptom.heard_ns));
            state.timers.add((due_ns, object.clone(), TimerKind::Hold, name.clone()), &clock);
        }
    }
    for (object, name, pending) in state.alerts.all_pending() {
        let clock = ClockKey::from(pending);
        state.timers.restore(&clock, pending.since_ns, since(pending.heard_ns));
        state.timers.add((pending.due_ns, object.clone(), TimerKind::Wait, name.clone()), &clock);
    }
}
