//! Which alerts, which objects, which silences' matchers: what filters say, and what they match.

use lifesigns_model::{Criticality, Impact};
use serde::{Deserialize, Serialize};

use crate::{change::PendingTransition, record::Alert};

/// Which alerts. Fields that are empty match all. Every name may have `*`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AlertFilter {
    /// Only of objects of this id.
    pub object: Option<String>,
    /// Only of members of groups of this name.
    pub group: Option<String>,
    /// Only of this definition, or `RULE/SYMPTOM` where no definition names the symptom.
    pub alert: Option<String>,
    /// Only those that this symptom makes, whatever the definition is called.
    pub symptom: Option<String>,
    /// Only those that show a breach of this control.
    pub control: Option<String>,
    /// Only those that belong to this person.
    pub owner: Option<String>,
    /// Only with this impact.
    pub impact: Option<Impact>,
    /// Exactly this bad.
    pub criticality: Option<Criticality>,
    /// At least this bad.
    pub at_least: Option<Criticality>,
    /// Only those in one of these states; if it is empty, open violations, with what `allowed` and
    /// `cancelled` add.
    pub states: Vec<AlertStateFilter>,
    /// Opened at or after this time, nanoseconds since 1970.
    pub since_ns: Option<u64>,
    /// Opened before this time, nanoseconds since 1970.
    pub until_ns: Option<u64>,
    /// Cancelled ones too.
    pub cancelled: bool,
    /// Allowed ones too.
    pub allowed: bool,
    /// At most so many; 0 for all.
    pub limit: usize,
}

/// A state to filter by. An alert can be in several: one that is silenced is also open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Over.
    Cancelled,
}

/// Which objects. Fields that are empty match all. Every name may have `*`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ObjectFilter {
    /// Only objects of this id.
    pub object: Option<String>,
    /// Only members of groups of this name.
    pub group: Option<String>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only those with this symptom active. "All VMs that run Docker" is this.
    pub symptom: Option<String>,
    /// Only those that no inventory names.
    pub discovered: bool,
}

/// What a filter or the matchers of a silence match now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FilterMatches {
    /// Known objects that its object and group parts match.
    pub objects: usize,
    /// Open alerts, allowed ones too, that all of it matches, the worst first.
    pub alerts: Vec<Alert>,
    /// Names in it that match nothing that is known, each in a sentence for a person.
    pub notes: Vec<String>,
}

/// A definition that holds, or has ceased to, and waits for its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PendingLine {
    /// What waits, since when, until when.
    #[serde(flatten)]
    pub pending: PendingTransition,
    /// The definition's one line for a person.
    pub title: String,
    /// The groups that the object is in.
    pub groups: Vec<String>,
    /// The alert that waits to be cancelled, if it is one.
    pub alert: Option<String>,
}
