//! The operators' configuration: groups, policies, alert definitions, routes. Each part carries its
//! location in the file, so that every decision can name it.

mod setting;

use std::{collections::BTreeMap, fmt, sync::Arc};

use lifesigns_model::{Criticality, Impact};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pattern::Pattern;
pub use crate::zone::Zone;
pub use setting::PolicySetting;
pub(crate) use setting::SettingKind;

/// Where a part of the configuration is written. Displayed as `file:line:column`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
pub struct ConfigLocation {
    /// The file, as the operator named it.
    pub file: Arc<str>,
    /// From 1; 0 for a built-in part, which is not written in a file.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

impl ConfigLocation {
    /// Returns what locations are ordered by.
    pub(crate) fn position(&self) -> (&str, u32, u32) {
        (&self.file, self.line, self.column)
    }
}

impl fmt::Display for ConfigLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str("built in"),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}

/// A mistake in a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ConfigError {
    /// The part that is wrong.
    pub place: ConfigLocation,
    /// What is wrong, and how to correct it.
    pub message: String,
}

impl ConfigError {
    pub(crate) fn new(place: &ConfigLocation, message: impl Into<String>) -> Self {
        Self { place: place.clone(), message: message.into() }
    }
}

/// The whole configuration. Immutable; replaced as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComplianceConfig {
    /// Groups of objects.
    pub groups: Vec<Group>,
    /// Policies, in the order of the files.
    pub policies: Vec<Policy>,
    /// Alert definitions, in the order of the files.
    pub definitions: Vec<AlertDefinition>,
    /// Which receivers are notified; tried in order.
    pub routes: Vec<Route>,
    /// How badges are computed.
    pub badge: BadgeFormula,
    /// An alert whose definition is met again within this time after it was cancelled is reopened, in
    /// milliseconds of event time.
    pub reopen_ms: u64,
    /// A metric expires after this time without a new sample, in milliseconds of event time; 0 for never.
    /// The inventory's value, if there is one, applies again from then on.
    pub metrics_age_ms: u64,
    /// An open alert of the same definition on the object's parent inhibits notifications of the child's.
    pub inhibit_by_parent: bool,
}

/// A group of objects.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Unique, kebab-case.
    pub name: String,
    /// One line for a person.
    pub title: String,
    /// Where it is written.
    pub place: ConfigLocation,
    /// Members by id; `*` stands for any run of characters.
    pub objects: Vec<Pattern>,
    /// Members by expression (CEL) over `id`, `kind`, `parent`, `tags`, `properties`, `metrics`.
    pub when: Option<String>,
    /// The members of these groups are members too. Cycles are a mistake.
    pub groups: Vec<String>,
    /// Ids that are never members, whatever the other keys say.
    pub exclude: Vec<Pattern>,
    /// Objects that are never members, by expression.
    pub exclude_when: Option<String>,
}

/// Settings for alerts on the objects of some groups. Of several policies that decide the same setting
/// of the same alert, the one with the highest `priority` wins, then the first in the order of the files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Unique, kebab-case.
    pub name: String,
    /// Where it is written.
    pub place: ConfigLocation,
    /// The groups it holds in; empty for all objects.
    pub groups: Vec<String>,
    /// Higher wins; 0 by default.
    pub priority: i32,
    /// When it is in force; always if empty.
    pub hours: Vec<Hours>,
    /// The time zone of its hours; UTC by default.
    pub zone: Zone,
    /// What it sets, each entry for some alerts.
    pub entries: Vec<PolicyEntry>,
}

/// A setting that a policy makes for the alerts that `pattern` matches: a definition's name,
/// `RULE/SYMPTOM`, or either with `*`.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyEntry {
    /// The alerts that it applies to.
    pub pattern: Pattern,
    /// The setting and its value.
    pub setting: PolicySetting,
    /// Where it is written.
    pub place: ConfigLocation,
}

/// Hours of a week, in the time zone of their policy. A `from` after `to` crosses midnight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The days on which the hours begin: bit 0 is Monday, bit 6 Sunday.
    pub days: u8,
    /// Minute of the day, inclusive.
    pub from_minute: u16,
    /// Minute of the day, exclusive; 1440 is midnight.
    pub to_minute: u16,
}

/// Symptoms and facts that together make an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertDefinition {
    /// Unique, kebab-case, without `/`.
    pub name: String,
    /// One line for a person.
    pub title: String,
    /// Where it is written.
    pub place: ConfigLocation,
    /// The kinds of objects it applies to; empty for all.
    pub kinds: Vec<String>,
    /// The condition that must hold.
    pub when: AlertCondition,
    /// Numbers that conditions refer to as `threshold.NAME` and that policies may override.
    pub thresholds: BTreeMap<String, f64>,
    /// The condition must hold for this long before the alert opens, in milliseconds of event time.
    pub wait_ms: u64,
    /// The condition must have ceased for this long before the alert is cancelled, in milliseconds of
    /// event time.
    pub cancel_ms: u64,
    /// How bad the alert is; `None` is `auto`: as bad as the worst active symptom.
    pub criticality: Option<Criticality>,
    /// What the alert affects; `None`: as the worst active symptom says.
    pub impact: Option<Impact>,
    /// Recommendations, in order. If empty, those of the symptoms apply.
    pub recommendations: Vec<String>,
    /// Controls that the alert is a breach of, in addition to those of its symptoms.
    pub controls: Vec<String>,
}

impl AlertDefinition {
    /// Creates a definition that opens an alert at once on any object on which `when` holds, as bad as the
    /// symptoms say. All other fields have their defaults.
    pub fn new(name: impl Into<String>, when: AlertCondition) -> Self {
        Self {
            name: name.into(),
            title: String::new(),
            place: ConfigLocation::default(),
            kinds: Vec::new(),
            when,
            thresholds: BTreeMap::new(),
            wait_ms: 0,
            cancel_ms: 0,
            criticality: None,
            impact: None,
            recommendations: Vec::new(),
            controls: Vec::new(),
        }
    }
}

/// A condition of an alert definition.
#[derive(Clone, Debug, PartialEq)]
pub enum AlertCondition {
    /// All of these hold.
    All(Vec<AlertCondition>),
    /// At least one of these holds.
    Any(Vec<AlertCondition>),
    /// At least this number of these hold.
    Count(usize, Vec<AlertCondition>),
    /// This does not hold.
    Not(Box<AlertCondition>),
    /// A symptom, `RULE/SYMPTOM` or with `*`, is active.
    Symptom(Pattern, Scope),
    /// An expression (CEL) over the facts holds; it has the variables of a group's expression, and
    /// `threshold`.
    Fact(String, Scope),
}

/// The objects whose symptoms and facts a condition refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The object itself.
    #[default]
    Own,
    /// The object's parent.
    Parent,
    /// Any of the object's children.
    Children,
}

/// How a badge's score is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BadgeFormula {
    /// By the worst open violation: 100 none, 75 warning (information costs nothing), 25
    /// immediate, 0 critical. A group has the score of its worst member.
    #[default]
    Worst,
    /// 100 − violated / total × 100, rounded down: for an object over the alerts known for it, for a
    /// group over its members.
    Share,
}

/// Which receivers are notified of which alerts. Empty conditions match all alerts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// Where it is written.
    pub place: ConfigLocation,
    /// Matches objects in one of these groups.
    pub groups: Vec<String>,
    /// Matches alerts that are at least this bad.
    pub at_least: Option<Criticality>,
    /// Matches the object's id.
    pub objects: Vec<Pattern>,
    /// Matches the definition's name or `RULE/SYMPTOM`.
    pub alerts: Vec<Pattern>,
    /// Receivers to notify. If empty, none is notified of the alerts that match.
    pub receivers: Vec<String>,
    /// Whether the routes after this one are tried too.
    pub go_on: bool,
    /// Routes within this one, which are tried first. This route's receivers are notified only if none of
    /// them matches.
    pub routes: Vec<Route>,
    /// How alerts are grouped into messages.
    pub grouping: Grouping,
}

/// How a receiver's alerts are grouped into messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Grouping {
    /// Alerts that agree in all of these go into one message: `alert`, `object`, `group`,
    /// `criticality`, or an attribute's name. If empty, each alert is a message of its own.
    pub by: Vec<String>,
    /// How long the first message of a new group waits for further alerts, in milliseconds.
    pub wait_ms: u64,
    /// The shortest time between two messages of one group, in milliseconds.
    pub interval_ms: u64,
    /// Receivers are notified again of open alerts after this time, in milliseconds; 0 for never.
    pub repeat_ms: u64,
}
