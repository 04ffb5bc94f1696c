//! A page of the book: what is known of one object's symptoms and alerts.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use super::{badge::Tally, ruling::Ruling};
use crate::{
    change::PendingTransition,
    record::{Alert, AlertStatus, Badge, SymptomState},
    undecided::FailedExpression,
};

/// A name or id, shared.
pub(super) type Id = Arc<str>;

/// One object's. What is large is shared: with what was taken out and not yet written, and so that a
/// map of few is small.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Its symptoms, active or not, by `RULE/SYMPTOM`.
    pub(super) symptoms: BTreeMap<Id, Arc<SymptomState>>,
    /// The latest alert of each definition.
    pub(super) alerts: BTreeMap<Id, Arc<Alert>>,
    /// Definitions that wait.
    pub(super) pending: BTreeMap<Id, PendingTransition>,
    /// What policy says, as far as it was asked; emptied when that may have changed.
    pub(super) rulings: HashMap<Id, Arc<Ruling>>,
    /// What the groups count of it.
    pub(super) tally: Tally,
    /// The groups that count it.
    pub(super) groups: Vec<Id>,
    /// Those of which it cannot be decided whether it is in them.
    pub(super) uncertain: Vec<Id>,
    /// Definitions of which it cannot be decided whether they hold, and why.
    pub(super) undecided: BTreeMap<Id, FailedExpression>,
    /// Its badge.
    pub(super) badge: Option<Badge>,
    /// Its badge over time, oldest first.
    pub(super) history: VecDeque<(u64, Badge)>,
}

impl Page {
    /// An alert, to be changed.
    pub(super) fn alert_mut(&mut self, definition: &str) -> Option<&mut Alert> {
        self.alerts.get_mut(definition).map(Arc::make_mut)
    }

    /// A symptom, to be changed.
    pub(super) fn symptom_mut(&mut self, name: &str) -> Option<&mut SymptomState> {
        self.symptoms.get_mut(name).map(Arc::make_mut)
    }

    /// The open alert of a definition.
    pub(super) fn open(&self, definition: &str) -> Option<&Alert> {
        self.alerts.get(definition).map(|alert| &**alert).filter(|alert| alert.status == AlertStatus::Open)
    }

    /// Its alerts, by definition.
    pub(super) fn alerts(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.values().map(|alert| &**alert)
    }

    /// Names of the symptoms that are active.
    pub(super) fn active(&self) -> impl Iterator<Item = &Id> {
        self.symptoms.iter().filter(|(_, symptom)| symptom.active).map(|(name, _)| name)
    }
}
