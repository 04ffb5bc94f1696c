//! Questions that only the store can answer: the past, and notices that are not delivered yet.

use lifesigns_compliance::{Alert, AuditedChange, BadgeOwner, Notice};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which cancelled alerts. Fields that are empty match all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AlertHistoryQuery {
    /// Only of objects of this id; may have `*`.
    pub object: Option<String>,
    /// Only of this definition; may have `*`.
    pub alert: Option<String>,
    /// Cancelled at or after this time.
    pub from_ns: Option<u64>,
    /// Cancelled before this time.
    pub until_ns: Option<u64>,
    /// At most this many; 0 for all.
    pub limit: usize,
    /// Only what comes after this, the `next` of the page before.
    pub cursor: Option<String>,
}

impl AlertHistoryQuery {
    /// Returns the cursor that a list goes on with behind this alert.
    pub fn cursor(alert: &Alert) -> String {
        format!("{}.{}", alert.cancelled_ns.unwrap_or_default(), alert.id)
    }
}

/// Which badge, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BadgeHistoryQuery {
    /// An object's or a group's.
    pub of: BadgeOwner,
    /// Its id or name.
    pub name: String,
    /// From this time on.
    #[serde(default)]
    pub since_ns: u64,
    /// At most this many, the latest; 0 for all.
    #[serde(default)]
    pub limit: usize,
}

/// Which entries of the audit log. Fields that are empty match all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AuditTrailQuery {
    /// Only about this alert, silence or object; may have `*`.
    pub subject: Option<String>,
    /// Only by this person or part of the host; may have `*`.
    pub who: Option<String>,
    /// From this time on.
    pub since_ns: u64,
    /// Only entries with a lower number than this: the page before those that are known.
    pub before: Option<u64>,
    /// At most this many, the latest; 0 for all.
    pub limit: usize,
    /// Only what comes before this, the `next` of the page before.
    pub cursor: Option<String>,
}

impl AuditTrailQuery {
    /// Returns the cursor that a list goes on with before this entry.
    pub fn cursor(row: &AuditTrailRow) -> String {
        row.number.to_string()
    }
}

/// An entry of the audit log with its number in the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AuditTrailRow {
    /// From 1, without gaps.
    pub number: u64,
    /// Hexadecimal SHA-256 over the entry and the hash before it.
    pub hash: String,
    /// What changed.
    #[serde(flatten)]
    pub audit: AuditedChange,
}

/// An entry's number and hash, as noted down outside the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditMark {
    /// Its number.
    pub number: u64,
    /// Its hash, hexadecimal.
    pub hash: String,
}

/// The result of a check of the audit log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuditReport {
    /// Number of entries that were checked.
    pub entries: u64,
    /// The first number that is there; retention removed those before it.
    pub first: u64,
    /// The last number.
    pub last: u64,
    /// The hash of the last entry. Noted down elsewhere, it shows later whether the log was cut short.
    pub hash: String,
    /// The first entry that does not fit, if there is one.
    pub broken: Option<ChainBreak>,
}

/// The place where the chain of the audit log breaks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChainBreak {
    /// The entry's number; 0 where no single entry is wrong.
    pub number: u64,
    /// What is wrong there.
    pub what: String,
}

/// Which notices. Fields that are empty match all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OutboxFilter {
    /// Only of receivers of this name; may have `*`.
    pub receiver: Option<String>,
    /// Receivers that are configured, as far as the caller knows them; a name that is neither among
    /// these nor in the outbox is refused.
    pub configured: Vec<String>,
    /// Only about the alert with this id.
    pub alert: Option<String>,
    /// Only those that were given up.
    pub dead: bool,
    /// At most this many; 0 for all.
    pub limit: usize,
    /// Only what comes after this, the `next` of the page before.
    pub cursor: Option<String>,
}

impl OutboxFilter {
    /// Returns the cursor that a list goes on with behind this notice.
    pub fn cursor(row: &UndeliveredNotice) -> String {
        row.id.to_string()
    }
}

/// A notice that is not delivered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UndeliveredNotice {
    /// Its number in the outbox.
    pub id: u64,
    /// Whether it is tried again.
    pub waiting: DeliveryState,
    /// Attempts so far.
    pub attempts: u32,
    /// Why the last attempt failed; empty if there was none.
    pub last_error: String,
    /// The notice.
    pub notice: Notice,
}

/// Whether a notice is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DeliveryState {
    /// It is tried at this time of the host's clock, or as soon as its receiver can take it.
    Until(u64),
    /// It was given up.
    Dead,
}
