//! Whether a condition holds on an object, and by which symptoms.

use crate::{
    book::{
        evaluation::{context::Context, matched_symptoms::MatchedSymptoms, policy_decision::PolicyDecision},
        ids::Id,
    },
    certainty::Certainty,
    condition::CompiledCondition,
    config::Scope,
    expression::{Expression, ExpressionOutcome, StepBudget},
    pattern::Pattern,
    record::SymptomState,
    undecided::FailedExpression,
};

/// Evaluates conditions on one object.
pub(crate) struct ConditionEvaluator<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) object: &'a Id,
    pub(crate) decision: &'a PolicyDecision,
    /// What its expressions may cost.
    pub(crate) meter: &'a mut StepBudget,
    /// The first expression that could not be decided, and why.
    pub(crate) failed: Option<FailedExpression>,
}

impl ConditionEvaluator<'_> {
    /// Returns whether `condition` holds; an expression that fails may leave that open. All parts of it are
    /// evaluated, so that what is matched does not depend on their order; symptoms under a negation are not
    /// matched.
    pub(crate) fn holds(
        &mut self,
        condition: &CompiledCondition,
        matched: &mut Option<&mut MatchedSymptoms>,
    ) -> Certainty {
        match condition {
            CompiledCondition::All(all) => self.count(all, matched, all.len()),
            CompiledCondition::Any(all) => self.count(all, matched, 1),
            CompiledCondition::Count(least, all) => self.count(all, matched, (*least).max(1)),
            CompiledCondition::Not(one) => match self.holds(one, &mut None) {
                Certainty::No => Certainty::Yes,
                Certainty::Maybe => Certainty::Maybe,
                Certainty::Yes => Certainty::No,
            },
            CompiledCondition::Symptom(pattern, scope) => certain(self.symptom(pattern, *scope, matched)),
            CompiledCondition::Fact(expression, scope) => self.fact(expression, *scope),
        }
    }

    /// Returns whether at least `least` conditions hold; those that may hold leave it open.
    fn count(
        &mut self,
        all: &[CompiledCondition],
        matched: &mut Option<&mut MatchedSymptoms>,
        least: usize,
    ) -> Certainty {
        let mut sure = 0;
        let mut possible = 0;
        for one in all {
            let holds = self.holds(one, matched);
            sure += usize::from(holds == Certainty::Yes);
            possible += usize::from(holds != Certainty::No);
        }
        if sure >= least {
            Certainty::Yes
        } else if possible >= least {
            Certainty::Maybe
        } else {
            Certainty::No
        }
    }

    fn symptom(&self, pattern: &Pattern, scope: Scope, matched: &mut Option<&mut MatchedSymptoms>) -> bool {
        match scope {
            Scope::Own => self.is_active(self.object, pattern, matched),
            Scope::Parent => {
                self.context.parent(self.object).is_some_and(|parent| self.is_active(parent, pattern, matched))
            }
            Scope::Children => {
                let mut any = false;
                for child in self.context.registry.children(self.object) {
                    any |= self.is_active(child, pattern, matched);
                    if any && matched.is_none() {
                        break;
                    }
                }
                any
            }
        }
    }

    fn is_active(&self, object: &str, pattern: &Pattern, matched: &mut Option<&mut MatchedSymptoms>) -> bool {
        let objects = self.context.objects;
        let Some(object) = objects.id(object) else { return false };
        if pattern.is_literal() {
            let Some((_, name, symptom)) = objects.entry(object, pattern.as_str()) else { return false };
            return self.matches(object, name, symptom, matched);
        }
        let mut any = false;
        for (name, symptom) in objects.symptoms(object) {
            any |= symptom.active && pattern.matches(name) && self.matches(object, name, symptom, matched);
        }
        any
    }

    /// Returns whether a symptom is active and no policy disables it on its object; if so, it is matched.
    fn matches(
        &self,
        object: &Id,
        name: &Id,
        symptom: &SymptomState,
        matched: &mut Option<&mut MatchedSymptoms>,
    ) -> bool {
        if !symptom.active || !self.context.is_symptom_enabled(object, name) {
            return false;
        }
        if let Some(matched) = matched {
            matched.add(object, name, symptom);
        }
        true
    }

    fn fact(&mut self, expression: &Expression, scope: Scope) -> Certainty {
        let context = self.context;
        match scope {
            Scope::Own => self.fact_of(expression, self.object),
            Scope::Parent => match context.parent(self.object) {
                Some(parent) => self.fact_of(expression, parent),
                None => Certainty::No,
            },
            Scope::Children => {
                let mut holds = Certainty::No;
                for child in context.registry.children(self.object) {
                    holds = holds.max(self.fact_of(expression, child));
                    if holds == Certainty::Yes {
                        break;
                    }
                }
                holds
            }
        }
    }

    fn fact_of(&mut self, expression: &Expression, id: &str) -> Certainty {
        let Some(object) = self.context.registry.object(id) else { return Certainty::No };
        match expression.evaluate(object, &self.decision.thresholds, self.meter) {
            ExpressionOutcome::Holds => Certainty::Yes,
            ExpressionOutcome::Fails => Certainty::No,
            ExpressionOutcome::Undecided(reason) => {
                if self.failed.is_none() {
                    let reason = if id == &**self.object { reason } else { format!("on {id}: {reason}") };
                    self.failed = Some(FailedExpression { expression: expression.text().to_owned(), reason });
                }
                Certainty::Maybe
            }
        }
    }
}

fn certain(holds: bool) -> Certainty {
    if holds { Certainty::Yes } else { Certainty::No }
}
