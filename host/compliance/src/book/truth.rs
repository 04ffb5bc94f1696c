//! Whether a condition holds on an object, and by which symptoms.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use lifesigns_model::Criticality;

use super::{
    limits,
    page::{Id, Page},
    ruling::Ruling,
};
use crate::{
    certainty::Certainty,
    condition::CompiledCondition,
    config::Scope,
    expression::{Expression, ExpressionOutcome, Meter},
    pattern::Pattern,
    record::SymptomState,
    registry::ObjectRegistry,
    resolver::PolicyResolver,
    undecided::FailedExpression,
};

/// The active symptoms that a condition is about.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Object and symptom, the first [`limits::ALERT_SYMPTOMS`] in the order of the condition.
    pub(super) symptoms: Vec<(Id, Id)>,
    /// The worst of all of them; of equal ones the first.
    pub(super) worst: Option<(Criticality, Id, Id)>,
    /// There are more than `symptoms` has room for.
    pub(super) more: bool,
    known: BTreeSet<(Id, Id)>,
}

impl Found {
    pub(super) fn add(&mut self, object: &Id, name: &Id, symptom: &SymptomState) {
        if self.worst.as_ref().is_none_or(|(worst, ..)| symptom.criticality > *worst) {
            self.worst = Some((symptom.criticality, Arc::clone(object), Arc::clone(name)));
        }
        let one = (Arc::clone(object), Arc::clone(name));
        if self.symptoms.len() >= limits::ALERT_SYMPTOMS {
            self.more |= !self.known.contains(&one);
        } else if self.known.insert(one.clone()) {
            self.symptoms.push(one);
        }
    }

    /// Whether it is among them.
    pub(super) fn has(&self, object: &str, name: &str) -> bool {
        self.symptoms.iter().any(|(whose, one)| **whose == *object && **one == *name)
    }
}

/// What a condition is looked at with.
pub(super) struct View<'a> {
    pub(super) pages: &'a BTreeMap<Id, Page>,
    pub(super) registry: &'a ObjectRegistry,
    pub(super) object: &'a Id,
    pub(super) ruling: &'a Ruling,
    /// The host's clock, for policies with hours.
    pub(super) clock_ns: u64,
    /// What its expressions may cost.
    pub(super) meter: &'a mut Meter,
    /// The first expression that could not be decided, and why.
    pub(super) failed: Option<FailedExpression>,
}

impl View<'_> {
    /// Whether `condition` holds, which an expression that fails may leave open. Everything in it is
    /// looked at, so that what is found does not depend on the order; symptoms under a negation are
    /// not found.
    pub(super) fn holds(&mut self, condition: &CompiledCondition, found: &mut Option<&mut Found>) -> Certainty {
        match condition {
            CompiledCondition::All(all) => self.count(all, found, all.len()),
            CompiledCondition::Any(all) => self.count(all, found, 1),
            CompiledCondition::Count(least, all) => self.count(all, found, (*least).max(1)),
            CompiledCondition::Not(one) => match self.holds(one, &mut None) {
                Certainty::No => Certainty::Yes,
                Certainty::Maybe => Certainty::Maybe,
                Certainty::Yes => Certainty::No,
            },
            CompiledCondition::Symptom(pattern, scope) => certain(self.symptom(pattern, *scope, found)),
            CompiledCondition::Fact(expression, scope) => self.fact(expression, *scope),
        }
    }

    /// Whether at least so many hold: those that may hold leave it open.
    fn count(&mut self, all: &[CompiledCondition], found: &mut Option<&mut Found>, least: usize) -> Certainty {
        let (mut sure, mut possible) = (0, 0);
        for one in all {
            let holds = self.holds(one, found);
            sure += usize::from(holds == Certainty::Yes);
            possible += usize::from(holds != Certainty::No);
        }
        match () {
            () if sure >= least => Certainty::Yes,
            () if possible >= least => Certainty::Maybe,
            () => Certainty::No,
        }
    }

    /// The parent's id, if it has one.
    pub(super) fn parent(&self) -> Option<&str> {
        self.registry.object(self.object)?.parent.as_deref()
    }

    fn symptom(&self, pattern: &Pattern, scope: Scope, found: &mut Option<&mut Found>) -> bool {
        match scope {
            Scope::Own => self.active(self.object, pattern, found),
            Scope::Parent => self.parent().is_some_and(|parent| self.active(parent, pattern, found)),
            Scope::Children => {
                let mut any = false;
                for child in self.registry.children(self.object) {
                    any |= self.active(child, pattern, found);
                    if any && found.is_none() {
                        break;
                    }
                }
                any
            }
        }
    }

    fn active(&self, object: &str, pattern: &Pattern, found: &mut Option<&mut Found>) -> bool {
        let Some((object, page)) = self.pages.get_key_value(object) else { return false };
        if pattern.is_literal() {
            return match page.symptoms.get_key_value(pattern.as_str()) {
                Some((name, symptom)) if symptom.active && self.counts(object, name) => {
                    if let Some(found) = found {
                        found.add(object, name, symptom);
                    }
                    true
                }
                _ => false,
            };
        }
        let mut any = false;
        for (name, symptom) in page.symptoms.iter().filter(|(name, one)| one.active && pattern.matches(name)) {
            if !self.counts(object, name) {
                continue;
            }
            any = true;
            if let Some(found) = found {
                found.add(object, name, symptom);
            }
        }
        any
    }

    /// Whether policy lets a symptom count on its object: one that is disabled there is as if it were not active.
    fn counts(&self, object: &str, symptom: &str) -> bool {
        PolicyResolver::new(self.registry, self.clock_ns).enables_symptom(object, symptom)
    }

    fn fact(&mut self, expression: &Expression, scope: Scope) -> Certainty {
        let registry = self.registry;
        match scope {
            Scope::Own => self.fact_of(expression, self.object),
            Scope::Parent => {
                let parent = registry.object(self.object).and_then(|object| object.parent.as_deref());
                parent.map_or(Certainty::No, |parent| self.fact_of(expression, parent))
            }
            Scope::Children => {
                let mut holds = Certainty::No;
                for child in registry.children(self.object) {
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
        let Some(object) = self.registry.object(id) else { return Certainty::No };
        match expression.evaluate(object, &self.ruling.thresholds, self.meter) {
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
