//! Filters of alerts and objects, and what they match.

use std::sync::Arc;

use lifesigns_model::{Criticality, Impact};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{change::PendingTransition, record::Alert};

/// A filter of alerts. Empty fields match all alerts. Every name may have `*`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AlertFilter {
    /// The object's id.
    pub object: Option<String>,
    /// A group that the object is in.
    pub group: Option<String>,
    /// The definition's name, or `RULE/SYMPTOM` of a symptom that no definition names.
    pub alert: Option<String>,
    /// A symptom that makes the alert, by whichever definition.
    pub symptom: Option<String>,
    /// A control that the alert is a breach of.
    pub control: Option<String>,
    /// The person who owns the alert.
    pub owner: Option<String>,
    /// The impact.
    pub impact: Option<Impact>,
    /// The exact criticality.
    pub criticality: Option<Criticality>,
    /// The lowest criticality.
    pub at_least: Option<Criticality>,
    /// States, of which one must apply. If empty, open violations match, and those that `allowed` and
    /// `cancelled` add.
    pub states: Vec<AlertStateFilter>,
    /// Opened at or after this time, nanoseconds since 1970.
    pub since_ns: Option<u64>,
    /// Opened before this time, nanoseconds since 1970.
    pub until_ns: Option<u64>,
    /// Whether cancelled alerts match too.
    pub cancelled: bool,
    /// Whether allowed alerts match too.
    pub allowed: bool,
    /// The most alerts to return; 0 for all.
    pub limit: usize,
    /// Where the list goes on: the `next` of the page before.
    pub cursor: Option<String>,
}

/// A state to filter by. An alert can be in several: one that is silenced is also open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AlertStateFilter {
    /// Open and not allowed.
    Open,
    /// Open, not allowed, and acknowledged.
    Acknowledged,
    /// Open, not allowed, and not acknowledged.
    Unacknowledged,
    /// Open, not allowed, and silenced.
    Silenced,
    /// Open, not allowed, and inhibited by the alert of the parent.
    Inhibited,
    /// Open and allowed.
    Allowed,
    /// No longer open.
    Cancelled,
}

/// A filter of objects. Empty fields match all objects. Every name may have `*`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ObjectFilter {
    /// The object's id.
    pub object: Option<String>,
    /// A group that the object is in.
    pub group: Option<String>,
    /// The kind.
    pub kind: Option<String>,
    /// A symptom that is active on the object, as in "all VMs that run Docker".
    pub symptom: Option<String>,
    /// Whether only discovered objects match, which no inventory lists.
    pub discovered: bool,
    /// The most objects to return; 0 for all.
    pub limit: usize,
    /// Where the list goes on: the `next` of the page before.
    pub cursor: Option<String>,
}

/// The matches of a filter or of a silence.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FilterMatches {
    /// The number of known objects that its fields about objects and groups match.
    pub objects: usize,
    /// Open alerts that match, allowed ones too, the worst first.
    pub alerts: Vec<Arc<Alert>>,
    /// Names in it that match nothing that is known, one sentence each.
    pub notes: Vec<String>,
}

/// A definition that waits to open or to be cancelled, as it is listed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PendingRow {
    /// The transition that is pending.
    #[serde(flatten)]
    pub pending: PendingTransition,
    /// The definition's title.
    pub title: String,
    /// The groups that the object is in.
    pub groups: Vec<String>,
    /// The alert that waits to be cancelled; `None` if the definition waits to open.
    pub alert: Option<String>,
}
