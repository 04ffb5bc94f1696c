//! The symptoms by which a condition holds.

use std::{collections::BTreeSet, sync::Arc};

use lifesigns_model::Criticality;

use crate::{
    book::{ids::Id, limits},
    record::SymptomState,
};

/// The active symptoms that meet a condition.
#[derive(Debug, Default)]
pub(crate) struct MatchedSymptoms {
    /// Object and symptom, the first [`limits::ALERT_SYMPTOMS`] in the order of the condition.
    pub(crate) first: Vec<(Id, Id)>,
    /// The worst of all; of equal ones the first.
    pub(crate) worst: Option<(Criticality, Id, Id)>,
    /// There are more than `first` has room for.
    pub(crate) more: bool,
    known: BTreeSet<(Id, Id)>,
}

impl MatchedSymptoms {
    pub(crate) fn add(&mut self, object: &Id, name: &Id, symptom: &SymptomState) {
        if self.worst.as_ref().is_none_or(|(worst, ..)| symptom.criticality > *worst) {
            self.worst = Some((symptom.criticality, Arc::clone(object), Arc::clone(name)));
        }
        let one = (Arc::clone(object), Arc::clone(name));
        if self.first.len() >= limits::ALERT_SYMPTOMS {
            self.more |= !self.known.contains(&one);
        } else if self.known.insert(one.clone()) {
            self.first.push(one);
        }
    }

    /// Returns whether a symptom is among the first.
    pub(crate) fn contains(&self, object: &str, name: &str) -> bool {
        self.first.iter().any(|(whose, one)| **whose == *object && **one == *name)
    }
}
