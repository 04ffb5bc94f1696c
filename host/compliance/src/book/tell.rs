//! What becomes known outside when an alert changes: badges, notices, children that are inhibited.

use std::sync::Arc;

use lifesigns_model::Criticality;

use super::{Book, life::hex, page::Id, route};
use crate::{
    change::{Notice, NoticeKind},
    config::Grouping,
    record::{Alert, Notified},
};

/// How an alert stood before a change, as far as others are notified.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Stance {
    violation: bool,
    silenced: bool,
    criticality: Option<Criticality>,
}

impl Stance {
    pub(super) fn of(alert: &Alert) -> Self {
        Self {
            violation: alert.is_violation(),
            silenced: alert.silenced_by.is_some(),
            criticality: Some(alert.criticality),
        }
    }
}

impl Book {
    /// The alert is to be written down.
    pub(super) fn mark(&mut self, object: &Id, name: &Id) {
        self.dirty.alerts.insert((Arc::clone(object), Arc::clone(name)));
    }

    /// Does what follows from a change of an alert that stood as `before`. `reroute`: who is notified
    /// may be another question now.
    pub(super) fn follow(&mut self, object: &Id, name: &Id, before: &Stance, reroute: bool) {
        self.board.objects_due.insert(Arc::clone(object));
        let Some(alert) = self.pages.get(object).and_then(|page| page.alerts.get(name)) else { return };
        let now = Stance::of(alert);
        match now.violation {
            true => self.notify_open(object, name, before.silenced && !now.silenced),
            false => self.notify_over(object, name),
        }
        if now != *before || reroute {
            self.inhibit_children(object, name);
        }
    }

    /// Brings receivers to know what is so: those that do not know of it hear that it is open, those that
    /// know it as less bad or worse that it changed, and those that it is no longer routed to that it is
    /// over for them. With `again` all hear that it is open.
    fn notify_open(&mut self, object: &Id, name: &Id, again: bool) {
        let routed = self.routed(object, name);
        let inhibited = self.inhibitor(object, name);
        let Some(alert) = self.pages.get(object).and_then(|page| page.alerts.get(name)) else { return };
        let left = alert.told.keys().filter(|known| !routed.iter().any(|(one, _)| one == *known));
        let mut tells: Vec<_> =
            left.map(|receiver| (receiver.clone(), Grouping::default(), NoticeKind::Resolved)).collect();
        let mut news = false;
        for (receiver, grouping) in routed {
            let withheld = alert.silenced_by.is_some() || inhibited.as_ref().is_some_and(|one| one.covers(&receiver));
            let happened = match alert.told.get(&receiver) {
                _ if withheld => continue,
                Some(known) if !again && known.criticality == Some(alert.criticality) => continue,
                Some(_) if !again => NoticeKind::Changed,
                _ => NoticeKind::Opened,
            };
            news = true;
            tells.push((receiver, grouping, happened));
        }
        if news {
            self.plan_repeat(object, name);
        }
        self.tell(object, name, tells);
    }

    /// Notifies those that know of it that it is over.
    fn notify_over(&mut self, object: &Id, name: &Id) {
        let known = |page: &super::page::Page| page.alerts.get(name).is_some_and(|alert| !alert.told.is_empty());
        if !self.pages.get(object).is_some_and(known) {
            return;
        }
        let routed = self.routed(object, name);
        let Some(alert) = self.pages.get(object).and_then(|page| page.alerts.get(name)) else { return };
        let grouping = |receiver: &String| {
            routed.iter().find(|(one, _)| one == receiver).map(|(_, grouping)| grouping.clone()).unwrap_or_default()
        };
        let tells = alert.told.keys().map(|one| (one.clone(), grouping(one), NoticeKind::Resolved)).collect();
        self.tell(object, name, tells);
    }

    /// When an alert is told again is found out at the clock's next turn.
    pub(super) fn plan_repeat(&mut self, object: &Id, name: &Id) {
        if self.repeating && self.clock_ns > 0 {
            self.repeats.insert((self.clock_ns, Arc::clone(object), Arc::clone(name)));
        }
    }

    /// Notifies those again whose time it is.
    pub(super) fn tell_again(&mut self, object: &Id, name: &Id) {
        let routed = self.routed(object, name);
        let inhibited = self.inhibitor(object, name);
        let (stamp, mut tells, mut next) = (self.stamp(), Vec::new(), None::<u64>);
        let Some(alert) = self.pages.get(object).and_then(|page| page.alerts.get(name)) else { return };
        if !alert.is_violation() || alert.silenced_by.is_some() || alert.acknowledged.is_some() {
            return;
        }
        for (receiver, grouping) in routed.into_iter().filter(|(_, grouping)| grouping.repeat_ms > 0) {
            if inhibited.as_ref().is_some_and(|one| one.covers(&receiver)) {
                continue;
            }
            let Some(known) = alert.told.get(&receiver) else { continue };
            let repeat_ns = grouping.repeat_ms.saturating_mul(1_000_000);
            let mut due_ns = known.last_ns.saturating_add(repeat_ns);
            if due_ns <= stamp {
                due_ns = stamp.saturating_add(repeat_ns);
                tells.push((receiver, grouping, NoticeKind::Repeated));
            }
            next = Some(next.map_or(due_ns, |next| next.min(due_ns)));
        }
        if let Some(due_ns) = next {
            self.repeats.insert((due_ns, Arc::clone(object), Arc::clone(name)));
        }
        self.tell(object, name, tells);
    }

    fn tell(&mut self, object: &Id, name: &Id, tells: Vec<(String, Grouping, NoticeKind)>) {
        if tells.is_empty() {
            return;
        }
        self.mark(object, name);
        let stamp = self.stamp();
        let Some(alert) = self.pages.get_mut(object).and_then(|page| page.alert_mut(name)) else { return };
        alert.revision += 1;
        let (revision, criticality) = (alert.revision, Some(alert.criticality));
        for (receiver, _, happened) in &tells {
            if *happened == NoticeKind::Resolved {
                alert.told.remove(receiver);
                continue;
            }
            let first = alert.told.get(receiver).map_or(revision, |known| known.first_revision);
            let known = Notified { last_ns: stamp, first_revision: first, last_revision: revision, criticality };
            alert.told.insert(receiver.clone(), known);
        }
        for (receiver, grouping, happened) in tells {
            self.news.notices.push(Notice {
                key: hex(&[&alert.id, &alert.revision.to_string(), &receiver], 16),
                bundle: route::bundle(&grouping, alert),
                receiver,
                grouping,
                happened,
                time_ns: stamp,
                alert: alert.clone(),
            });
        }
    }

    /// Who is told of an alert as it is now.
    pub(super) fn routed(&mut self, object: &Id, name: &Id) -> Vec<(String, Grouping)> {
        let ruling = self.ruling(object, name);
        let Some(alert) = self.pages.get(object).and_then(|page| page.alerts.get(name)) else { return Vec::new() };
        let none = Grouping::default();
        let told = route::receivers(&self.compiled.config().routes, &none, alert, ruling.receivers.as_deref());
        told.into_iter().map(|(receiver, grouping)| (receiver.to_owned(), grouping.clone())).collect()
    }

    /// An alert began or ended to stand for those of the same name on the object's children.
    fn inhibit_children(&mut self, object: &Id, name: &Id) {
        if !self.compiled.config().inhibit_by_parent {
            return;
        }
        let open = |child: &str| {
            let (child, page) = self.pages.get_key_value(child)?;
            page.open(name).map(|_| Arc::clone(child))
        };
        let children: Vec<Id> = self.registry.children(object).filter_map(open).collect();
        children.iter().for_each(|child| self.rehush(child, name));
    }
}
