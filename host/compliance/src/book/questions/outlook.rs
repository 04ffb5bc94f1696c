//! Whether policy would allow the alert of a definition that is not met.

use crate::{
    book::{evaluation::policy_decision::PolicyDecision, ids::Id, view::BookView},
    condition::CompiledCondition,
    config::Scope,
    pattern::Pattern,
    query::PolicyOutcome,
};

/// The ways in which a condition can be met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ways {
    /// With symptoms that are all allowed.
    allowed: bool,
    /// With a symptom that is not.
    violating: bool,
    /// Without any symptom.
    bare: bool,
}

impl Ways {
    const BARE: Self = Self { allowed: false, violating: false, bare: true };

    fn can_be_met(self) -> bool {
        self.allowed || self.violating || self.bare
    }

    /// Returns the ways to meet at least `least` of these.
    fn count(all: &[Self], least: usize) -> Self {
        let many = |is_meant: fn(&Self) -> bool| all.iter().filter(|ways| is_meant(ways)).count();
        if many(|ways| ways.can_be_met()) < least {
            return Self::default();
        }
        Self {
            allowed: many(|ways| ways.allowed || ways.bare) >= least && many(|ways| ways.allowed) > 0,
            violating: many(|ways| ways.violating) > 0,
            bare: many(|ways| ways.bare) >= least,
        }
    }
}

/// Returns what an alert of `name` on `object` would be if it opened now.
pub(crate) fn outlook(view: &BookView, object: &Id, name: &Id) -> PolicyOutcome {
    let own = view.context().decide(object, name);
    if own.allowed {
        return PolicyOutcome::Allowed;
    }
    let condition = view.compiled.position(name).and_then(|at| view.compiled.condition(at));
    let Some(condition) = condition else { return PolicyOutcome::Violation };
    let ways = WaysToMeet { view, object, own: &own }.of(condition);
    match (ways.allowed, ways.violating || ways.bare) {
        (true, false) => PolicyOutcome::Allowed,
        (true, true) => PolicyOutcome::Depends,
        (false, _) => PolicyOutcome::Violation,
    }
}

/// Finds the ways in which conditions can be met on an object.
struct WaysToMeet<'a> {
    view: &'a BookView,
    object: &'a Id,
    /// The decision about the alert itself.
    own: &'a PolicyDecision,
}

impl WaysToMeet<'_> {
    fn of(&self, condition: &CompiledCondition) -> Ways {
        match condition {
            CompiledCondition::All(all) => Ways::count(&self.each(all), all.len()),
            CompiledCondition::Any(all) => Ways::count(&self.each(all), 1),
            CompiledCondition::Count(least, all) => Ways::count(&self.each(all), (*least).max(1)),
            CompiledCondition::Not(_) | CompiledCondition::Fact(..) => Ways::BARE,
            CompiledCondition::Symptom(pattern, scope) => self.of_symptom(pattern, *scope),
        }
    }

    fn each(&self, all: &[CompiledCondition]) -> Vec<Ways> {
        all.iter().map(|one| self.of(one)).collect()
    }

    fn of_symptom(&self, pattern: &Pattern, scope: Scope) -> Ways {
        let context = self.view.context();
        let mut ways = Ways::default();
        for object in self.in_scope(scope) {
            for symptom in self.candidates(object, pattern) {
                let decision = context.decide(object, &symptom);
                if decision.enabled {
                    let is_allowed = self.own.is_allowed_by(&decision);
                    ways.allowed |= is_allowed;
                    ways.violating |= !is_allowed;
                }
            }
            // A symptom that is not known yet may be either.
            if !pattern.is_literal() && self.view.rules.matching(pattern).is_none() {
                ways.violating = true;
                ways.allowed |= self.own.is_allowed_by(&context.decide(object, pattern.as_str()));
            }
        }
        ways
    }

    fn in_scope(&self, scope: Scope) -> Vec<&str> {
        match scope {
            Scope::Own => vec![self.object],
            Scope::Parent => self.view.context().parent(self.object).into_iter().collect(),
            Scope::Children => self.view.registry.children(self.object).collect(),
        }
    }

    /// Returns the symptoms that may be active on an object and match.
    fn candidates(&self, object: &str, pattern: &Pattern) -> Vec<String> {
        if pattern.is_literal() {
            return vec![pattern.as_str().to_owned()];
        }
        let mut names = self.view.rules.matching(pattern).unwrap_or_default();
        for (name, _) in self.view.objects.symptoms(object) {
            if pattern.matches(name) {
                names.push(name.to_string());
            }
        }
        names
    }
}
