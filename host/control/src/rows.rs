//! Questions that only the store can answer.

use lifesigns_api::{AuditMark, OutboxFilter, PastAlerts, PastAudit, PastBadges};
use serde::{Deserialize, Serialize};

/// A question to the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rows {
    /// Cancelled alerts, also those that only the store remembers; the latest first.
    Alerts(PastAlerts),
    /// A badge over time.
    Badges(PastBadges),
    /// Entries of the audit log.
    Audit(PastAudit),
    /// Whether the audit log is as it was written.
    AuditVerify {
        /// An entry that was noted down before; it has to be there still.
        #[serde(default)]
        known: Option<AuditMark>,
    },
    /// Notices that wait for delivery, or were given up.
    Outbox(OutboxFilter),
}
