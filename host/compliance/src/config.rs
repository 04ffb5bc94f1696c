//! What the operators decided, checked: groups, policies, alert definitions, routes. Each part
//! knows the place in the file that it came from, so that every decision can name it.

mod setting;

use std::{collections::BTreeMap, fmt, sync::Arc};

use lifesigns_model::{Criticality, Impact};
use serde::{Deserialize, Serialize};

use crate::pattern::Pattern;
pub use crate::zone::Zone;
pub use setting::PolicySetting;
pub(crate) use setting::SettingKind;

/// Where something was written. Displayed as `file:line:column`.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConfigLocation {
    /// The file, as the operator named it.
    pub file: Arc<str>,
    /// From 1; 0 for what was not written in a file.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

impl fmt::Display for ConfigLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str("built in"),
            line => write!(f, "{}:{line}:{}", self.file, self.column),
        }
    }
}

/// What is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct ConfigError {
    /// Where.
    pub place: ConfigLocation,
    /// What, and how to mend it.
    pub message: String,
}

impl ConfigError {
    pub(crate) fn new(place: &ConfigLocation, message: impl Into<String>) -> Self {
        Self { place: place.clone(), message: message.into() }
    }
}

/// Everything that the operators decided. Swapped whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComplianceConfig {
    /// Groups of objects.
    pub groups: Vec<Group>,
    /// What holds in groups, in the order of the files.
    pub policies: Vec<Policy>,
    /// Which symptoms and facts make an alert.
    pub definitions: Vec<AlertDefinition>,
    /// Who is told; tried in order.
    pub routes: Vec<Route>,
    /// How badges are computed.
    pub badge: BadgeFormula,
    /// An alert that is met again within this long after it was cancelled is reopened, in
    /// milliseconds of event time.
    pub reopen_ms: u64,
    /// A metric is no longer known after so long without a new sample, in milliseconds of event time; 0 for
    /// never. What an inventory says of it holds then, if it says anything.
    pub metrics_age_ms: u64,
    /// An open alert of the same definition on the object's parent keeps the child's from being told.
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
    /// The members of these groups are members too. No circles.
    pub groups: Vec<String>,
    /// Never members, whatever the rest says.
    pub exclude: Vec<Pattern>,
    /// Never members, by expression.
    pub exclude_when: Option<String>,
}

/// What holds in some groups. Of several policies that say something about the same setting of the
/// same alert, the one with the highest `priority` wins, then the first in the order of the files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// Unique, kebab-case.
    pub name: String,
    /// Where it is written.
    pub place: ConfigLocation,
    /// The groups it holds in; empty for all objects.
    pub groups: Vec<String>,
    /// Higher wins; 0 unless said.
    pub priority: i32,
    /// When it is in force; always if empty.
    pub hours: Vec<Hours>,
    /// The time zone of its hours; UTC unless said.
    pub zone: Zone,
    /// What it says, each about some alerts.
    pub says: Vec<PolicyEntry>,
}

/// One thing that a policy says about the alerts that `pattern` names: a definition's name,
/// `RULE/SYMPTOM`, or either with `*`.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyEntry {
    /// About which alerts.
    pub pattern: Pattern,
    /// What.
    pub setting: PolicySetting,
    /// Where it is written.
    pub place: ConfigLocation,
}

/// Hours of a week, in the time zone of their policy. `from` after `to` goes over midnight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Bit 0 is Monday, bit 6 Sunday; the day on which they begin.
    pub days: u8,
    /// Minute of the day, inclusive.
    pub from_minute: u16,
    /// Minute of the day, exclusive; 1440 is midnight.
    pub to_minute: u16,
}

/// Which symptoms and facts together make an alert.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertDefinition {
    /// Unique, kebab-case, without `/`.
    pub name: String,
    /// One line for a person.
    pub title: String,
    /// Where it is written.
    pub place: ConfigLocation,
    /// Only objects of these kinds; empty for all.
    pub kinds: Vec<String>,
    /// What must hold.
    pub when: AlertCondition,
    /// Numbers that conditions name as `threshold.NAME`, and that policies may override.
    pub thresholds: BTreeMap<String, f64>,
    /// It must hold for this long before the alert opens, in milliseconds of event time.
    pub wait_ms: u64,
    /// It must have ceased for this long before the alert is cancelled.
    pub cancel_ms: u64,
    /// How bad; `None` is `auto`: the worst active symptom.
    pub criticality: Option<Criticality>,
    /// What suffers; `None`: as the worst active symptom says.
    pub impact: Option<Impact>,
    /// What a person should do, in order. Empty: what the symptoms recommend.
    pub recommendations: Vec<String>,
    /// Controls that it shows a breach of, beside those of its symptoms.
    pub controls: Vec<String>,
}

impl AlertDefinition {
    /// Whatever has what must hold, at once, as bad as the symptoms say; all else is left unsaid.
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

/// What must hold for an alert.
#[derive(Clone, Debug, PartialEq)]
pub enum AlertCondition {
    /// All of these.
    All(Vec<AlertCondition>),
    /// Any of these.
    Any(Vec<AlertCondition>),
    /// At least so many of these.
    Count(usize, Vec<AlertCondition>),
    /// Not this.
    Not(Box<AlertCondition>),
    /// A symptom, `RULE/SYMPTOM` or with `*`, is active.
    Symptom(Pattern, Scope),
    /// An expression (CEL) over the facts holds; sees what a group's sees, and `threshold`.
    Fact(String, Scope),
}

/// Whose symptoms and facts a condition looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// The object's own.
    #[default]
    Own,
    /// Its parent's.
    Parent,
    /// Those of any of its children.
    Children,
}

/// How a badge's score is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BadgeFormula {
    /// By the worst open violation: 100 none, 75 warning (information costs nothing), 25
    /// immediate, 0 critical. A group is as its worst member.
    #[default]
    Worst,
    /// 100 − violated / total × 100, rounded down; of an object over the alerts known for it, of a
    /// group over its members.
    Share,
}

/// Who is told of which alerts. Conditions that are empty match all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Route {
    /// Where it is written.
    pub place: ConfigLocation,
    /// The object is in one of these groups.
    pub groups: Vec<String>,
    /// At least this bad.
    pub at_least: Option<Criticality>,
    /// The object's id.
    pub objects: Vec<Pattern>,
    /// The definition's name or `RULE/SYMPTOM`.
    pub alerts: Vec<Pattern>,
    /// Who is told. Empty: nobody; what matches here ends here.
    pub receivers: Vec<String>,
    /// Go on to the routes after it.
    pub go_on: bool,
    /// Routes that are tried within it first; only if none of them matches is it this route's.
    pub routes: Vec<Route>,
    /// How alerts are put together.
    pub grouping: Grouping,
}

/// How a receiver's alerts are put together into one message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grouping {
    /// Alerts that agree in all of these go into one message: `alert`, `object`, `group`,
    /// `criticality`, or an attribute's name. Empty: each alert is a message.
    pub by: Vec<String>,
    /// A new group's first message waits this long for company, in milliseconds.
    pub wait_ms: u64,
    /// Between two messages of one group.
    pub interval_ms: u64,
    /// Open alerts are told again after this long; 0 for never.
    pub repeat_ms: u64,
}
