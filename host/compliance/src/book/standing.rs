//! How an alert stands on an object now, for `policy why`: the same judgement that opens alerts, read out.

use super::{Book, judge::Case, page::Id};
use crate::{
    change::RequestError,
    expression::Meter,
    query::{EvaluationState, PolicyOutcome, Resolution},
    record::{AlertStatus, EndCause},
};

impl Book {
    /// What is so of the alert `name` on `object`, what policy decides about it, and why.
    pub(super) fn why(&self, object: &str, name: &str) -> Result<Resolution, RequestError> {
        let unknown = super::commands::unknown;
        // A parent that only its children name has alerts too.
        if self.registry.object(object).is_none() && !self.pages.contains_key(object) {
            return Err(unknown("object", object));
        }
        self.is_name(name)?;
        let (object, name): (Id, Id) = (object.into(), name.into());
        let case = self.judge_once(&object, &name);
        let mut said = self.resolution(&object, &name);
        said.state = self.standing(&object, &name, &case);
        said.outlook = match &said.state {
            EvaluationState::NotEvaluated { .. } => PolicyOutcome::NotEvaluated,
            EvaluationState::Open { .. } => {
                let allowed = self.pages.get(&object).and_then(|page| page.open(&name)).is_some_and(|one| one.allowed);
                if allowed { PolicyOutcome::Allowed } else { PolicyOutcome::Violation }
            }
            // What is met needs no guess.
            _ if case.holds => {
                if case.allowed {
                    PolicyOutcome::Allowed
                } else {
                    PolicyOutcome::Violation
                }
            }
            _ => self.outlook(&object, &name),
        };
        said.enabled = said.outlook != PolicyOutcome::NotEvaluated;
        said.allowed = said.outlook == PolicyOutcome::Allowed;
        if let Some(open) = self.pages.get(&object).and_then(|page| page.open(&name)) {
            // An open alert knows whether it is fine because its symptoms are.
            (said.criticality, said.why) = (Some(open.criticality), open.why.clone());
        } else if case.holds && case.allowed && !case.ruling.allowed {
            said.why.steps.extend(self.symptom_steps(&case.found.symptoms));
        }
        if said.criticality.is_none() {
            said.criticality = self.compiled.definition(&name).and_then(|definition| definition.criticality);
        }
        said.undecided = self.undecided_of(&object);
        said.undecided.retain(|one| one.of.starts_with("group ") || one.of == format!("alert `{name}`"));
        Ok(said)
    }

    /// Refuses what is the name of no definition and of no symptom.
    fn is_name(&self, name: &str) -> Result<(), RequestError> {
        if !name.contains('/') {
            return match self.compiled.definition(name) {
                Some(_) => Ok(()),
                None => Err(super::commands::unknown("alert definition", name)),
            };
        }
        let seen = || self.pages.values().any(|page| page.symptoms.contains_key(name));
        if self.rules.may_raise(name) != Some(false) || seen() {
            return Ok(());
        }
        let symptoms = self.rules.symptoms();
        let hint = crate::suggest::suggestion(name, symptoms.iter().map(String::as_str));
        Err(RequestError::Useless(format!("no rule has a symptom {name:?}{hint}")))
    }

    fn standing(&self, object: &Id, name: &Id, case: &Case) -> EvaluationState {
        let page = self.pages.get(object);
        let waits = page.and_then(|page| page.pending.get(name)).cloned();
        if let Some(open) = page.and_then(|page| page.open(name)) {
            return EvaluationState::Open {
                id: open.id.clone(),
                since_ns: open.opened_ns,
                ends_ns: waits.filter(|waits| !waits.opening).map(|waits| waits.due_ns),
                silenced_by: open.silenced_by.clone(),
                inhibited_by: open.inhibited_by.clone(),
                acknowledged: open.acknowledged.as_ref().map(|by| by.who.clone()),
                notified: open.told.keys().cloned().collect(),
            };
        }
        if let Some(because) = self.not_evaluated(object, name, case) {
            return EvaluationState::NotEvaluated { because };
        }
        if let Some(waits) = waits {
            return EvaluationState::Waiting { since_ns: waits.since_ns, until_ns: waits.due_ns };
        }
        if !case.holds {
            return EvaluationState::NotMet { unmet: self.unmet(object, name, case) };
        }
        let last = self.pages.get(object).and_then(|page| page.alerts.get(name));
        match last.filter(|last| last.status == AlertStatus::Cancelled && last.cause == Some(EndCause::Hand)) {
            Some(last) => EvaluationState::CancelledByHand { id: last.id.clone() },
            None => EvaluationState::NoRoom,
        }
    }

    /// Why the alert is not evaluated on the object, if it is not.
    fn not_evaluated(&self, object: &Id, name: &Id, case: &Case) -> Option<String> {
        if !case.ruling.enabled {
            return Some("a policy disables it here".to_owned());
        }
        if let Some(definition) = self.compiled.definition(name) {
            let kinds = definition.kinds.join(", ");
            let kind = self.registry.object(object).and_then(|object| object.kind.clone());
            return (!case.enabled).then(|| match kind {
                Some(kind) => format!("it is for objects of kind {kinds}, and {object} is of kind {kind}"),
                None => format!("it is for objects of kind {kinds}, and no kind of {object} is known"),
            });
        }
        let uses = self.index.find(name);
        let named: Vec<&str> = uses.positive.iter().map(|name| &**name).collect();
        (!named.is_empty())
            .then(|| format!("a symptom that a definition names is no alert of its own; see {}", named.join(", ")))
    }

    fn unmet(&self, object: &Id, name: &Id, case: &Case) -> Vec<String> {
        let Some(condition) = self.compiled.position(name).and_then(|at| self.compiled.condition(at)) else {
            return vec![format!("symptom {name} is not active")];
        };
        let mut lines = Vec::new();
        self.view(object, &case.ruling, &mut Meter::default()).unmet(condition, &mut lines);
        lines
    }
}

impl super::ruling::Ruling {
    /// Whether a symptom of which policy says `symptom` may make an alert fine of which it says this: it is
    /// allowed, and by a policy that is stronger than the one that forbids the alert by its own name.
    pub(super) fn is_fine_by(&self, symptom: &Self) -> bool {
        let forbidden = self.allow_rank.filter(|_| !self.allowed);
        symptom.allowed && forbidden.is_none_or(|forbid| symptom.allow_rank.is_some_and(|allow| allow < forbid))
    }
}
