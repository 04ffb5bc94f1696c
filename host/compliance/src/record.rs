//! What the book keeps: objects, symptoms, alerts, badges. Plain data, which a store writes as it is here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use lifesigns_model::{Criticality, Impact, ObjectFacts};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    evidence::EvidenceExcerpt,
    shared_text::{SharedList, SharedText},
    text_map::TextMap,
    undecided::FailedExpression,
    why::Why,
};

/// How many notes an alert keeps.
pub const ALERT_NOTES: usize = 100;

/// A symptom of one rule on one object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SymptomState {
    /// The object.
    pub object: SharedText,
    /// `RULE/SYMPTOM`.
    pub name: SharedText,
    /// One line for a person.
    pub title: SharedText,
    /// How bad the rule says it is.
    pub criticality: Criticality,
    /// What suffers.
    pub impact: Impact,
    /// What a person should do; may be empty.
    pub recommendation: SharedText,
    /// Controls such as `CIS-Docker-1.6:5.4`.
    pub controls: SharedList<String>,
    /// Clears by itself after this long without a raise; 0 for never.
    pub hold_ms: u64,
    /// The rule raised it, and it has not ended.
    pub active: bool,
    /// Since when it has been active or inactive (event time).
    pub since_ns: u64,
    /// The last raise or clear (event time).
    pub last_ns: u64,
    /// Raises since it became active.
    pub count: u64,
    /// The rule's one line at the last raise.
    pub summary: SharedText,
    /// The rule's details at the last raise.
    pub attributes: SharedList<(String, String)>,
    /// `sha256:…` of the module that raised it last.
    pub module: SharedText,
    /// The lines that show it, since it became active.
    pub shown: EvidenceExcerpt,
    /// Fingerprints of the last raises and clears, so that a line that is read twice counts once.
    pub recent: Vec<u64>,
    /// Why it ended; `None` while it is active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndCause>,
    /// The host's clock at the last raise; 0 where there was none.
    #[serde(default)]
    pub heard_ns: u64,
}

/// Whether an alert is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertStatus {
    /// Its definition holds, or waits to be cancelled.
    Open,
    /// It is over.
    Cancelled,
}

/// Why an alert was cancelled, or no longer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EndCause {
    /// The rule cleared its symptom.
    Clear,
    /// The symptom was not raised again within its hold time.
    Hold,
    /// A fact changed.
    Fact,
    /// The configuration changed: a policy, a group or the definition.
    Policy,
    /// A person ended it.
    Hand,
    /// The rule of its symptom is gone: removed, renamed or disabled.
    RuleRemoved,
    /// A metric was not reported again within its age.
    MetricExpired,
    /// Its object was forgotten.
    ObjectForgotten,
}

/// A person and a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Signature {
    /// The person's name.
    pub who: String,
    /// The time, on the host's clock.
    pub time_ns: u64,
}

/// A note of a person on an alert.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Note {
    /// The author and the time.
    #[serde(flatten)]
    pub by: Signature,
    /// The note.
    pub text: String,
}

/// One definition met on one object. Its `id` is derived from definition, object and the event that
/// opened it: the same input twice makes no second alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Alert {
    /// 16 hexadecimal digits.
    pub id: String,
    /// The definition's name, or `RULE/SYMPTOM` of a symptom that no definition uses.
    pub definition: SharedText,
    /// One line for a person.
    pub title: SharedText,
    /// The object.
    pub object: SharedText,
    /// Whether it is open.
    pub status: AlertStatus,
    /// Policy allows it here: it counts as compliant and is not notified, but stays visible.
    pub allowed: bool,
    /// How bad it is, after policy.
    pub criticality: Criticality,
    /// What suffers.
    pub impact: Impact,
    /// When it opened (event time of the symptom or fact that completed it).
    pub opened_ns: u64,
    /// The last event that counted (event time).
    pub last_ns: u64,
    /// When it was cancelled (event time).
    pub cancelled_ns: Option<u64>,
    /// Why it was cancelled, or is allowed now and was not before.
    pub cause: Option<EndCause>,
    /// The number of raises of its symptoms.
    pub count: u64,
    /// How often it was reopened.
    pub reopened: u32,
    /// `RULE/SYMPTOM` of the symptoms that make it now.
    pub symptoms: SharedList<String>,
    /// The worst symptom's one line.
    pub summary: SharedText,
    /// The worst symptom's details.
    pub attributes: SharedList<(String, String)>,
    /// What a person should do, in order.
    pub recommendations: SharedList<String>,
    /// Controls that it is a breach of.
    pub controls: SharedList<String>,
    /// The lines that show it.
    pub shown: EvidenceExcerpt,
    /// The groups that the object is in.
    pub groups: SharedList<String>,
    /// Those of `groups` of which it cannot be decided whether the object is in them, because an expression fails
    /// on the object.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uncertain_groups: Vec<String>,
    /// The expression because of which it cannot be decided whether the definition holds; the alert is open
    /// because of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undecided: Option<FailedExpression>,
    /// Why it is allowed or not, and as bad as it is.
    pub why: Arc<Why>,
    /// The person who acknowledged it, and when.
    pub acknowledged: Option<Signature>,
    /// The person it belongs to.
    pub owner: Option<String>,
    /// Notes of people; at most [`ALERT_NOTES`], the oldest are dropped.
    pub notes: Vec<Note>,
    /// The silence that keeps it from being notified.
    pub silenced_by: Option<String>,
    /// The alert of the parent that is notified in its place.
    pub inhibited_by: Option<String>,
    /// Changes of this alert so far; numbers its notices.
    pub revision: u64,
    /// Receivers that were notified that it is open and not yet that it is over.
    #[serde(rename = "told")]
    pub notified: BTreeMap<String, Notified>,
    /// Its definition has ceased to hold since it was cancelled. An alert that a person cancelled may open again
    /// only then, or at a new raise.
    #[serde(default)]
    pub ceased: bool,
}

/// What a receiver knows of an open alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "NotifiedForm")]
pub struct Notified {
    /// When it was notified last, on the host's clock where there is one, else event time.
    pub last_ns: u64,
    /// The alert's revision when it was notified first.
    pub first_revision: u64,
    /// The alert's revision when it was notified last.
    pub last_revision: u64,
    /// How bad it was then; `None` if that notice was withheld.
    pub criticality: Option<Criticality>,
    /// Its notices since the first that were not withheld: it has them, or they wait to be sent.
    pub notices: u64,
}

/// [`Notified`] as it is written, also by earlier hosts: these wrote only the time.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum NotifiedForm {
    Time(u64),
    Known {
        last_ns: u64,
        first_revision: u64,
        last_revision: u64,
        criticality: Option<Criticality>,
        #[serde(default = "uncounted")]
        notices: u64,
    },
}

/// Returns the number of notices where a host wrote the alert that did not count them: more than can be withheld.
const fn uncounted() -> u64 {
    u64::MAX
}

impl From<NotifiedForm> for Notified {
    fn from(form: NotifiedForm) -> Self {
        match form {
            NotifiedForm::Time(last_ns) => {
                Self { last_ns, first_revision: 0, last_revision: 0, criticality: None, notices: uncounted() }
            }
            NotifiedForm::Known { last_ns, first_revision, last_revision, criticality, notices } => {
                Self { last_ns, first_revision, last_revision, criticality, notices }
            }
        }
    }
}

impl Alert {
    /// Returns whether it counts against the object: open, and not allowed.
    pub fn is_violation(&self) -> bool {
        self.status == AlertStatus::Open && !self.allowed
    }
}

/// An object as it is known now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Object {
    /// Its id, as logs name it.
    pub id: SharedText,
    /// `vm`, `host`, `container` or free text.
    pub kind: Option<SharedText>,
    /// The object that it belongs to.
    pub parent: Option<SharedText>,
    /// Properties and when they were last reported; a removed one is kept as `None`, so that a late line
    /// does not bring it back. They are shared, because copies of an object mostly differ in its last event.
    pub properties: Arc<TextMap<Fact<Option<String>>>>,
    /// Metrics: the last sample.
    pub metrics: TextMap<Fact<f64>>,
    /// Metrics that are no longer known, because no new sample came in time: their last samples.
    #[serde(default, skip_serializing_if = "TextMap::is_empty")]
    pub stale: TextMap<Fact<f64>>,
    /// No inventory names it: it is known from events only.
    pub discovered: bool,
    /// The time of its first event.
    pub first_ns: u64,
    /// The time of its last event.
    pub last_ns: u64,
    /// When the kind was last reported (event time).
    #[serde(default)]
    pub kind_ns: u64,
    /// When the parent was last reported (event time).
    #[serde(default)]
    pub parent_ns: u64,
    /// Its entry in the inventory that was read last; empty if it has none.
    #[serde(default, rename = "inventory")]
    pub listed: Arc<InventoryEntry>,
}

/// The entry of an object in the inventory that was read last: only what differs from it in the next
/// inventory is applied.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct InventoryEntry {
    /// The kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<SharedText>,
    /// The parent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<SharedText>,
    /// Properties; `None` removes one.
    #[serde(default, skip_serializing_if = "TextMap::is_empty")]
    pub properties: TextMap<Option<String>>,
    /// Metrics; all of them finite.
    #[serde(default, skip_serializing_if = "TextMap::is_empty")]
    pub metrics: TextMap<f64>,
    /// Other names, in order.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub aliases: BTreeSet<String>,
}

impl InventoryEntry {
    /// Returns the entry as facts of an object.
    pub(crate) fn facts(&self, object: &str, time_ns: u64) -> ObjectFacts {
        ObjectFacts {
            object: object.to_owned(),
            time_ns,
            kind: self.kind.as_deref().map(str::to_owned),
            parent: self.parent.as_deref().map(str::to_owned),
            properties: self.properties.iter().map(|(name, value)| (name.clone(), value.clone())).collect(),
            metrics: self.metrics.iter().map(|(name, value)| (name.clone(), *value)).collect(),
            aliases: self.aliases.iter().cloned().collect(),
        }
    }

    /// Returns whether `before` states a kind, a parent, a property or another name of which this states nothing.
    pub(crate) fn lacks_facts_of(&self, before: &Self) -> bool {
        (before.kind.is_some() && self.kind.is_none())
            || (before.parent.is_some() && self.parent.is_none())
            || before.properties.keys().any(|name| !self.properties.contains_key(name))
            || !before.aliases.is_subset(&self.aliases)
    }
}

/// A value and the event time at which it was last reported.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// When it was last reported; older reports do not change it.
    pub time_ns: u64,
}

/// The compliance badge of an object or a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Badge {
    /// The configured formula's score, 0 to 100.
    pub score: u8,
    /// The score by the worst violation, 0 to 100.
    pub worst: u8,
    /// The score by the share of violations, 0 to 100.
    pub share: u8,
    /// Open violations.
    pub violations: u32,
    /// Open alerts that are allowed.
    pub allowed: u32,
}

/// A badge that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BadgePoint {
    /// Whether it is an object's or a group's.
    pub of: BadgeOwner,
    /// The object's id or the group's name.
    pub name: String,
    /// When it changed (event time, or the host's clock where no event changed it).
    pub time_ns: u64,
    /// The badge from then on.
    pub badge: Badge,
}

/// What has a badge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BadgeOwner {
    /// An object.
    Object,
    /// A group.
    Group,
}
