//! What receivers know of alerts, and what is not to be sent to them now.

use crate::{
    book::{
        notify::{routes, suppression::inhibiting},
        view::BookView,
    },
    change::{Notice, NoticeKind},
    config::Grouping,
    record::Alert,
};

/// The parent's alert that stands for an alert, and who is notified of it.
pub(crate) struct ParentNotified {
    pub(crate) parent: String,
    /// The alert's id.
    pub(crate) alert: String,
    receivers: Vec<String>,
}

impl ParentNotified {
    pub(crate) fn of(view: &BookView, object: &str, name: &str) -> Option<Self> {
        let (parent, alert) = inhibiting(view.context(), &view.alerts, object, name)?;
        let decision = view.context().decide(parent, name);
        let no_route = Grouping::default();
        let routed = routes::receivers(&view.config().routes, &no_route, alert, decision.receivers.as_deref());
        let receivers = routed.into_iter().map(|(receiver, _)| receiver.to_owned()).collect();
        Some(Self { parent: parent.to_string(), alert: alert.id.clone(), receivers })
    }

    /// Returns whether a receiver is notified of the parent's alert, and so not of the object's.
    pub(crate) fn covers(&self, receiver: &str) -> bool {
        self.receivers.iter().any(|one| one == receiver)
    }
}

/// See [`BookView::withholds`].
pub(crate) fn withholds(view: &BookView, notice: &Notice) -> bool {
    let (object, name) = (&notice.alert.object, &notice.alert.definition);
    let Some(alert) = view.alerts.get(object, name) else { return false };
    if notice.happened == NoticeKind::Resolved || alert.id != notice.alert.id {
        return false;
    }
    alert.is_violation() && (alert.silenced_by.is_some() || is_covered(view, alert, &notice.receiver))
}

/// See [`BookView::known_to`].
pub(crate) fn known_to(view: &BookView, receiver: &str) -> Vec<Alert> {
    let mut known = Vec::new();
    for (.., alert) in view.alerts.all() {
        let is_known = alert.is_violation() && alert.silenced_by.is_none() && alert.notified.contains_key(receiver);
        if is_known && !is_covered(view, alert, receiver) {
            known.push(alert.clone());
        }
    }
    known
}

/// Returns whether a receiver is notified of the parent's alert in place of this one.
fn is_covered(view: &BookView, alert: &Alert, receiver: &str) -> bool {
    ParentNotified::of(view, &alert.object, &alert.definition).is_some_and(|parent| parent.covers(receiver))
}
