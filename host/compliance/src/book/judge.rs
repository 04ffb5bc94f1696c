//! How a definition, or a symptom that is its own, stands on an object at this moment.

use std::sync::Arc;

use super::{
    Book,
    page::Id,
    ruling::Ruling,
    truth::{Found, View},
};

/// What was found.
#[derive(Debug)]
pub(super) struct Case {
    /// It is evaluated here: it exists, is meant for objects of this kind, and no policy disables it.
    pub(super) enabled: bool,
    /// What it says holds.
    pub(super) holds: bool,
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
        let mut case =
            Case { enabled: ruling.enabled, holds: false, allowed: ruling.allowed, found: Found::default(), ruling };
        match self.compiled.position(name) {
            Some(at) => {
                case.enabled &= self.is_meant_for(object, at);
                if !case.enabled {
                    return case;
                }
                let Some(condition) = self.compiled.condition(at) else { return case };
                let view = View { pages: &self.pages, directory: &self.directory, object, ruling: &case.ruling };
                case.holds = view.holds(condition, &mut Some(&mut case.found));
                case.allowed |= case.holds && self.allows_all(&case.found);
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

    /// An alert is fine as well if each of its symptoms is fine where it is.
    fn allows_all(&mut self, found: &Found) -> bool {
        !found.more
            && !found.symptoms.is_empty()
            && found.symptoms.iter().all(|(object, symptom)| self.ruling(object, symptom).allowed)
    }
}
