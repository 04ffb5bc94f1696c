//! Evaluates definitions, and remembers what policy decides about them.

use std::sync::Arc;

use crate::{
    book::{
        evaluation::{
            context::Context, definition_index::DefinitionIndex, matched_symptoms::MatchedSymptoms,
            outcome::Evaluation, policy_cache::PolicyCache, policy_decision::PolicyDecision,
        },
        ids::Id,
    },
    expression::StepBudget,
};

/// What evaluations cost.
#[derive(Debug, Default)]
pub(crate) struct EvaluationCost {
    /// How often a definition was evaluated on an object.
    evaluations: u64,
    /// What the expressions of definitions may cost together.
    meter: StepBudget,
}

impl EvaluationCost {
    /// Lets expressions cost as much as is allowed again.
    pub(crate) fn reset_meter(&mut self) {
        self.meter = StepBudget::default();
    }

    pub(crate) fn evaluations(&self) -> u64 {
        self.evaluations
    }
}

/// Evaluates definitions with what is remembered about them.
pub(crate) struct DefinitionEvaluator<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) definitions: &'a mut DefinitionIndex,
    pub(crate) policies: &'a mut PolicyCache,
    pub(crate) work: &'a mut EvaluationCost,
}

impl DefinitionEvaluator<'_> {
    /// Evaluates `name` on `object`.
    pub(crate) fn evaluate(&mut self, object: &Id, name: &Id) -> Evaluation {
        self.work.evaluations += 1;
        let decision = self.decision(object, name);
        let is_definition = self.context.compiled.position(name).is_some();
        let is_own_alert = !is_definition && self.definitions.dependents(name).makes_own_alert();
        let meter = &mut self.work.meter;
        let mut evaluation = self.context.evaluate(object, name, decision, is_own_alert, meter);
        evaluation.allowed |= evaluation.holds && self.allows_all(&evaluation.decision, &evaluation.matched);
        evaluation
    }

    /// Evaluates `name` on `object`, whose alert is open and no longer holds: by the symptoms that made it.
    pub(crate) fn evaluate_ceasing(&mut self, object: &Id, name: &Id, symptoms: &[String]) -> Evaluation {
        let mut evaluation = Evaluation { enabled: true, ..Evaluation::unmet(self.decision(object, name)) };
        for symptom in symptoms {
            for relative in self.context.family(object) {
                if let Some((relative, symptom, state)) = self.context.objects.entry(relative, symptom) {
                    evaluation.matched.add(relative, symptom, state);
                }
            }
        }
        evaluation.allowed |= self.allows_all(&evaluation.decision, &evaluation.matched);
        evaluation
    }

    fn decision(&mut self, object: &Id, name: &Id) -> Arc<PolicyDecision> {
        self.policies.decision(self.context, object, name)
    }

    /// Returns whether each of an alert's symptoms is allowed where it is, and no policy that is as strong as the
    /// one that allows the symptom forbids the alert by its own name.
    fn allows_all(&mut self, own: &PolicyDecision, matched: &MatchedSymptoms) -> bool {
        let allows = |(object, symptom): &(Id, Id)| own.is_allowed_by(&self.decision(object, symptom));
        !matched.more && !matched.first.is_empty() && matched.first.iter().all(allows)
    }
}
