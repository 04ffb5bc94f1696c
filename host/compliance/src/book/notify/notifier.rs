//! What follows from a change of an alert: badges, notices, and the alerts of children that it inhibits.

use lifesigns_model::NS_PER_MS;

use crate::{
    book::{
        alerts::table::Alerts,
        badges::index::BadgeIndex,
        digest::hex_digest,
        evaluation::{context::Context, policy_cache::PolicyCache},
        ids::Id,
        journal::Journal,
        notify::{repeats::Repeats, routes, silences::Silences, state::NotifyState},
    },
    change::{Notice, NoticeKind},
    config::{ComplianceConfig, Grouping},
    record::{Alert, Notified},
};

/// Decides who is notified of alerts, and makes the notices.
pub(crate) struct Notifier<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) alerts: &'a mut Alerts,
    pub(crate) silences: &'a Silences,
    pub(crate) repeats: &'a mut Repeats,
    pub(crate) policies: &'a mut PolicyCache,
    pub(crate) badges: &'a mut BadgeIndex,
    pub(crate) journal: &'a mut Journal,
    /// The host's clock, or event time where there is none.
    pub(crate) now_ns: u64,
}

/// A notice to be made.
struct Delivery {
    receiver: String,
    grouping: Grouping,
    kind: NoticeKind,
}

impl Notifier<'_> {
    pub(crate) fn config(&self) -> &ComplianceConfig {
        self.context.compiled.config()
    }

    /// Does what follows from a change of an alert that was as `before`. `reroute`: the alert may be routed to
    /// others now.
    pub(crate) fn propagate(&mut self, object: &Id, name: &Id, before: &NotifyState, reroute: bool) {
        self.badges.mark_object(object);
        let now = NotifyState::of(self.alerts.existing(object, name));
        if now.violation {
            self.notify_open(object, name, before.silenced && !now.silenced);
        } else {
            self.notify_over(object, name);
        }
        if now != *before || reroute {
            self.refresh_children(object, name);
        }
    }

    /// Notifies receivers of an open alert: those that do not know of it, those that know it as better or worse,
    /// and those that it is no longer routed to, for which it is over. With `again` all are notified that it is
    /// open.
    fn notify_open(&mut self, object: &Id, name: &Id, again: bool) {
        let routed = self.routed(object, name);
        let inhibitor = self.inhibitor(object, name);
        let alert = self.alerts.existing(object, name);
        let mut deliveries = Vec::new();
        for receiver in alert.notified.keys() {
            if !routed.iter().any(|(one, _)| one == receiver) {
                deliveries.push(Delivery::over(receiver, Grouping::default()));
            }
        }
        let over = deliveries.len();
        for (receiver, grouping) in routed {
            let is_inhibited = inhibitor.as_ref().is_some_and(|one| one.covers(&receiver));
            if alert.silenced_by.is_some() || is_inhibited {
                continue;
            }
            let kind = match alert.notified.get(&receiver) {
                Some(known) if !again && known.criticality == Some(alert.criticality) => continue,
                Some(_) if !again => NoticeKind::Changed,
                _ => NoticeKind::Opened,
            };
            deliveries.push(Delivery { receiver, grouping, kind });
        }
        if deliveries.len() > over {
            self.plan_repeat(object, name);
        }
        self.deliver(object, name, deliveries);
    }

    /// Notifies the receivers that know of an alert that it is over.
    fn notify_over(&mut self, object: &Id, name: &Id) {
        if self.alerts.existing(object, name).notified.is_empty() {
            return;
        }
        let routed = self.routed(object, name);
        let mut deliveries = Vec::new();
        for receiver in self.alerts.existing(object, name).notified.keys() {
            let grouping = routed.iter().find(|(one, _)| one == receiver).map(|(_, grouping)| grouping.clone());
            deliveries.push(Delivery::over(receiver, grouping.unwrap_or_default()));
        }
        self.deliver(object, name, deliveries);
    }

    /// Plans a repeat at the next turn of the host's clock, which finds out when each receiver's is due.
    pub(crate) fn plan_repeat(&mut self, object: &Id, name: &Id) {
        if self.repeats.is_enabled() && self.context.wall_ns > 0 {
            self.repeats.plan(self.context.wall_ns, object, name);
        }
    }

    /// Notifies again the receivers of an open alert whose time it is.
    pub(crate) fn repeat(&mut self, object: &Id, name: &Id) {
        // The alert may have left the book since the repeat was planned.
        let Some(alert) = self.alerts.get(object, name) else { return };
        if !alert.is_violation() || alert.silenced_by.is_some() || alert.acknowledged.is_some() {
            return;
        }
        let routed = self.routed(object, name);
        let inhibitor = self.inhibitor(object, name);
        let alert = self.alerts.existing(object, name);
        let mut deliveries = Vec::new();
        let mut next_ns = None::<u64>;
        for (receiver, grouping) in routed {
            let is_inhibited = inhibitor.as_ref().is_some_and(|one| one.covers(&receiver));
            if grouping.repeat_ms == 0 || is_inhibited {
                continue;
            }
            let Some(known) = alert.notified.get(&receiver) else { continue };
            let repeat_ns = grouping.repeat_ms.saturating_mul(NS_PER_MS);
            let mut due_ns = known.last_ns.saturating_add(repeat_ns);
            if due_ns <= self.now_ns {
                due_ns = self.now_ns.saturating_add(repeat_ns);
                deliveries.push(Delivery { receiver, grouping, kind: NoticeKind::Repeated });
            }
            next_ns = Some(next_ns.map_or(due_ns, |next_ns| next_ns.min(due_ns)));
        }
        if let Some(due_ns) = next_ns {
            self.repeats.plan(due_ns, object, name);
        }
        self.deliver(object, name, deliveries);
    }

    /// Makes notices of an alert, and notes in it what its receivers know now.
    fn deliver(&mut self, object: &Id, name: &Id, deliveries: Vec<Delivery>) {
        if deliveries.is_empty() {
            return;
        }
        let now_ns = self.now_ns;
        self.alerts.change(object, name, |alert| {
            alert.revision += 1;
            deliveries.iter().for_each(|delivery| delivery.note_in(alert, now_ns));
        });
        let alert = self.alerts.existing(object, name);
        for Delivery { receiver, grouping, kind } in deliveries {
            self.journal.notice(Notice {
                key: hex_digest(&[&alert.id, &alert.revision.to_string(), &receiver], 16),
                bundle: routes::bundle(&grouping, alert),
                receiver,
                grouping,
                happened: kind,
                time_ns: now_ns,
                alert: alert.clone(),
            });
        }
    }

    /// Returns the receivers that an alert is routed to as it is now.
    pub(crate) fn routed(&mut self, object: &Id, name: &Id) -> Vec<(String, Grouping)> {
        let decision = self.policies.decision(self.context, object, name);
        let alert = self.alerts.existing(object, name);
        let no_route = Grouping::default();
        let routes = &self.context.compiled.config().routes;
        let routed = routes::receivers(routes, &no_route, alert, decision.receivers.as_deref());
        routed.into_iter().map(|(receiver, grouping)| (receiver.to_owned(), grouping.clone())).collect()
    }
}

impl Delivery {
    fn over(receiver: &str, grouping: Grouping) -> Self {
        Self { receiver: receiver.to_owned(), grouping, kind: NoticeKind::Resolved }
    }

    /// Notes in an alert what the receiver knows once it has the notice.
    fn note_in(&self, alert: &mut Alert, now_ns: u64) {
        if self.kind == NoticeKind::Resolved {
            alert.notified.remove(&self.receiver);
            return;
        }
        let (revision, criticality) = (alert.revision, Some(alert.criticality));
        let first = Notified { last_ns: 0, first_revision: revision, last_revision: 0, criticality, notices: 0 };
        let known = alert.notified.entry(self.receiver.clone()).or_insert(first);
        known.last_ns = now_ns;
        known.last_revision = revision;
        known.criticality = criticality;
        known.notices = known.notices.saturating_add(1);
    }
}
