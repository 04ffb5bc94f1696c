//! How a definition, or a symptom that is its own, stands on an object at this moment.

use std::sync::Arc;

use super::{
    Book,
    page::Id,
    ruling::Ruling,
    truth::{Found, View},
};
use crate::{directory::Certainty, undecided::FailedExpression};

/// What was found.
#[derive(Debug)]
pub(super) struct Case {
    /// It is evaluated here: it exists, is meant for objects of this kind, and no policy disables it.
    pub(super) enabled: bool,
    /// What it says holds, or that cannot be decided.
    pub(super) holds: bool,
    /// The expression because of which it cannot be decided whether it holds.
    pub(super) undecided: Option<FailedExpression>,
    /// It is fine here.
    pub(super) allowed: bool,
    /// By which symptoms.
    pub(super) found: Found,
    /// What policy says.
    pub(super) ruling: Arc<Ruling>,
}

impl Book {
    /// Looks at `name` on `object`.
    pub(super) fn judge(&mut self, object: &Id, name: &Id) -> Case {
        self.evaluations += 1;
        let ruling = self.ruling(object, name);
        let mut case = Case {
            enabled: ruling.enabled,
            holds: false,
            undecided: None,
            allowed: ruling.allowed,
            found: Found::default(),
            ruling,
        };
        match self.compiled.position(name) {
            Some(at) => {
                case.enabled &= self.is_meant_for(object, at);
                if !case.enabled {
                    return case;
                }
                let Some(condition) = self.compiled.condition(at) else { return case };
                let mut view = View {
                    pages: &self.pages,
                    directory: &self.directory,
                    object,
                    ruling: &case.ruling,
                    clock_ns: self.clock_ns,
                    meter: &mut self.meter,
                    failed: None,
                };
                let holds = view.holds(condition, &mut Some(&mut case.found));
                // What cannot be decided counts as a violation: whoever can make an expression fail must
                // not be able to hide one.
                case.holds = holds != Certainty::No;
                case.undecided = view.failed.filter(|_| holds == Certainty::Maybe);
                case.allowed |= case.holds && self.allows_all(&case.ruling, &case.found);
            }
            None => {
                let symptom = self.pages.get(object).and_then(|page| page.symptoms.get(name));
                case.enabled &= symptom.is_some() && !self.index.uses(name).mentioned;
                if let Some(symptom) = symptom.filter(|symptom| symptom.active) {
                    case.holds = true;
                    case.found.add(object, name, symptom);
                }
            }
        }
        case
    }

    /// Whether the definition at this position is for objects of this kind.
    fn is_meant_for(&self, object: &str, definition: usize) -> bool {
        let Some(definition) = self.compiled.config().definitions.get(definition) else { return false };
        let kind = || self.directory.object(object).and_then(|object| object.kind.as_deref());
        definition.kinds.is_empty() || kind().is_some_and(|kind| definition.kinds.iter().any(|one| one == kind))
    }

    /// Looks at `name` on `object`, whose alert is open and no longer holds: by the symptoms that made it.
    pub(super) fn judge_ceased(&mut self, object: &Id, name: &Id) -> Case {
        let ruling = self.ruling(object, name);
        let mut case = Case {
            enabled: true,
            holds: false,
            undecided: None,
            allowed: ruling.allowed,
            found: Found::default(),
            ruling,
        };
        let Some(alert) = self.pages.get(object).and_then(|page| page.alerts.get(name)) else { return case };
        for symptom in &alert.symptoms {
            for whose in self.family(object) {
                let Some((whose, page)) = self.pages.get_key_value(&*whose) else { continue };
                if let Some((symptom, state)) = page.symptoms.get_key_value(symptom.as_str()) {
                    case.found.add(whose, symptom, state);
                }
            }
        }
        case.allowed |= self.allows_all(&case.ruling, &case.found);
        case
    }

    /// The object, its parent and its children: all whose symptoms its alerts can name.
    fn family(&self, object: &str) -> Vec<String> {
        let parent = self.directory.object(object).and_then(|object| object.parent.clone());
        let children = self.directory.children(object).map(str::to_owned);
        std::iter::once(object.to_owned()).chain(parent).chain(children).collect()
    }

    /// An alert is fine as well if each of its symptoms is fine where it is, unless a policy that is as
    /// strong as the one that allows the symptom forbids the alert by its own name.
    fn allows_all(&mut self, own: &Ruling, found: &Found) -> bool {
        let forbidden = own.allow_rank.filter(|_| !own.allowed);
        let fine = |ruling: &Ruling| {
            ruling.allowed && forbidden.is_none_or(|forbid| ruling.allow_rank.is_some_and(|allow| allow < forbid))
        };
        !found.more
            && !found.symptoms.is_empty()
            && found.symptoms.iter().all(|(object, symptom)| fine(&self.ruling(object, symptom)))
    }
}
