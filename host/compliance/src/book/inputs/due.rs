//! Runs the timers that are due, each at its own time.

use crate::{
    book::{
        ids::Id,
        inputs::reevaluator::Reevaluator,
        objects::states::Hold,
        state::BookState,
        time::event_clock::{ClockKey, TimerKind},
        trigger::Trigger,
    },
    record::EndCause,
};

/// Runs the timers that are due already, because an event came late; then computes the badges.
pub(crate) fn apply_due(state: &mut BookState) {
    run(state);
    state.update_badges();
}

/// Runs the timers that are due. What follows from a timer goes by the timer's clock.
pub(crate) fn run(state: &mut BookState) {
    if !state.timers.is_any_due() {
        return;
    }
    let (active, at_ns) = (state.clock.active().clone(), state.clock.at_ns());
    while let Some(((due_ns, object, kind, name), clock)) = state.timers.pop_due() {
        state.clock.enter(clock, due_ns);
        state.work.reset_meter();
        match kind {
            TimerKind::Hold => end_hold(state, &object, &name, due_ns),
            TimerKind::Wait => Reevaluator::new(state).finish_wait(&object, &name, due_ns),
            TimerKind::Age => expire_metric(state, &object, &name, due_ns),
        }
    }
    state.clock.enter(active, at_ns);
}

/// Ends a symptom whose hold time is over.
fn end_hold(state: &mut BookState, object: &Id, name: &Id, time_ns: u64) {
    match state.objects.end_hold(object, name, time_ns) {
        Hold::None => {}
        Hold::Until { due_ns, source } => {
            let clock = ClockKey::new(&source, object);
            state.timers.add((due_ns, object.clone(), TimerKind::Hold, name.clone()), &clock);
        }
        Hold::Ended { due_ns } => {
            let trigger = Trigger::of(EndCause::Hold, due_ns, "time");
            Reevaluator::new(state).symptom_changed(object, name, &trigger);
        }
    }
}

/// Expires a metric that was not reported again within its age.
fn expire_metric(state: &mut BookState, object: &Id, metric: &Id, time_ns: u64) {
    // The metric may have been reported again since the timer was set, which has another one then.
    let Some(clock) = state.ages.take_due(object, metric, time_ns) else { return };
    let age_ns = state.metric_age_ns();
    let known = state.registry.object(object);
    // The metric may be gone, have no age any more, or be known from an inventory only.
    let Some(sample) = known.and_then(|known| known.metrics.get(metric)) else { return };
    if age_ns == 0 || sample.time_ns == 0 {
        return;
    }
    if sample.time_ns.saturating_add(age_ns) > time_ns {
        return state.plan_metric_ages(object, &clock);
    }
    let before = serde_json::json!({ "metric": &**metric, "value": sample.value, "time_ns": sample.time_ns });
    let touched = state.registry.expire_metric(object, metric);
    state.journal.audit(time_ns, "time", "metric expired", object, before, serde_json::Value::Null);
    Reevaluator::new(state).touched(touched, time_ns, "time", EndCause::MetricExpired);
}
