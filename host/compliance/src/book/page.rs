//! A page of the book: what is known of one object's symptoms and alerts.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use super::{badge::Tally, ruling::Ruling};
use crate::{
    change::Pending,
    record::{Alert, Badge, Status, Symptom},
};

/// A name or id, shared.
pub(super) type Id = Arc<str>;

/// One object's.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Its symptoms, active or not, by `RULE/SYMPTOM`.
    pub(super) symptoms: BTreeMap<Id, Symptom>,
    /// The latest alert of each definition.
    pub(super) alerts: BTreeMap<Id, Alert>,
    /// Definitions that wait.
    pub(super) pending: BTreeMap<Id, Pending>,
    /// What policy says, as far as it was asked; emptied when that may have changed.
    pub(super) rulings: HashMap<Id, Arc<Ruling>>,
    /// What the groups count of it.
    pub(super) tally: Tally,
    /// The groups that count it.
    pub(super) groups: Vec<Id>,
    /// Its badge.
    pub(super) badge: Option<Badge>,
    /// Its badge over time, oldest first.
    pub(super) history: VecDeque<(u64, Badge)>,
}

impl Page {
    /// The open alert of a definition.
    pub(super) fn open(&self, definition: &str) -> Option<&Alert> {
        self.alerts.get(definition).filter(|alert| alert.status == Status::Open)
    }

    /// Names of the symptoms that are active.
    pub(super) fn active(&self) -> impl Iterator<Item = &Id> {
        self.symptoms.iter().filter(|(_, symptom)| symptom.active).map(|(name, _)| name)
    }
}
