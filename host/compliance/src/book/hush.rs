//! What keeps an open alert from being notified: a silence, or the same alert on the object's parent.

use std::sync::Arc;

use super::{Book, page::Id, tell::Stance};
use crate::{
    change::{Notice, NoticeKind, WithheldNotice},
    record::AlertStatus,
};

/// The alert of the parent that stands for the object's own.
#[derive(Debug)]
pub(super) struct Inhibitor {
    id: String,
    /// Who is notified of it.
    receivers: Vec<String>,
}

impl Inhibitor {
    /// Whether this receiver is notified of the parent's alert, and so not of the object's.
    pub(super) fn covers(&self, receiver: &str) -> bool {
        self.receivers.iter().any(|one| one == receiver)
    }
}

impl Book {
    /// Looks again at what keeps an open alert from being notified.
    pub(super) fn rehush(&mut self, object: &Id, name: &Id) {
        let Some(alert) = self.pages.get(object).and_then(|page| page.open(name)) else { return };
        let before = Stance::of(alert);
        if self.hush(object, name) {
            self.mark(object, name);
        }
        self.follow(object, name, &before, false);
        // What was withheld until now is due again when its time comes.
        self.plan_repeat(object, name);
    }

    /// Looks again at the open alerts of an object and of those above it: whether they stand in a circle of
    /// parents may have changed.
    pub(super) fn rehush_above(&mut self, object: &str) {
        if !self.compiled.config().inhibit_by_parent {
            return;
        }
        let mut above: Vec<Id> = self.registry.above(object).into_iter().map(Id::from).collect();
        above.push(object.into());
        for one in above {
            let Some((one, page)) = self.pages.get_key_value(&one) else { continue };
            let open: Vec<Id> = page.alerts.keys().filter(|name| page.open(name).is_some()).cloned().collect();
            let one = Arc::clone(one);
            open.iter().for_each(|name| self.rehush(&one, name));
        }
    }

    /// Notes what keeps an open alert from being notified; whether that changed.
    pub(super) fn hush(&mut self, object: &Id, name: &Id) -> bool {
        let inhibited_by = self.inhibitor(object, name).and_then(|one| {
            let routed = self.routed(object, name);
            let all = !routed.is_empty() && routed.iter().all(|(receiver, _)| one.covers(receiver));
            all.then_some(one.id)
        });
        let Some(alert) = self.pages.get_mut(object).and_then(|page| page.alert_mut(name)) else { return false };
        if alert.status != AlertStatus::Open {
            return false;
        }
        let mut silences = self.silences.values().filter(|silence| silence.is_in_force(self.clock_ns));
        let silenced_by = silences.find(|silence| silence.matches(alert)).map(|silence| silence.id.clone());
        if (&alert.silenced_by, &alert.inhibited_by) == (&silenced_by, &inhibited_by) {
            return false;
        }
        (alert.silenced_by, alert.inhibited_by) = (silenced_by, inhibited_by);
        alert.revision += 1;
        true
    }

    /// The violation of the same name on the parent, if it stands for the one on the object: it is at least
    /// as bad, not silenced, and no circle of parents makes each stand for the other. Whoever is notified of
    /// it is not notified of the object's.
    pub(super) fn inhibitor(&mut self, object: &Id, name: &Id) -> Option<Inhibitor> {
        let (parent, alert) = self.standing_for(object, name)?;
        let (parent, id) = (Arc::clone(parent), alert.id.clone());
        let receivers = self.routed(&parent, name).into_iter().map(|(receiver, _)| receiver).collect();
        Some(Inhibitor { id, receivers })
    }

    /// The parent and its alert, see [`Book::inhibitor`].
    pub(super) fn standing_for(&self, object: &str, name: &str) -> Option<(&Id, &crate::Alert)> {
        if !self.compiled.config().inhibit_by_parent {
            return None;
        }
        let own = self.pages.get(object)?.open(name)?;
        let parent = self.registry.object(object)?.parent.as_deref()?;
        let (parent, page) = self.pages.get_key_value(parent)?;
        let stands = page.open(name).filter(|alert| alert.is_violation() && alert.silenced_by.is_none())?;
        let inhibits = stands.criticality >= own.criticality && !self.registry.is_own_ancestor(object);
        inhibits.then_some((parent, stands))
    }

    /// Whether this notice is not to go out now, although it was made: what it says has been silenced, or
    /// inhibited for its receiver, since then. That something is over is never withheld.
    pub fn withholds(&mut self, notice: &Notice) -> bool {
        if notice.happened == NoticeKind::Resolved {
            return false;
        }
        let Some((object, page)) = self.pages.get_key_value(&*notice.alert.object) else { return false };
        let Some((name, alert)) = page.alerts.get_key_value(&*notice.alert.definition) else { return false };
        if alert.id != notice.alert.id {
            return false;
        }
        if alert.withheld.get(&notice.receiver).is_some_and(|void| notice.alert.revision <= *void) {
            return true;
        }
        if !alert.is_violation() {
            return false;
        }
        let (object, name, silenced) = (Arc::clone(object), Arc::clone(name), alert.silenced_by.is_some());
        silenced || self.is_covered(&object, &name, &notice.receiver)
    }

    /// The open alerts that a receiver knows of, and is to be reminded of: neither silenced nor inhibited.
    pub fn known_to(&mut self, receiver: &str) -> Vec<crate::Alert> {
        let mut known = Vec::new();
        for (object, page) in &self.pages {
            for (name, alert) in &page.alerts {
                if alert.is_violation() && alert.silenced_by.is_none() && alert.told.contains_key(receiver) {
                    known.push((Arc::clone(object), Arc::clone(name)));
                }
            }
        }
        known.retain(|(object, name)| !self.is_covered(object, name, receiver));
        let alert =
            |(object, name): (Id, Id)| self.pages.get(&object)?.alerts.get(&name).map(|one| crate::Alert::clone(one));
        known.into_iter().filter_map(alert).collect()
    }

    fn is_covered(&mut self, object: &Id, name: &Id, receiver: &str) -> bool {
        self.inhibitor(object, name).is_some_and(|one| one.covers(receiver))
    }

    /// A notice did not go out: its receiver does not know what it said.
    pub(super) fn withheld(&mut self, withheld: &WithheldNotice) {
        let Some((object, page)) = self.pages.get_key_value(&*withheld.object) else { return };
        let Some((name, alert)) = page.alerts.get_key_value(&*withheld.definition) else { return };
        let (object, name) = (Arc::clone(object), Arc::clone(name));
        let Some(known) = alert.told.get(&withheld.receiver).copied().filter(|_| alert.id == withheld.alert) else {
            return;
        };
        let before = Stance::of(alert);
        let suppressed = alert.silenced_by.is_some() || self.is_covered(&object, &name, &withheld.receiver);
        let Some(alert) = self.pages.get_mut(&object).and_then(|page| page.alert_mut(&name)) else { return };
        let Some(entry) = alert.told.get_mut(&withheld.receiver) else { return };
        let is_first = known.first_revision == withheld.revision;
        if !suppressed && known.last_revision > withheld.revision {
            // A later notice is on its way, and may be the first that it gets.
            entry.first_revision = if is_first { known.last_revision } else { known.first_revision };
        } else if is_first {
            alert.told.remove(&withheld.receiver);
            alert.withheld.insert(withheld.receiver.clone(), known.last_revision);
        } else {
            entry.criticality = None;
        }
        self.mark(&object, &name);
        self.follow(&object, &name, &before, false);
    }
}
