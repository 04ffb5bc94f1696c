//! Definitions of which it cannot be decided whether they hold: remembered, and each expression warned
//! of once.

use std::sync::Arc;

use super::{Book, judge::Case, page::Id};
use crate::{
    record::AlertStatus,
    undecided::{self, FailedExpression, UndecidedExpression},
};

impl Book {
    /// Expressions that cannot be decided on some objects: of groups, then of alert definitions, each
    /// with how many objects it is and one as an example.
    pub fn undecided(&self) -> Vec<UndecidedExpression> {
        let mut all = self.registry.undecided();
        for (object, page) in &self.pages {
            for (name, failed) in &page.undecided {
                undecided::add(&mut all, self.described_failure(object, name, failed));
            }
        }
        all
    }

    /// Those of one object.
    pub(super) fn undecided_of(&self, object: &str) -> Vec<UndecidedExpression> {
        let mut all = self.registry.undecided_of(object);
        let page = self.pages.get(object);
        let failed = page.into_iter().flat_map(|page| &page.undecided);
        all.extend(failed.map(|(name, failed)| self.described_failure(object, name, failed)));
        all
    }

    /// Expressions that could not be decided for the first time since the last call: each once, for the
    /// log.
    pub fn take_warnings(&mut self) -> Vec<UndecidedExpression> {
        let mut all = self.registry.take_warnings();
        all.append(&mut self.warnings);
        all
    }

    pub(super) fn note_undecided(&mut self, object: &Id, name: &Id, case: &Case) {
        let failed = case.undecided.as_ref().filter(|_| case.enabled);
        let Some(page) = self.pages.get_mut(object) else { return };
        match failed {
            None => drop(page.undecided.remove(name)),
            Some(failed) => {
                page.undecided.insert(Arc::clone(name), failed.clone());
                let entry = self.described_failure(object, name, failed);
                if self.warned.insert((entry.of.clone(), entry.expression.clone())) {
                    self.warnings.push(entry);
                }
            }
        }
    }

    /// After a restart: open alerts say what was undecided.
    pub(super) fn restore_undecided(&mut self) {
        for page in self.pages.values_mut() {
            for (name, alert) in page.alerts.iter().filter(|(_, alert)| alert.status == AlertStatus::Open) {
                if let Some(failed) = &alert.undecided {
                    page.undecided.insert(Arc::clone(name), failed.clone());
                }
            }
        }
    }

    fn described_failure(&self, object: &str, name: &str, failed: &FailedExpression) -> UndecidedExpression {
        UndecidedExpression {
            of: format!("alert `{name}`"),
            place: self.compiled.definition(name).map(|definition| definition.place.clone()).unwrap_or_default(),
            expression: failed.expression.clone(),
            objects: 1,
            example: object.to_owned(),
            reason: failed.reason.clone(),
        }
    }
}
