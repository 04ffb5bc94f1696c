//! What an auditor wants to see of a group.

use std::collections::BTreeMap;

use crate::{
    alert_rank::worst_first,
    book::view::BookView,
    query::{ComplianceReport, Control, GroupDetails},
    record::{Alert, AlertStatus},
};

/// Returns the report of a group.
pub(crate) fn report(view: &BookView, group: GroupDetails) -> ComplianceReport {
    let mut alerts: Vec<&Alert> = Vec::new();
    for member in &group.objects {
        alerts.extend(view.alerts.of(&member.object.id).map(|(_, alert)| alert));
    }
    alerts.sort_by(|one, other| worst_first(one, other));
    let mut resolved = selected(&alerts, |alert| alert.status == AlertStatus::Cancelled);
    resolved.sort_by_key(|alert| std::cmp::Reverse(alert.cancelled_ns));
    ComplianceReport {
        group,
        time_ns: view.now_ns(),
        controls: controls(&alerts),
        findings: selected(&alerts, Alert::is_violation),
        exceptions: selected(&alerts, |alert| alert.status == AlertStatus::Open && alert.allowed),
        resolved,
        period: None,
    }
}

fn selected(alerts: &[&Alert], is_meant: fn(&Alert) -> bool) -> Vec<Alert> {
    alerts.iter().filter(|alert| is_meant(alert)).map(|alert| (*alert).clone()).collect()
}

/// Returns each control that an alert of the group names; one without violations and exceptions had some that
/// are resolved.
fn controls(alerts: &[&Alert]) -> Vec<Control> {
    let mut controls: BTreeMap<&str, Control> = BTreeMap::new();
    for alert in alerts {
        for id in &alert.controls {
            let control = controls.entry(id).or_insert_with(|| Control {
                id: id.clone(),
                violations: Vec::new(),
                exceptions: Vec::new(),
            });
            match (alert.status, alert.allowed) {
                (AlertStatus::Open, false) => control.violations.push(alert.id.clone()),
                (AlertStatus::Open, true) => control.exceptions.push(alert.id.clone()),
                (AlertStatus::Cancelled, _) => {}
            }
        }
    }
    controls.into_values().collect()
}
