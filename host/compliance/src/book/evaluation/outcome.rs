//! How a definition stands on an object.

use std::sync::Arc;

use crate::{
    book::{
        evaluation::{
            condition::ConditionEvaluator, context::Context, matched_symptoms::MatchedSymptoms,
            policy_decision::PolicyDecision,
        },
        ids::Id,
    },
    certainty::Certainty,
    expression::StepBudget,
    undecided::FailedExpression,
};

/// How a definition, or a symptom that is an alert of its own, stands on an object now.
#[derive(Debug)]
pub(crate) struct Evaluation {
    /// It is evaluated here: it exists, is meant for objects of this kind, and no policy disables it.
    pub(crate) enabled: bool,
    /// It holds, or that cannot be decided.
    pub(crate) holds: bool,
    /// The expression because of which it cannot be decided whether it holds.
    pub(crate) undecided: Option<FailedExpression>,
    /// Policy allows it here.
    pub(crate) allowed: bool,
    /// The symptoms by which it holds.
    pub(crate) matched: MatchedSymptoms,
    /// The policy's decision about it.
    pub(crate) decision: Arc<PolicyDecision>,
}

impl Evaluation {
    /// Returns an evaluation that does not hold.
    pub(crate) fn unmet(decision: Arc<PolicyDecision>) -> Self {
        Self {
            enabled: decision.enabled,
            holds: false,
            undecided: None,
            allowed: decision.allowed,
            matched: MatchedSymptoms::default(),
            decision,
        }
    }
}

impl<'a> Context<'a> {
    /// Evaluates `name` on `object`, without what is allowed by its symptoms. `is_own_alert`: whether a symptom
    /// of this name makes an alert by itself.
    pub(crate) fn evaluate(
        self,
        object: &Id,
        name: &Id,
        decision: Arc<PolicyDecision>,
        is_own_alert: bool,
        meter: &mut StepBudget,
    ) -> Evaluation {
        let mut evaluation = Evaluation::unmet(decision);
        let Some(at) = self.compiled.position(name) else {
            let symptom = self.objects.symptom(object, name);
            evaluation.enabled &= symptom.is_some() && is_own_alert;
            if let Some(symptom) = symptom.filter(|symptom| symptom.active) {
                evaluation.holds = true;
                evaluation.matched.add(object, name, symptom);
            }
            return evaluation;
        };
        evaluation.enabled &= self.is_meant_for(object, at);
        let condition = self.compiled.condition(at).filter(|_| evaluation.enabled);
        let Some(condition) = condition else { return evaluation };
        let mut evaluator = self.evaluator(object, &evaluation.decision, meter);
        let holds = evaluator.holds(condition, &mut Some(&mut evaluation.matched));
        // An undecided condition counts as a violation: an expression that can be made to fail must not hide one.
        evaluation.holds = holds != Certainty::No;
        evaluation.undecided = evaluator.failed.filter(|_| holds == Certainty::Maybe);
        evaluation
    }

    /// Returns an evaluator of conditions on `object`.
    pub(crate) fn evaluator<'b>(
        self,
        object: &'b Id,
        decision: &'b PolicyDecision,
        meter: &'b mut StepBudget,
    ) -> ConditionEvaluator<'b>
    where
        'a: 'b,
    {
        ConditionEvaluator { context: self, object, decision, meter, failed: None }
    }

    /// Returns whether the definition at this position is for objects of this kind.
    fn is_meant_for(self, object: &str, definition: usize) -> bool {
        let definition = &self.compiled.config().definitions[definition];
        if definition.kinds.is_empty() {
            return true;
        }
        let kind = self.registry.object(object).and_then(|object| object.kind.as_ref());
        kind.is_some_and(|kind| definition.kinds.iter().any(|one| *one == **kind))
    }
}
