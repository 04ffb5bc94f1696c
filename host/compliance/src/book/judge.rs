//! How a definition, or a symptom that is its own, stands on an object at this moment.

use std::sync::Arc;

use super::{
    Book,
    page::Id,
    ruling::Ruling,
    truth::{Found, View},
};
use crate::{certainty::Certainty, expression::Meter, undecided::FailedExpression};

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
        let mentioned = self.compiled.position(name).is_none() && self.index.uses(name).mentioned;
        let mut meter = std::mem::take(&mut self.meter);
        let mut case = self.case(object, name, ruling, mentioned, &mut meter);
        self.meter = meter;
        case.allowed |= case.holds && self.allows_all(&case.ruling, &case.found);
        case
    }

    /// As [`Book::judge`], for a question: nothing is remembered.
    pub(super) fn judge_once(&self, object: &Id, name: &Id) -> Case {
        let ruling = Arc::new(self.ruling_once(object, name));
        let mentioned = self.compiled.position(name).is_none() && self.index.find(name).mentioned;
        let mut case = self.case(object, name, ruling, mentioned, &mut Meter::default());
        let fine = |(object, symptom): &(Id, Id)| case.ruling.is_fine_by(&self.ruling_once(object, symptom));
        let found = &case.found;
        let allowed = !found.more && !found.symptoms.is_empty() && found.symptoms.iter().all(fine);
        case.allowed |= case.holds && case.enabled && self.compiled.position(name).is_some() && allowed;
        case
    }

    /// Without what is allowed by its symptoms. `mentioned`: some definition names the symptom.
    fn case(&self, object: &Id, name: &Id, ruling: Arc<Ruling>, mentioned: bool, meter: &mut Meter) -> Case {
        let mut case = Case {
            enabled: ruling.enabled,
            holds: false,
            undecided: None,
            allowed: ruling.allowed,
            found: Found::default(),
            ruling,
        };
        if let Some(at) = self.compiled.position(name) {
            case.enabled &= self.is_meant_for(object, at);
            if case.enabled
                && let Some(condition) = self.compiled.condition(at)
            {
                let mut view = self.view(object, &case.ruling, meter);
                let holds = view.holds(condition, &mut Some(&mut case.found));
                // What cannot be decided counts as a violation: whoever can make an expression fail must
                // not be able to hide one.
                case.holds = holds != Certainty::No;
                case.undecided = view.failed.filter(|_| holds == Certainty::Maybe);
            }
            return case;
        }
        let symptom = self.pages.get(object).and_then(|page| page.symptoms.get(name));
        case.enabled &= symptom.is_some() && !mentioned;
        if let Some(symptom) = symptom.filter(|symptom| symptom.active) {
            case.holds = true;
            case.found.add(object, name, symptom);
        }
        case
    }

    /// What conditions on `object` look at.
    pub(super) fn view<'a>(&'a self, object: &'a Id, ruling: &'a Ruling, meter: &'a mut Meter) -> View<'a> {
        let (pages, registry, clock_ns) = (&self.pages, &self.registry, self.clock_ns);
        View { pages, registry, object, ruling, clock_ns, meter, failed: None }
    }

    /// Whether the definition at this position is for objects of this kind.
    fn is_meant_for(&self, object: &str, definition: usize) -> bool {
        let Some(definition) = self.compiled.config().definitions.get(definition) else { return false };
        let kind = || self.registry.object(object).and_then(|object| object.kind.as_deref());
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
        let parent = self.registry.object(object).and_then(|object| object.parent.clone());
        let children = self.registry.children(object).map(str::to_owned);
        std::iter::once(object.to_owned()).chain(parent).chain(children).collect()
    }

    /// An alert is fine as well if each of its symptoms is fine where it is, unless a policy that is as
    /// strong as the one that allows the symptom forbids the alert by its own name.
    fn allows_all(&mut self, own: &Ruling, found: &Found) -> bool {
        !found.more
            && !found.symptoms.is_empty()
            && found.symptoms.iter().all(|(object, symptom)| own.is_fine_by(&self.ruling(object, symptom)))
    }
}
