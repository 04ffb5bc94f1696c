//! What would become of a definition that is not met: whether policy would allow the alert.

use super::{Book, page::Id, ruling::Ruling};
use crate::{condition::CompiledCondition, config::Scope, pattern::Pattern, query::PolicyOutcome};

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

    /// At least `least` of these are met.
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

impl Book {
    /// What an alert of `name` on `object` would be if it opened now.
    pub(super) fn outlook(&self, object: &Id, name: &Id) -> PolicyOutcome {
        let own = self.ruling_once(object, name);
        if own.allowed {
            return PolicyOutcome::Allowed;
        }
        let compiled = std::sync::Arc::clone(&self.compiled);
        let Some(condition) = compiled.position(name).and_then(|at| compiled.condition(at)) else {
            return PolicyOutcome::Violation;
        };
        let ways = self.ways(object, &own, condition);
        match (ways.allowed, ways.violating || ways.bare) {
            (true, false) => PolicyOutcome::Allowed,
            (true, true) => PolicyOutcome::Depends,
            (false, _) => PolicyOutcome::Violation,
        }
    }

    fn ways(&self, object: &Id, own: &Ruling, condition: &CompiledCondition) -> Ways {
        let each =
            |all: &[CompiledCondition]| -> Vec<Ways> { all.iter().map(|one| self.ways(object, own, one)).collect() };
        match condition {
            CompiledCondition::All(all) => Ways::count(&each(all), all.len()),
            CompiledCondition::Any(all) => Ways::count(&each(all), 1),
            CompiledCondition::Count(least, all) => Ways::count(&each(all), (*least).max(1)),
            CompiledCondition::Not(_) | CompiledCondition::Fact(..) => Ways::BARE,
            CompiledCondition::Symptom(pattern, scope) => self.symptom_ways(object, own, pattern, *scope),
        }
    }

    fn symptom_ways(&self, object: &Id, own: &Ruling, pattern: &Pattern, scope: Scope) -> Ways {
        let whose: Vec<Id> = match scope {
            Scope::Own => vec![object.clone()],
            Scope::Parent => {
                let parent = self.registry.object(object).and_then(|object| object.parent.as_deref());
                parent.map(Id::from).into_iter().collect()
            }
            Scope::Children => self.registry.children(object).map(Id::from).collect(),
        };
        let mut ways = Ways::default();
        for whose in whose {
            for symptom in self.candidates_of(&whose, pattern) {
                let symptom: Id = symptom.into();
                let ruling = self.ruling_once(&whose, &symptom);
                if ruling.enabled {
                    match own.is_fine_by(&ruling) {
                        true => ways.allowed = true,
                        false => ways.violating = true,
                    }
                }
            }
            // A symptom that is not known yet may be either.
            if !pattern.is_literal() && self.rules.matching(pattern).is_none() {
                ways.violating = true;
                ways.allowed |= own.is_fine_by(&self.ruling_once(&whose, pattern.as_str()));
            }
        }
        ways
    }

    /// The symptoms that may be active on an object and match.
    fn candidates_of(&self, object: &str, pattern: &Pattern) -> Vec<String> {
        if pattern.is_literal() {
            return vec![pattern.as_str().to_owned()];
        }
        let mut names = self.rules.matching(pattern).unwrap_or_default();
        let known = self.pages.get(object).into_iter().flat_map(|page| page.symptoms.keys());
        names.extend(known.filter(|name| pattern.matches(name)).map(|name| name.to_string()));
        names
    }
}
