//! Takes what rules say: raises and clears of symptoms.

use lifesigns_model::{self as model, Change, DropKind};

use crate::{
    book::{
        ids::Id,
        inputs::{event_time, facts, reevaluator::Reevaluator},
        objects::{
            states::Admission,
            symptom::{ClearOutcome, RaiseOutcome, evidence, fingerprint},
        },
        state::BookState,
        time::event_clock::TimerKind,
        trigger::{Raise, Trigger},
    },
    record::EndCause,
};

/// Takes a raise or clear of a rule.
pub(crate) fn take(state: &mut BookState, rule_alert: Box<model::RuleAlert>) {
    state.clock.set_source(&rule_alert.source);
    let time_ns = event_time::observe(state, &rule_alert.object, rule_alert.time_ns);
    state.clock.set_source("");
    facts::seen(state, &rule_alert.object, time_ns);
    if state.registry.object(&rule_alert.object).is_none() {
        // The registry has counted why it does not know the object.
        return event_time::drop_unknown(state, &rule_alert.object);
    }
    let object = state.object(&rule_alert.object);
    let fingerprint = fingerprint(&rule_alert);
    let name = match state.objects.admit(&object, &rule_alert, fingerprint) {
        Admission::Admitted(name) => name,
        Admission::Repeated => return,
        Admission::NoRoom(name) => {
            return state.drops.note(DropKind::Symptoms, format_args!("{name} on {object}"));
        }
    };
    state.rules.note_raised(&rule_alert.rule, state.clock.wall_ns());
    let who = ["rule ", &rule_alert.rule].concat();
    let trigger = Trigger::of(EndCause::Clear, time_ns, &who);
    match rule_alert.change {
        Change::Raise => raise(state, (&object, &name), rule_alert, fingerprint, &trigger),
        Change::Clear => {
            if state.objects.clear(&object, &name, time_ns) == ClearOutcome::Cleared {
                Reevaluator::new(state).symptom_changed(&object, &name, &trigger);
            }
        }
    }
}

fn raise(
    state: &mut BookState,
    (object, name): (&Id, &Id),
    rule_alert: Box<model::RuleAlert>,
    fingerprint: u64,
    trigger: &Trigger<'_>,
) {
    let mut evidence = evidence(&rule_alert, trigger.time_ns);
    state.objects.share_source(&mut evidence);
    let (event_ns, wall_ns) = (state.clock.active_ns(&state.timers), state.clock.wall_ns());
    let raised = state.objects.raise((object, name), rule_alert, evidence.clone(), event_ns, wall_ns);
    if let Some(due_ns) = raised.hold_due_ns {
        state.timers.add((due_ns, object.clone(), TimerKind::Hold, name.clone()), state.clock.active());
    }
    let raise =
        Raise { object: object.clone(), symptom: name.clone(), time_ns: trigger.time_ns, fingerprint, evidence };
    let trigger = Trigger { raise: Some(&raise), ..*trigger };
    match raised.outcome {
        RaiseOutcome::Stale => {}
        RaiseOutcome::Repeated => Reevaluator::new(state).symptom_repeated(object, name, &trigger, &raise),
        RaiseOutcome::Changed => Reevaluator::new(state).symptom_changed(object, name, &trigger),
    }
}
