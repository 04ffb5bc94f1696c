//! Questions that only the store can answer: what was, and what waits to be told.

use lifesigns_compliance::{AuditRecord, BadgeOf, Notice};
use serde::{Deserialize, Serialize};

/// A question to the store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rows {
    /// Cancelled alerts, also those that the book has let go; the latest first.
    Alerts(PastAlerts),
    /// A badge over time.
    Badges(PastBadges),
    /// Who changed what.
    Audit(PastAudit),
    /// Whether the audit log is as it was written.
    AuditVerify {
        /// An entry that was noted down before; it has to be there still.
        #[serde(default)]
        known: Option<AuditMark>,
    },
    /// What waits to be told, or was given up.
    Outbox(OutboxFilter),
}

/// Which alerts of the past. Fields that are empty match all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PastAlerts {
    /// Only of objects of this id; may have `*`.
    pub object: Option<String>,
    /// Only of this definition; may have `*`.
    pub alert: Option<String>,
    /// Cancelled at or after this time.
    pub from_ns: Option<u64>,
    /// Cancelled before this time.
    pub until_ns: Option<u64>,
    /// At most so many; 0 for all.
    pub limit: usize,
}

/// Which badge, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastBadges {
    /// An object's or a group's.
    pub of: BadgeOf,
    /// Its id or name.
    pub name: String,
    /// From this time on.
    #[serde(default)]
    pub since_ns: u64,
    /// At most so many, the latest; 0 for all.
    #[serde(default)]
    pub limit: usize,
}

/// Which entries of the audit log. Fields that are empty match all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PastAudit {
    /// Only about this alert, silence or object; may have `*`.
    pub subject: Option<String>,
    /// Only by this person or part of the host; may have `*`.
    pub who: Option<String>,
    /// From this time on.
    pub since_ns: u64,
    /// At most so many, the latest; 0 for all.
    pub limit: usize,
}

/// An entry of the audit log with its place in the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditRow {
    /// From 1, without gaps.
    pub number: u64,
    /// Hexadecimal SHA-256 over the entry and the hash before it.
    pub hash: String,
    /// What changed.
    #[serde(flatten)]
    pub audit: AuditRecord,
}

/// An entry's number and hash, as somebody noted them down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditMark {
    /// Its number.
    pub number: u64,
    /// Its hash, hexadecimal.
    pub hash: String,
}

/// Whether the audit log is as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditReport {
    /// Entries that were looked at.
    pub entries: u64,
    /// The first number that is there; those before it were let go by retention.
    pub first: u64,
    /// The last number.
    pub last: u64,
    /// The hash of the last entry: whoever keeps it elsewhere can tell if the log was cut short.
    pub hash: String,
    /// The first entry that does not fit, if one does not.
    pub broken: Option<Break>,
}

/// Where the chain of the audit log breaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Break {
    /// The entry's number; 0 where no single entry is wrong.
    pub number: u64,
    /// What is wrong.
    pub what: String,
}

/// Which notices. Fields that are empty match all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OutboxFilter {
    /// Only of receivers of this name; may have `*`.
    pub receiver: Option<String>,
    /// Receivers that are configured, as far as whoever asks knows them; a name that is neither among
    /// these nor in the outbox is refused.
    pub configured: Vec<String>,
    /// Only about the alert with this id.
    pub alert: Option<String>,
    /// Only those that were given up.
    pub dead: bool,
    /// At most so many; 0 for all.
    pub limit: usize,
}

/// A notice that was not delivered yet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutboxRow {
    /// Its number, for `resend`.
    pub id: u64,
    /// Whether it is tried again.
    pub waiting: Waiting,
    /// Attempts so far.
    pub attempts: u32,
    /// What the last attempt came to; empty if there was none.
    pub last_error: String,
    /// What is to be told.
    pub notice: Notice,
}

/// What becomes of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Waiting {
    /// It is tried at this time (host's clock), or as soon as its receiver can take it.
    Until(u64),
    /// It was given up.
    Dead,
}
