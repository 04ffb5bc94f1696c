//! What keeps an open alert from being notified: a silence, or the same alert on the object's parent.

use crate::{
    book::{
        alerts::table::Alerts,
        evaluation::context::Context,
        ids::{Id, Key, key},
        notify::{notifier::Notifier, state::NotifyState},
    },
    change::WithheldNotice,
    record::{Alert, AlertStatus, Notified},
};

/// The alert of the parent that is notified in place of the object's own.
#[derive(Debug)]
pub(crate) struct Inhibitor {
    id: String,
    /// The receivers that are notified of it.
    receivers: Vec<String>,
}

impl Inhibitor {
    /// Returns whether a receiver is notified of the parent's alert, and so not of the object's.
    pub(crate) fn covers(&self, receiver: &str) -> bool {
        self.receivers.iter().any(|one| one == receiver)
    }
}

/// Returns the parent and its alert that is notified in place of the alert `name` on `object`: a violation of the
/// same name, at least as bad, not silenced, where no cycle of parents makes each stand for the other.
pub(crate) fn inhibiting<'a>(
    context: Context<'a>,
    alerts: &'a Alerts,
    object: &str,
    name: &str,
) -> Option<(&'a Id, &'a Alert)> {
    if !context.compiled.config().inhibit_by_parent {
        return None;
    }
    let own = alerts.open(object, name)?;
    let (parent, _, inhibitor) = alerts.entry(context.parent(object)?, name)?;
    let can_inhibit = inhibitor.is_violation() && inhibitor.silenced_by.is_none();
    let inhibits = can_inhibit && inhibitor.criticality >= own.criticality;
    (inhibits && !context.registry.objects().is_own_ancestor(object)).then_some((parent, inhibitor))
}

impl Notifier<'_> {
    /// Updates what suppresses an open alert, and notifies receivers if that changed.
    pub(crate) fn refresh(&mut self, object: &Id, name: &Id) {
        // It is called for all that may be open: nothing suppresses an alert that is not.
        let Some(alert) = self.alerts.open(object, name) else { return };
        let before = NotifyState::of(alert);
        self.update_suppression(object, name);
        self.propagate(object, name, &before, false);
        // A repeat that was suppressed until now is due again when its time comes.
        self.plan_repeat(object, name);
    }

    /// Refreshes the open alerts of an object and of its ancestors: whether these are in a cycle of parents may
    /// have changed.
    pub(crate) fn refresh_ancestors(&mut self, object: &str) {
        if !self.config().inhibit_by_parent {
            return;
        }
        let objects = self.context.objects;
        for one in self.context.registry.objects().ancestors(object).into_iter().chain([object]) {
            let Some(one) = objects.id(one) else { continue };
            let open: Vec<Id> = self.alerts.open_of(one).map(|(name, _)| name.clone()).collect();
            open.iter().for_each(|name| self.refresh(one, name));
        }
    }

    /// Refreshes the alerts of this name on an object's children: the object's alert may have begun or ceased to
    /// stand for them.
    pub(crate) fn refresh_children(&mut self, object: &Id, name: &Id) {
        if !self.config().inhibit_by_parent {
            return;
        }
        let objects = self.context.objects;
        let children = self.context.registry.children(object);
        let open: Vec<&Id> = children
            .filter(|child| self.alerts.open(child, name).is_some())
            .filter_map(|child| objects.id(child))
            .collect();
        open.into_iter().for_each(|child| self.refresh(child, name));
    }

    /// Refreshes the open alerts that `is_meant` selects.
    pub(crate) fn refresh_where(&mut self, is_meant: impl Fn(&Alert) -> bool) {
        let open = self.alerts.all_open().filter(|(.., alert)| is_meant(alert));
        let meant: Vec<Key> = open.map(|(object, name, _)| key(object, name)).collect();
        meant.iter().for_each(|(object, name)| self.refresh(object, name));
    }

    /// Notes in an open alert which silence suppresses it, and which parent's alert if that is notified to all its
    /// receivers.
    pub(crate) fn update_suppression(&mut self, object: &Id, name: &Id) {
        let inhibited_by = self.inhibitor(object, name).and_then(|inhibitor| {
            let routed = self.routed(object, name);
            let covers_all = !routed.is_empty() && routed.iter().all(|(receiver, _)| inhibitor.covers(receiver));
            covers_all.then_some(inhibitor.id)
        });
        let alert = self.alerts.existing(object, name);
        if alert.status != AlertStatus::Open {
            return;
        }
        let silenced_by = self.silences.silencing(alert, self.context.wall_ns).map(|silence| silence.id.clone());
        if alert.silenced_by == silenced_by && alert.inhibited_by == inhibited_by {
            return;
        }
        self.alerts.change(object, name, |alert| {
            alert.silenced_by = silenced_by;
            alert.inhibited_by = inhibited_by;
            alert.revision += 1;
        });
    }

    /// Returns the alert of the parent that is notified in place of the object's, and to whom.
    pub(crate) fn inhibitor(&mut self, object: &Id, name: &Id) -> Option<Inhibitor> {
        let (parent, alert) = inhibiting(self.context, self.alerts, object, name)?;
        let (parent, id) = (parent.clone(), alert.id.clone());
        let receivers = self.routed(&parent, name).into_iter().map(|(receiver, _)| receiver).collect();
        Some(Inhibitor { id, receivers })
    }

    /// Notes that a notice was not sent: its receiver does not know what it says.
    pub(crate) fn note_withheld(&mut self, withheld: &WithheldNotice) {
        // The alert may have left the book, and the receiver may know meanwhile that it is over.
        let Some((object, name, alert)) = self.alerts.entry(&withheld.object, &withheld.definition) else { return };
        let known = alert.notified.get(&withheld.receiver);
        let is_known = known.is_some_and(|known| withheld.revision >= known.first_revision);
        if alert.id != withheld.alert || !is_known {
            return;
        }
        let before = NotifyState::of(alert);
        let (object, name) = key(object, name);
        self.alerts.change(&object, &name, |alert| {
            if let Some(known) = alert.notified.get_mut(&withheld.receiver)
                && take_back(known, withheld.revision) == Rest::Nothing
            {
                alert.notified.remove(&withheld.receiver);
            }
        });
        self.propagate(&object, &name, &before, false);
    }
}

/// What is left of what a receiver knows of an alert, or learns from notices that wait to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Something,
    Nothing,
}

/// Takes back what the withheld notice of a revision says. The receiver knows nothing only once all its notices were
/// withheld: one that waits may yet be sent.
fn take_back(known: &mut Notified, revision: u64) -> Rest {
    known.notices = known.notices.saturating_sub(1);
    if revision == known.last_revision {
        known.criticality = None;
    }
    if known.notices == 0 { Rest::Nothing } else { Rest::Something }
}
