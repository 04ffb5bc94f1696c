//! What becomes known outside when an alert changes: badges, children that are inhibited, notices.

use std::sync::Arc;

use lifesigns_model::Criticality;

use super::{Book, life::hex, page::Id, route};
use crate::{
    change::{Happened, Notice},
    config::Grouping,
    record::{Alert, Status},
};

/// How an alert stood before a change, as far as others are told.
#[derive(Clone, Debug, Default)]
pub(super) struct Stance {
    violation: bool,
    silenced: bool,
    inhibited: bool,
    criticality: Option<Criticality>,
}

impl Stance {
    pub(super) fn of(alert: &Alert) -> Self {
        Self {
            violation: alert.is_violation(),
            silenced: alert.silenced_by.is_some(),
            inhibited: alert.inhibited_by.is_some(),
            criticality: Some(alert.criticality),
        }
    }

    fn is_told(&self) -> bool {
        self.violation && !self.silenced && !self.inhibited
    }
}

impl Book {
    /// The alert is to be written down.
    pub(super) fn mark(&mut self, object: &Id, name: &Id) {
        self.dirty.alerts.insert((Arc::clone(object), Arc::clone(name)));
    }

    /// Does what follows from a change of an alert that stood as `before`. `reroute`: who is told
    /// may be another question now.
    pub(super) fn follow(&mut self, object: &Id, name: &Id, before: &Stance, reroute: bool) {
        self.board.objects_due.insert(Arc::clone(object));
        let Some(alert) = self.pages.get(object).and_then(|page| page.alerts.get(name)) else { return };
        let now = Stance::of(alert);
        if now.is_told() {
            if !before.is_told() {
                self.plan_repeat(object, name);
            }
            let every = !before.violation || before.silenced && !now.silenced;
            let changed = before.criticality != now.criticality && !every;
            if every || changed || reroute || !before.is_told() {
                self.tell_open(object, name, every, changed);
            }
        } else if !now.violation {
            self.tell_over(object, name);
        }
        if now.violation != before.violation {
            self.inhibit_children(object, name);
        }
    }

    /// Tells receivers that it is open: all (`every`), or those that were not told yet, and the
    /// others that it changed (`changed`).
    fn tell_open(&mut self, object: &Id, name: &Id, every: bool, changed: bool) {
        let routed = self.routed(object, name);
        let Some(alert) = self.pages.get(object).and_then(|page| page.alerts.get(name)) else { return };
        let mut tells = Vec::new();
        if changed {
            let unrouted = alert.told.keys().filter(|known| !routed.iter().any(|(one, _)| one == *known));
            tells.extend(unrouted.map(|one| (one.clone(), Grouping::default(), Happened::Changed)));
        }
        for (receiver, grouping) in routed {
            match alert.told.contains_key(&receiver) {
                true if !every && !changed => {}
                true if changed => tells.push((receiver, grouping, Happened::Changed)),
                _ => tells.push((receiver, grouping, Happened::Opened)),
            }
        }
        if !tells.is_empty() {
            self.plan_repeat(object, name);
        }
        self.tell(object, name, tells);
    }

    /// Tells those that know of it that it is over.
    fn tell_over(&mut self, object: &Id, name: &Id) {
        let routed = self.routed(object, name);
        let Some(alert) = self.pages.get(object).and_then(|page| page.alerts.get(name)) else { return };
        let grouping = |receiver: &String| {
            routed.iter().find(|(one, _)| one == receiver).map(|(_, grouping)| grouping.clone()).unwrap_or_default()
        };
        let tells = alert.told.keys().map(|one| (one.clone(), grouping(one), Happened::Resolved)).collect();
        self.tell(object, name, tells);
    }

    /// When an alert is told again is found out at the clock's next turn.
    fn plan_repeat(&mut self, object: &Id, name: &Id) {
        if self.repeating && self.clock_ns > 0 {
            self.repeats.insert((self.clock_ns, Arc::clone(object), Arc::clone(name)));
        }
    }

    /// Tells those again whose time it is.
    pub(super) fn tell_again(&mut self, object: &Id, name: &Id) {
        let routed = self.routed(object, name);
        let (stamp, mut tells, mut next) = (self.stamp(), Vec::new(), None::<u64>);
        let Some(alert) = self.pages.get(object).and_then(|page| page.alerts.get(name)) else { return };
        if !Stance::of(alert).is_told() || alert.acknowledged.is_some() {
            return;
        }
        for (receiver, grouping) in routed.into_iter().filter(|(_, grouping)| grouping.repeat_ms > 0) {
            let Some(told_ns) = alert.told.get(&receiver) else { continue };
            let repeat_ns = grouping.repeat_ms.saturating_mul(1_000_000);
            let mut due_ns = told_ns.saturating_add(repeat_ns);
            if due_ns <= stamp {
                due_ns = stamp.saturating_add(repeat_ns);
                tells.push((receiver, grouping, Happened::Repeated));
            }
            next = Some(next.map_or(due_ns, |next| next.min(due_ns)));
        }
        if let Some(due_ns) = next {
            self.repeats.insert((due_ns, Arc::clone(object), Arc::clone(name)));
        }
        self.tell(object, name, tells);
    }

    fn tell(&mut self, object: &Id, name: &Id, tells: Vec<(String, Grouping, Happened)>) {
        if tells.is_empty() {
            return;
        }
        self.mark(object, name);
        let stamp = self.stamp();
        let Some(alert) = self.pages.get_mut(object).and_then(|page| page.alert_mut(name)) else { return };
        alert.revision += 1;
        for (receiver, _, happened) in &tells {
            match happened {
                Happened::Resolved => drop(alert.told.remove(receiver)),
                _ => drop(alert.told.insert(receiver.clone(), stamp)),
            }
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

    /// An alert began or ended to count: those of the same name on the object's children are told,
    /// or not, by that.
    fn inhibit_children(&mut self, object: &Id, name: &Id) {
        if !self.compiled.config().inhibit_by_parent {
            return;
        }
        let open = |child: &str| {
            let (child, page) = self.pages.get_key_value(child)?;
            page.open(name).map(|_| Arc::clone(child))
        };
        let children: Vec<Id> = self.directory.children(object).filter_map(open).collect();
        children.iter().for_each(|child| self.rehush(child, name));
    }

    /// Looks again at what keeps an open alert from being told.
    pub(super) fn rehush(&mut self, object: &Id, name: &Id) {
        let Some(alert) = self.pages.get(object).and_then(|page| page.open(name)) else { return };
        let before = Stance::of(alert);
        if self.hush(object, name) {
            self.mark(object, name);
            self.follow(object, name, &before, false);
        }
    }

    /// Notes what keeps an open alert from being told; whether that changed.
    pub(super) fn hush(&mut self, object: &Id, name: &Id) -> bool {
        let inhibited_by = self.inhibitor(object, name);
        let Some(alert) = self.pages.get_mut(object).and_then(|page| page.alert_mut(name)) else { return false };
        if alert.status != Status::Open {
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

    /// The violation of the same name on the parent.
    fn inhibitor(&self, object: &str, name: &str) -> Option<String> {
        if !self.compiled.config().inhibit_by_parent {
            return None;
        }
        let parent = self.directory.object(object)?.parent.as_deref()?;
        let alert = self.pages.get(parent)?.open(name).filter(|alert| alert.is_violation())?;
        Some(alert.id.clone())
    }
}
