//! How an alert stands on an object now, for `policy why`: the same evaluation that opens alerts, read out.

use std::sync::Arc;

use crate::{
    book::{
        evaluation::outcome::Evaluation,
        ids::Id,
        lookup::unknown,
        questions::{lines::undecided_on, names::shortened, outlook::outlook},
        view::BookView,
    },
    change::RequestError,
    expression::StepBudget,
    query::{EvaluationState, PolicyOutcome, Resolution},
    record::{AlertStatus, EndCause},
    why::Why,
};

/// Returns how the alert `name` stands on `object`, what policy decides about it, and why.
pub(crate) fn why(view: &BookView, object: &str, name: &str) -> Result<Resolution, RequestError> {
    // A parent that only its children name has alerts too.
    if view.registry.object(object).is_none() && view.objects.id(object).is_none() {
        return Err(unknown("object", object));
    }
    check_name(view, name)?;
    let (object, name): (Id, Id) = (object.into(), name.into());
    let evaluation = evaluate(view, &object, &name);
    let mut answer = view.context().resolution(&object, &name);
    answer.state = standing(view, &object, &name, &evaluation);
    answer.outlook = outlook_of(view, &object, &name, &answer.state, &evaluation);
    answer.enabled = answer.outlook != PolicyOutcome::NotEvaluated;
    answer.allowed = answer.outlook == PolicyOutcome::Allowed;
    if let Some(open) = view.alerts.open(&object, &name) {
        // An open alert knows whether it is allowed because its symptoms are.
        answer.criticality = Some(open.criticality);
        answer.why = Why::clone(&open.why);
    } else if evaluation.holds && evaluation.allowed && !evaluation.decision.allowed {
        answer.why.steps.extend(view.context().symptom_steps(&evaluation.matched.first));
    }
    if answer.criticality.is_none() {
        answer.criticality = view.compiled.definition(&name).and_then(|definition| definition.criticality);
    }
    answer.undecided = undecided_on(view, &object);
    answer.undecided.retain(|one| one.of.starts_with("group ") || one.of == format!("alert `{name}`"));
    Ok(answer)
}

/// Evaluates `name` on `object`, and remembers nothing.
fn evaluate(view: &BookView, object: &Id, name: &Id) -> Evaluation {
    let context = view.context();
    let decision = Arc::new(context.decide(object, name));
    let is_definition = view.compiled.position(name).is_some();
    let is_own_alert = !is_definition && view.definitions.find(name).makes_own_alert();
    let mut evaluation = context.evaluate(object, name, decision, is_own_alert, &mut StepBudget::default());
    if is_definition && evaluation.enabled && evaluation.holds {
        evaluation.allowed |= allows_all(view, &evaluation);
    }
    evaluation
}

/// Returns whether policy allows each of an alert's symptoms where it is.
fn allows_all(view: &BookView, evaluation: &Evaluation) -> bool {
    let context = view.context();
    let matched = &evaluation.matched;
    let allows = |(object, symptom): &(Id, Id)| evaluation.decision.is_allowed_by(&context.decide(object, symptom));
    !matched.more && !matched.first.is_empty() && matched.first.iter().all(allows)
}

/// Refuses a name that neither a definition nor a symptom has.
fn check_name(view: &BookView, name: &str) -> Result<(), RequestError> {
    if !name.contains('/') {
        return match view.compiled.definition(name) {
            Some(_) => Ok(()),
            None => Err(unknown("alert definition", name)),
        };
    }
    let was_raised = || view.objects.all().any(|(_, symptom, _)| **symptom == *name);
    if view.rules.may_raise(name) != Some(false) || was_raised() {
        return Ok(());
    }
    let symptoms = view.rules.symptoms();
    let hint = lifesigns_text::suggestion(name, symptoms.iter().map(String::as_str));
    Err(RequestError::Unmatched { what: "symptom".to_owned(), id: shortened(name), hint })
}

fn outlook_of(
    view: &BookView,
    object: &Id,
    name: &Id,
    standing: &EvaluationState,
    evaluation: &Evaluation,
) -> PolicyOutcome {
    let is_allowed = match standing {
        EvaluationState::NotEvaluated { .. } => return PolicyOutcome::NotEvaluated,
        EvaluationState::Open { .. } => view.alerts.open(object, name).is_some_and(|open| open.allowed),
        _ if evaluation.holds => evaluation.allowed,
        _ => return outlook(view, object, name),
    };
    if is_allowed { PolicyOutcome::Allowed } else { PolicyOutcome::Violation }
}

fn standing(view: &BookView, object: &Id, name: &Id, evaluation: &Evaluation) -> EvaluationState {
    let pending = view.alerts.pending(object, name);
    if let Some(open) = view.alerts.open(object, name) {
        return EvaluationState::Open {
            id: open.id.clone(),
            since_ns: open.opened_ns,
            ends_ns: pending.filter(|pending| !pending.opening).map(|pending| pending.due_ns),
            silenced_by: open.silenced_by.clone(),
            inhibited_by: open.inhibited_by.clone(),
            acknowledged: open.acknowledged.as_ref().map(|by| by.who.clone()),
            notified: open.notified.keys().cloned().collect(),
        };
    }
    if let Some(because) = not_evaluated(view, object, name, evaluation) {
        return EvaluationState::NotEvaluated { because };
    }
    if let Some(pending) = pending {
        return EvaluationState::Waiting { since_ns: pending.since_ns, until_ns: pending.due_ns };
    }
    if !evaluation.holds {
        return EvaluationState::NotMet { unmet: unmet(view, object, name, evaluation) };
    }
    let last = view.alerts.get(object, name).filter(|last| last.status == AlertStatus::Cancelled);
    match last.filter(|last| last.cause == Some(EndCause::Hand)) {
        Some(last) => EvaluationState::CancelledByHand { id: last.id.clone() },
        None => EvaluationState::NoRoom,
    }
}

/// Returns why the alert is not evaluated on the object, if it is not.
fn not_evaluated(view: &BookView, object: &Id, name: &Id, evaluation: &Evaluation) -> Option<String> {
    if !evaluation.decision.enabled {
        return Some("a policy disables it here".to_owned());
    }
    if let Some(definition) = view.compiled.definition(name) {
        if evaluation.enabled {
            return None;
        }
        let kinds = definition.kinds.join(", ");
        let kind = view.registry.object(object).and_then(|object| object.kind.as_deref());
        return Some(match kind {
            Some(kind) => format!("it is for objects of kind {kinds}, and {object} is of kind {kind}"),
            None => format!("it is for objects of kind {kinds}, and no kind of {object} is known"),
        });
    }
    let dependents = view.definitions.find(name);
    if dependents.makes_own_alert() {
        return None;
    }
    let named: Vec<&str> = dependents.positive.iter().map(|name| &**name).collect();
    Some(format!("a symptom that a definition names is no alert of its own; see {}", named.join(", ")))
}

/// Returns what is missing, a line for each part of the condition.
fn unmet(view: &BookView, object: &Id, name: &Id, evaluation: &Evaluation) -> Vec<String> {
    let condition = view.compiled.position(name).and_then(|at| view.compiled.condition(at));
    let Some(condition) = condition else { return vec![format!("symptom {name} is not active")] };
    let mut lines = Vec::new();
    let mut meter = StepBudget::default();
    view.context().evaluator(object, &evaluation.decision, &mut meter).unmet(condition, &mut lines);
    lines
}
