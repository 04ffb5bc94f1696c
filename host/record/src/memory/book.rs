//! The book's tables: objects, symptoms, pending transitions, alerts, silences, current badges.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_compliance::{
    Alert, AlertStatus, BadgeOwner, BadgePoint, BookChanges, Object, PendingTransition, Silence, SymptomState,
};

use super::history::kept_badges;

/// Values by key that keep the order in which their keys were first set.
#[derive(Debug)]
struct Ordered<K, V> {
    next: u64,
    rows: BTreeMap<K, (u64, V)>,
}

impl<K, V> Default for Ordered<K, V> {
    fn default() -> Self {
        Self { next: 0, rows: BTreeMap::new() }
    }
}

impl<K: Ord, V: Clone> Ordered<K, V> {
    /// Sets a value; one that exists keeps its place in the order.
    fn set(&mut self, key: K, value: V) {
        if let Some(row) = self.rows.get_mut(&key) {
            row.1 = value;
            return;
        }
        self.rows.insert(key, (self.next, value));
        self.next += 1;
    }

    /// Returns all values with their place in the order, in that order.
    fn rows(&self) -> Vec<(u64, V)> {
        let mut rows: Vec<_> = self.rows.values().cloned().collect();
        rows.sort_unstable_by_key(|(number, _)| *number);
        rows
    }

    fn values(&self) -> Vec<V> {
        self.rows().into_iter().map(|(_, value)| value).collect()
    }
}

/// An alert, and the host's clock when it was written.
#[derive(Clone, Debug)]
struct StoredAlert {
    alert: Arc<Alert>,
    written_ns: u64,
}

impl StoredAlert {
    fn is_cancelled(&self) -> bool {
        self.alert.status == AlertStatus::Cancelled
    }
}

#[derive(Debug, Default)]
pub(super) struct BookTables {
    objects: Ordered<String, Object>,
    symptoms: Ordered<(String, String), Arc<SymptomState>>,
    pending: BTreeMap<(String, String), PendingTransition>,
    alerts: Ordered<String, StoredAlert>,
    silences: BTreeMap<String, Silence>,
    /// By whether it is a group's, and name.
    badges: BTreeMap<(bool, String), BadgePoint>,
}

impl BookTables {
    /// Removes an object that is forgotten; its symptoms and alerts are removed by themselves.
    pub(super) fn forget(&mut self, object: &str) {
        self.objects.rows.remove(object);
        self.badges.remove(&(false, object.to_owned()));
    }

    pub(super) fn apply(&mut self, changes: &BookChanges, now_ns: u64) {
        for object in &changes.objects {
            self.objects.set(object.id.to_string(), object.clone());
        }
        for symptom in &changes.symptoms {
            self.symptoms.set((symptom.object.to_string(), symptom.name.to_string()), Arc::clone(symptom));
        }
        for gone in &changes.symptoms_gone {
            self.symptoms.rows.remove(gone);
        }
        for gone in &changes.pending_gone {
            self.pending.remove(gone);
        }
        for pending in &changes.pending {
            self.pending.insert((pending.object.clone(), pending.definition.clone()), pending.clone());
        }
        for alert in &changes.alerts {
            self.alerts.set(alert.id.clone(), StoredAlert { alert: Arc::clone(alert), written_ns: now_ns });
        }
        for silence in &changes.silences {
            self.silences.insert(silence.id.clone(), silence.clone());
        }
        for point in kept_badges(changes) {
            self.badges.insert((point.of == BadgeOwner::Group, point.name.clone()), point.clone());
        }
    }

    pub(super) fn objects(&self) -> Vec<Object> {
        self.objects.values()
    }

    pub(super) fn symptoms(&self) -> Vec<Arc<SymptomState>> {
        self.symptoms.values()
    }

    pub(super) fn pending(&self) -> Vec<PendingTransition> {
        self.pending.values().cloned().collect()
    }

    /// Returns open alerts, then the last cancelled one of each object and definition.
    pub(super) fn alerts(&self) -> Vec<Arc<Alert>> {
        let (cancelled, open): (Vec<_>, Vec<_>) = self.alerts.values().into_iter().partition(StoredAlert::is_cancelled);
        let mut last = BTreeMap::new();
        for (number, stored) in cancelled.into_iter().enumerate() {
            let key = (stored.alert.object.to_string(), stored.alert.definition.to_string());
            last.insert(key, (number, stored.alert));
        }
        let mut last: Vec<_> = last.into_values().collect();
        last.sort_unstable_by_key(|(number, _)| *number);
        let open = open.into_iter().map(|stored| stored.alert);
        open.chain(last.into_iter().map(|(_, alert)| alert)).collect()
    }

    /// Returns cancelled alerts, the latest first.
    pub(super) fn cancelled(&self) -> Vec<Arc<Alert>> {
        let mut cancelled: Vec<_> = self.alerts.rows().into_iter().filter(|(_, one)| one.is_cancelled()).collect();
        cancelled.sort_by_key(|(number, one)| std::cmp::Reverse((one.alert.cancelled_ns, *number)));
        cancelled.into_iter().map(|(_, one)| one.alert).collect()
    }

    /// Returns the silences that had not ended at `now_ns` of the host's clock.
    pub(super) fn silences(&self, now_ns: u64) -> Vec<Silence> {
        self.silences.values().filter(|silence| silence.until_ns > now_ns).cloned().collect()
    }

    /// Returns the current badges, oldest first.
    pub(super) fn badges(&self) -> Vec<BadgePoint> {
        let mut badges: Vec<_> = self.badges.values().cloned().collect();
        badges.sort_by_key(|point| point.time_ns);
        badges
    }

    /// Removes cancelled alerts that were written before a time, the oldest first, at most `limit`.
    pub(super) fn remove_alerts(&mut self, before_ns: u64, limit: usize) -> usize {
        let is_old = |one: &StoredAlert| one.is_cancelled() && one.written_ns < before_ns;
        let mut old: Vec<_> = self.alerts.rows().into_iter().filter(|(_, one)| is_old(one)).collect();
        old.sort_by_key(|(_, one)| one.written_ns);
        old.truncate(limit);
        for (_, one) in &old {
            self.alerts.rows.remove(&one.alert.id);
        }
        old.len()
    }

    /// Removes silences that ended before a time, at most `limit`.
    pub(super) fn remove_silences(&mut self, before_ns: u64, limit: usize) -> usize {
        let old = self.silences.values().filter(|silence| silence.until_ns < before_ns);
        let old: Vec<String> = old.take(limit).map(|silence| silence.id.clone()).collect();
        for id in &old {
            self.silences.remove(id);
        }
        old.len()
    }
}
