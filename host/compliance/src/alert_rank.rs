//! The order of alerts in lists, and cursors: where a list goes on.

use std::cmp::{Ordering, Reverse};

use lifesigns_model::Criticality;

use crate::record::{Alert, AlertStatus};

/// The place of an alert in lists: open ones before cancelled ones, then the worst, then the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AlertRank<'a> {
    status: AlertStatus,
    criticality: Reverse<Criticality>,
    last_ns: Reverse<u64>,
    id: &'a str,
}

impl<'a> AlertRank<'a> {
    pub(crate) fn of(alert: &'a Alert) -> Self {
        Self {
            status: alert.status,
            criticality: Reverse(alert.criticality),
            last_ns: Reverse(alert.last_ns),
            id: &alert.id,
        }
    }

    /// Returns the cursor that a list goes on with behind this alert.
    pub(crate) fn cursor(self) -> String {
        let status = match self.status {
            AlertStatus::Open => "open",
            AlertStatus::Cancelled => "cancelled",
        };
        format!("{status}.{}.{}.{}", self.criticality.0, self.last_ns.0, self.id)
    }

    /// Returns the place that a cursor names; `None` if it is no cursor.
    pub(crate) fn parse(cursor: &'a str) -> Option<Self> {
        let mut parts = cursor.splitn(4, '.');
        let status = match parts.next()? {
            "open" => AlertStatus::Open,
            "cancelled" => AlertStatus::Cancelled,
            _ => return None,
        };
        let criticality = Criticality::from_word(parts.next()?)?;
        let last_ns = parts.next()?.parse().ok()?;
        Some(Self { status, criticality: Reverse(criticality), last_ns: Reverse(last_ns), id: parts.next()? })
    }
}

/// Orders alerts by their ranks.
pub(crate) fn worst_first(one: &Alert, other: &Alert) -> Ordering {
    AlertRank::of(one).cmp(&AlertRank::of(other))
}
