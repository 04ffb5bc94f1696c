//! What another configuration would change: decided on a copy of the record, of which nothing is kept.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use crate::{
    alert_rank::worst_first,
    book::view::BookView,
    change::PendingTransition,
    query::{BadgeChange, ConfigEffect, CriticalityChange},
    record::{Alert, AlertStatus, Badge, BadgeOwner},
};

/// What was so before the other configuration came into force.
pub(crate) struct Before {
    /// By id.
    pub(crate) alerts: HashMap<String, Arc<Alert>>,
    pub(crate) pending: Vec<PendingTransition>,
    pub(crate) badges: BTreeMap<(BadgeOwner, String), Badge>,
}

/// Adds to `effect` what is otherwise now than before.
pub(crate) fn compare(view: &BookView, before: &Before, effect: &mut ConfigEffect) {
    compare_alerts(view, &before.alerts, effect);
    effect.waiting = begun(view, &before.pending);
    effect.badges = compare_badges(view, &before.badges);
}

fn compare_alerts(view: &BookView, before: &HashMap<String, Arc<Alert>>, effect: &mut ConfigEffect) {
    for (.., alert) in view.alerts.all() {
        let was = before.get(&alert.id).filter(|was| was.status == AlertStatus::Open);
        let is_open = alert.status == AlertStatus::Open;
        match was {
            None if alert.is_violation() => effect.opened.push(alert.clone()),
            None if is_open => effect.allowed.push(alert.clone()),
            Some(_) if !is_open => effect.cancelled.push(alert.clone()),
            Some(was) if alert.allowed && !was.allowed => effect.allowed.push(alert.clone()),
            Some(was) if !alert.allowed && was.allowed => effect.forbidden.push(alert.clone()),
            Some(was) if alert.is_violation() && was.criticality != alert.criticality => {
                effect.changed.push(CriticalityChange { before: was.criticality, alert: alert.clone() });
            }
            _ => {}
        }
    }
    for list in [&mut effect.opened, &mut effect.cancelled, &mut effect.allowed, &mut effect.forbidden] {
        list.sort_by(worst_first);
    }
    effect.changed.sort_by(|one, other| worst_first(&one.alert, &other.alert));
}

/// Returns what waits now and did not before.
fn begun(view: &BookView, before: &[PendingTransition]) -> Vec<PendingTransition> {
    let key = |pending: &PendingTransition| (pending.object.clone(), pending.definition.clone(), pending.opening);
    let known: BTreeSet<_> = before.iter().map(key).collect();
    let now = view.alerts.all_pending().map(|(.., pending)| pending);
    now.filter(|pending| !known.contains(&key(pending))).cloned().collect()
}

fn compare_badges(view: &BookView, before: &BTreeMap<(BadgeOwner, String), Badge>) -> Vec<BadgeChange> {
    let after = view.badges.recorded();
    let mut keys: Vec<&(BadgeOwner, String)> = before.keys().chain(after.keys()).collect();
    // Groups first.
    keys.sort_by(|one, other| (one.0 == BadgeOwner::Object, &one.1).cmp(&(other.0 == BadgeOwner::Object, &other.1)));
    keys.dedup();
    let mut changes = Vec::new();
    for key in keys {
        let (was, is) = (before.get(key).copied(), after.get(key).copied());
        let (of, name) = (key.0, key.1.clone());
        let is_changed = match (was, is) {
            (None, None) => false,
            (Some(_), None) => of == BadgeOwner::Group && view.compiled.group(&name).is_none(),
            (None, Some(is)) => of == BadgeOwner::Group || is.score < 100,
            (Some(was), Some(is)) => was != is,
        };
        if is_changed {
            changes.push(BadgeChange { of, name, before: was, after: is });
        }
    }
    changes
}
