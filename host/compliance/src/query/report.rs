//! The compliance report of a group, now and over a period.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::lines::GroupDetails;
use crate::record::{Alert, AlertStatus, BadgePoint};

/// The compliance report of a group, as data; `lifesigns-report` renders it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComplianceReport {
    /// The group, with all its members.
    pub group: GroupDetails,
    /// When it was made, on the host's clock.
    pub time_ns: u64,
    /// Controls with the alerts that are breaches of them, by id.
    pub controls: Vec<Control>,
    /// Open violations, the worst first.
    pub findings: Vec<Alert>,
    /// Open alerts that are allowed, each with its why.
    pub exceptions: Vec<Alert>,
    /// Alerts that were cancelled, the latest first.
    pub resolved: Vec<Alert>,
    /// What happened in a period, if the report covers one; all else is as of `time_ns`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<ReportPeriod>,
}

/// A control and the alerts that are breaches of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Control {
    /// Its id, such as `CIS-Docker-1.6:5.4`.
    pub id: String,
    /// Ids of open violations.
    pub violations: Vec<String>,
    /// Ids of open alerts that are allowed.
    pub exceptions: Vec<String>,
}

/// What happened to a group's alerts and badge in a period. An alert can be in `opened` and in `ended`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReportPeriod {
    /// The beginning, in nanoseconds since the Unix epoch.
    pub from_ns: u64,
    /// The end, which is not part of it.
    pub to_ns: u64,
    /// Alerts that opened in it, allowed ones too, the first one first.
    pub opened: Vec<Alert>,
    /// Alerts that were cancelled in it, the first one first.
    pub ended: Vec<Alert>,
    /// Alerts that were open when it began and when it ended.
    pub throughout: Vec<Alert>,
    /// The group's badge: as it was when the period began, and each change in it.
    pub badges: Vec<BadgePoint>,
}

impl ComplianceReport {
    /// Makes it a report over a period. `past` are alerts of any object that were cancelled since the period
    /// began; `badges` are the badges of the group since then, and the last one before.
    pub fn over(&mut self, from_ns: u64, to_ns: u64, past: Vec<Alert>, badges: Vec<BadgePoint>) {
        let members: BTreeSet<&str> = self.group.objects.iter().map(|line| line.object.id.as_str()).collect();
        // Alerts that objects had before they left the group belong to the report too.
        let is_ours = |alert: &Alert| members.contains(&*alert.object) || alert.groups.contains(&self.group.line.name);
        let mut all: BTreeMap<String, Alert> = BTreeMap::new();
        let open = self.findings.iter().chain(&self.exceptions).cloned();
        for alert in past.into_iter().filter(is_ours).chain(open) {
            all.insert(alert.id.clone(), alert);
        }
        let within = |time_ns: u64| (from_ns..to_ns).contains(&time_ns);
        let is_over = |alert: &Alert| alert.status == AlertStatus::Cancelled;
        let mut opened = chosen(&all, |alert| within(alert.opened_ns));
        let mut ended = chosen(&all, |alert| is_over(alert) && alert.cancelled_ns.is_some_and(within));
        let mut throughout = chosen(&all, |alert| {
            alert.opened_ns < from_ns && !(is_over(alert) && alert.cancelled_ns.is_some_and(|at_ns| at_ns < to_ns))
        });
        opened.sort_by_key(|alert| (alert.opened_ns, alert.id.clone()));
        ended.sort_by_key(|alert| (alert.cancelled_ns, alert.id.clone()));
        throughout.sort_by_key(|alert| (alert.opened_ns, alert.id.clone()));
        let badges = badges.into_iter().filter(|point| point.time_ns < to_ns).collect();
        self.period = Some(ReportPeriod { from_ns, to_ns, opened, ended, throughout, badges });
    }
}

fn chosen(all: &BTreeMap<String, Alert>, is_meant: impl Fn(&Alert) -> bool) -> Vec<Alert> {
    all.values().filter(|alert| is_meant(alert)).cloned().collect()
}
