//! What an auditor wants to see of a group.

use std::collections::BTreeMap;

use super::{Book, answer::worst_first, page::Page};
use crate::{
    change::RequestError,
    query::{ComplianceReport, Control},
    record::{Alert, AlertStatus},
};

impl Book {
    pub(super) fn report(&self, group: &str) -> Result<ComplianceReport, RequestError> {
        let page = self.group_page(group)?;
        let members = page.objects.iter().filter_map(|line| self.pages.get(&*line.object.id));
        let mut alerts: Vec<&Alert> = members.flat_map(Page::alerts).collect();
        alerts.sort_by(|one, other| worst_first(one, other));
        let chosen = |is_meant: fn(&Alert) -> bool| -> Vec<Alert> {
            alerts.iter().filter(|alert| is_meant(alert)).map(|alert| (*alert).clone()).collect()
        };
        let mut resolved = chosen(|alert| alert.status == AlertStatus::Cancelled);
        resolved.sort_by_key(|alert| std::cmp::Reverse(alert.cancelled_ns));
        Ok(ComplianceReport {
            group: page,
            time_ns: self.stamp(),
            controls: controls(&alerts),
            findings: chosen(Alert::is_violation),
            exceptions: chosen(|alert| alert.status == AlertStatus::Open && alert.allowed),
            resolved,
            period: None,
        })
    }
}

/// Each control that an alert of the group names; one without violations and exceptions had some that
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
