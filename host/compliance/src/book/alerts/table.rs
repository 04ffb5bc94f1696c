//! Alerts and the definitions that wait to open or cancel one: the latest of each definition and object.

use std::sync::Arc;

use crate::{
    book::{
        ids::{Id, KeySet, drain_sorted, key},
        limits,
        shared_parts::SharedParts,
    },
    change::{BookChanges, PendingTransition},
    record::{Alert, AlertStatus},
    shared_map::SharedMap,
    shared_table::SharedTable,
};

/// All alerts that the book knows. Every change is noted for the store.
#[derive(Debug, Default)]
pub(crate) struct Alerts {
    objects: SharedTable<ObjectAlerts>,
    dirty: KeySet,
    dirty_pending: KeySet,
    /// Alerts that left the book before the store saw their end.
    left: Vec<Arc<Alert>>,
    parts: SharedParts,
}

/// Those of one object. An alert is shared with what was taken out and is not written yet.
#[derive(Clone, Debug, Default)]
struct ObjectAlerts {
    latest: SharedMap<Arc<Alert>>,
    pending: SharedMap<PendingTransition>,
}

/// Whether an object has room for an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Made,
    None,
}

impl Alerts {
    /// Returns the alerts as they are now, to be read. What is noted for the store stays here.
    pub(crate) fn share(&self) -> Self {
        Self { objects: self.objects.share(), ..Self::default() }
    }

    /// Returns the latest alert of a definition, open or cancelled.
    pub(crate) fn get(&self, object: &str, name: &str) -> Option<&Alert> {
        self.objects.get(object)?.latest.get(name).map(|alert| &**alert)
    }

    /// Returns an alert that must be there, because it was just changed or found.
    pub(crate) fn existing(&self, object: &str, name: &str) -> &Alert {
        match self.get(object, name) {
            Some(alert) => alert,
            None => unreachable!("{object} has no alert {name}"),
        }
    }

    /// Returns the open alert of a definition.
    pub(crate) fn open(&self, object: &str, name: &str) -> Option<&Alert> {
        self.get(object, name).filter(|alert| alert.status == AlertStatus::Open)
    }

    /// Returns an alert with its shared object and name.
    pub(crate) fn entry(&self, object: &str, name: &str) -> Option<(&Id, &Id, &Alert)> {
        let (object, alerts) = self.objects.get_key_value(object)?;
        let (name, alert) = alerts.latest.get_key_value(name)?;
        Some((object, name, alert))
    }

    /// Returns the alerts of an object, open or cancelled, by definition.
    pub(crate) fn of(&self, object: &str) -> impl Iterator<Item = (&Id, &Alert)> {
        let latest = self.objects.get(object).map(|alerts| &alerts.latest);
        latest.into_iter().flatten().map(|(name, alert)| (name, &**alert))
    }

    /// Returns the open alerts of an object, by definition.
    pub(crate) fn open_of(&self, object: &str) -> impl Iterator<Item = (&Id, &Alert)> {
        self.of(object).filter(|(_, alert)| alert.status == AlertStatus::Open)
    }

    /// Returns all alerts, open or cancelled, by object and definition.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&Id, &Id, &Alert)> {
        self.objects
            .iter()
            .flat_map(|(object, alerts)| alerts.latest.iter().map(move |(name, alert)| (object, name, &**alert)))
    }

    /// Returns all alerts, open or cancelled, to be shared.
    pub(crate) fn all_shared(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.objects.values().flat_map(|alerts| alerts.latest.values())
    }

    /// Returns all open alerts, by object and definition.
    pub(crate) fn all_open(&self) -> impl Iterator<Item = (&Id, &Id, &Alert)> {
        self.all().filter(|(.., alert)| alert.status == AlertStatus::Open)
    }

    /// BookChanges an alert that must be there.
    pub(crate) fn change<T>(&mut self, object: &Id, name: &Id, change: impl FnOnce(&mut Alert) -> T) -> T {
        self.dirty.insert(key(object, name));
        match self.objects.get_mut(object).and_then(|alerts| alerts.latest.get_mut(name)) {
            Some(alert) => change(Arc::make_mut(alert)),
            None => unreachable!("{object} has no alert {name}"),
        }
    }

    /// Puts an alert in the place of the latest of its definition, if there is one.
    pub(crate) fn put(&mut self, object: &Id, name: &Id, mut alert: Alert) {
        self.parts.share_alert(&mut alert);
        self.dirty.insert(key(object, name));
        self.object_mut(object).latest.insert(Arc::clone(name), Arc::new(alert));
    }

    /// Takes out an alert that must be there.
    pub(crate) fn take(&mut self, object: &Id, name: &Id) -> Alert {
        match self.objects.get_mut(object).and_then(|alerts| alerts.latest.remove(name)) {
            Some(alert) => Arc::unwrap_or_clone(alert),
            None => unreachable!("{object} has no alert {name}"),
        }
    }

    /// Makes room for a new alert of a definition: the one before it leaves the book, and of too many on the
    /// object the one that was cancelled longest ago.
    pub(crate) fn make_room(&mut self, object: &Id, name: &Id) -> Room {
        let alerts = self.objects.entry_or_default(object);
        let leaving = if alerts.latest.contains_key(name) {
            Arc::clone(name)
        } else if alerts.latest.len() < limits::OBJECT_ALERTS {
            return Room::Made;
        } else {
            let cancelled = alerts.latest.iter().filter(|(_, alert)| alert.status == AlertStatus::Cancelled);
            match cancelled.min_by_key(|(_, alert)| alert.cancelled_ns) {
                Some((oldest, _)) => Arc::clone(oldest),
                None => return Room::None,
            }
        };
        let alert = alerts.latest.remove(&leaving);
        if self.dirty.remove(&(Arc::clone(object), leaving)) {
            self.left.extend(alert);
        }
        Room::Made
    }

    /// Returns the transition of a definition that waits.
    pub(crate) fn pending(&self, object: &str, name: &str) -> Option<&PendingTransition> {
        self.objects.get(object)?.pending.get(name)
    }

    /// Returns the transition of a definition, which must wait.
    pub(crate) fn existing_pending(&self, object: &Id, name: &Id) -> &PendingTransition {
        match self.pending(object, name) {
            Some(pending) => pending,
            None => unreachable!("{name} on {object} does not wait"),
        }
    }

    /// Returns what waits on an object, by definition.
    pub(crate) fn pending_of(&self, object: &str) -> impl Iterator<Item = (&Id, &PendingTransition)> {
        self.objects.get(object).into_iter().flat_map(|alerts| &alerts.pending)
    }

    /// Returns all that waits, by object and definition.
    pub(crate) fn all_pending(&self) -> impl Iterator<Item = (&Id, &Id, &PendingTransition)> {
        self.objects
            .iter()
            .flat_map(|(object, alerts)| alerts.pending.iter().map(move |(name, pending)| (object, name, pending)))
    }

    /// Lets a definition wait.
    pub(crate) fn put_pending(&mut self, object: &Id, name: &Id, pending: PendingTransition) {
        self.dirty_pending.insert(key(object, name));
        self.object_mut(object).pending.insert(Arc::clone(name), pending);
    }

    /// Ends the wait of a definition, if it waits.
    pub(crate) fn take_pending(&mut self, object: &Id, name: &Id) -> Option<PendingTransition> {
        let pending = self.objects.get_mut(object)?.pending.remove(name)?;
        self.dirty_pending.insert(key(object, name));
        Some(pending)
    }

    /// Moves all times that are later than `time_ns` back to it. A wait keeps its length.
    pub(crate) fn set_back(&mut self, time_ns: u64) {
        self.objects.for_each_mut(|object, alerts| {
            alerts.latest.for_each_mut(|name, shared| {
                if latest_ns(shared) > time_ns {
                    set_alert_back(Arc::make_mut(shared), time_ns);
                    self.dirty.insert(key(object, name));
                }
            });
            alerts.pending.for_each_mut(|name, pending| {
                if pending.since_ns > time_ns {
                    set_pending_back(pending, time_ns);
                    self.dirty_pending.insert(key(object, name));
                }
            });
        });
    }

    /// Puts back an alert that a store kept. An open one wins over a cancelled one, a later one over an
    /// earlier one.
    pub(crate) fn restore(&mut self, object: &Id, name: Id, mut alert: Arc<Alert>) {
        // What a store kept is shared with nothing else.
        self.parts.share_alert(Arc::make_mut(&mut alert));
        let latest = &mut self.object_mut(object).latest;
        let known_is_open = latest.get(&name).is_some_and(|known| known.status == AlertStatus::Open);
        if alert.status == AlertStatus::Open || !known_is_open {
            latest.insert(name, alert);
        }
    }

    /// Puts back a transition that a store kept.
    pub(crate) fn restore_pending(&mut self, object: &Id, name: Id, pending: PendingTransition) {
        self.object_mut(object).pending.insert(name, pending);
    }

    /// Removes an object with its alerts.
    pub(crate) fn remove(&mut self, object: &Id) {
        let alerts = self.objects.remove(object).unwrap_or_default();
        for name in alerts.pending.keys() {
            self.dirty_pending.insert(key(object, name));
        }
        for (name, alert) in &alerts.latest {
            if self.dirty.remove(&key(object, name)) {
                self.left.push(Arc::clone(alert));
            }
        }
    }

    /// Writes to `changes` what changed since the last call.
    pub(crate) fn take_changes(&mut self, changes: &mut BookChanges) {
        for (object, name) in drain_sorted(&mut self.dirty_pending) {
            match self.pending(&object, &name) {
                Some(pending) => changes.pending.push(pending.clone()),
                None => changes.pending_gone.push((object.to_string(), name.to_string())),
            }
        }
        changes.alerts.append(&mut self.left);
        for (object, name) in drain_sorted(&mut self.dirty) {
            let alert = self.objects.get(&object).and_then(|alerts| alerts.latest.get(&name));
            changes.alerts.extend(alert.cloned());
        }
    }

    fn object_mut(&mut self, object: &Id) -> &mut ObjectAlerts {
        self.objects.entry_or_default(object)
    }
}

/// Returns the latest time that an alert names.
fn latest_ns(alert: &Alert) -> u64 {
    let notified_ns = alert.notified.values().map(|notified| notified.last_ns).max().unwrap_or(0);
    alert.opened_ns.max(alert.last_ns).max(alert.cancelled_ns.unwrap_or(0)).max(notified_ns)
}

/// A wait keeps its length.
fn set_pending_back(pending: &mut PendingTransition, time_ns: u64) {
    let wait_ns = pending.due_ns.saturating_sub(pending.since_ns);
    pending.since_ns = time_ns;
    pending.due_ns = time_ns.saturating_add(wait_ns);
}

fn set_alert_back(alert: &mut Alert, time_ns: u64) {
    alert.opened_ns = alert.opened_ns.min(time_ns);
    alert.last_ns = alert.last_ns.min(time_ns);
    alert.cancelled_ns = alert.cancelled_ns.map(|ns| ns.min(time_ns));
    alert.notified.values_mut().for_each(|notified| notified.last_ns = notified.last_ns.min(time_ns));
}
