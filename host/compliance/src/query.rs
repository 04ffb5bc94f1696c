//! Questions about the book and their answers: the same for a running host, for the command line on
//! a store at rest, and for a platform.

mod decisions;
mod filter;
mod period;

use serde::{Deserialize, Serialize};

use crate::{
    change::PendingTransition,
    config::Formula,
    record::{Alert, Badge, BadgePoint, Matcher, Object, Silence, SymptomState},
    undecided::Undecided,
    why::Why,
};

pub use decisions::{
    BadgeChange, Effect, PolicyLine, Recipient, Regraded, RouteOutcome, RouteStep, Routing, SayLine, SilencePage,
};
pub use filter::{AlertFilter, AlertState, Matches, ObjectFilter, Waiting};
pub use period::Period;

/// A question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Query {
    /// Alerts, the worst first, then the latest.
    Alerts(AlertFilter),
    /// One alert by id or by a prefix that names one.
    Alert(String),
    /// What a filter matches, with the names in it that match nothing that is known.
    Matches(AlertFilter),
    /// Definitions that wait to open or to be cancelled, those whose time is up first; of the filter,
    /// what says something about objects, groups and definitions.
    Pending(AlertFilter),
    /// Who would be notified of an alert, by id or prefix, and why.
    Route(String),
    /// All policies in the order of evaluation.
    Policies,
    /// Silences that are in force or to come.
    Silences,
    /// One silence by id or by a prefix that names one, with what it matches.
    Silence(String),
    /// What a silence with these matchers would match now.
    Preview(Vec<Matcher>),
    /// Objects, by id.
    Objects(ObjectFilter),
    /// One object with all about it.
    Object(String),
    /// All groups with their badges.
    Groups,
    /// One group with its members.
    Group(String),
    /// The badge of everything: all groups, all objects.
    Badges,
    /// What would be decided about an alert of this name on this object, and why.
    Why {
        /// The object.
        object: String,
        /// A definition's name or `RULE/SYMPTOM`.
        alert: String,
    },
    /// What of inventory and configuration cannot be meant so.
    Findings,
    /// What an auditor wants to see of a group.
    Report {
        /// The group.
        group: String,
    },
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// To [`Query::Alerts`].
    Alerts(Vec<Alert>),
    /// To [`Query::Alert`].
    Alert(Box<Alert>),
    /// To [`Query::Matches`] and [`Query::Preview`].
    Matches(Box<Matches>),
    /// To [`Query::Pending`].
    Pending(Vec<Waiting>),
    /// To [`Query::Route`].
    Route(Box<Routing>),
    /// To [`Query::Policies`].
    Policies(Vec<PolicyLine>),
    /// To [`Query::Silences`].
    Silences(Vec<Silence>),
    /// To [`Query::Silence`].
    Silence(Box<SilencePage>),
    /// To [`Query::Objects`].
    Objects(Vec<ObjectLine>),
    /// To [`Query::Object`].
    Object(Box<ObjectPage>),
    /// To [`Query::Groups`].
    Groups(Vec<GroupLine>),
    /// To [`Query::Group`].
    Group(Box<GroupPage>),
    /// To [`Query::Badges`].
    Badges(Box<Badges>),
    /// To [`Query::Why`].
    Why(Box<Resolution>),
    /// To [`Query::Findings`]: a sentence each.
    Findings(Vec<String>),
    /// To [`Query::Report`].
    Report(Box<Report>),
}

/// An object in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectLine {
    /// The object.
    pub object: Object,
    /// Its groups.
    pub groups: Vec<String>,
    /// Its badge.
    pub badge: Badge,
    /// Its active symptoms, `RULE/SYMPTOM`.
    pub symptoms: Vec<String>,
}

/// All about an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ObjectPage {
    /// As in a list.
    #[serde(flatten)]
    pub line: ObjectLine,
    /// Objects that belong to it.
    pub children: Vec<String>,
    /// How it came into its groups.
    pub why: Why,
    /// Its symptoms, active or not. Their names, in the list's line, have the shorter key already.
    #[serde(rename = "symptom_states")]
    pub symptoms: Vec<SymptomState>,
    /// Its alerts, cancelled ones too.
    pub alerts: Vec<Alert>,
    /// Definitions that wait on it, to open or to be cancelled.
    #[serde(default)]
    pub pending: Vec<PendingTransition>,
    /// Its badge over time, oldest first.
    pub history: Vec<BadgePoint>,
    /// Expressions that cannot be decided on it.
    #[serde(default)]
    pub undecided: Vec<Undecided>,
}

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupLine {
    /// Its name.
    pub name: String,
    /// One line for a person.
    pub title: String,
    /// How many members it has.
    pub members: usize,
    /// How many of them have an open violation.
    pub violated: usize,
    /// Its badge.
    pub badge: Badge,
}

/// A group with its members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupPage {
    /// As in a list.
    #[serde(flatten)]
    pub line: GroupLine,
    /// Its members, by id.
    pub objects: Vec<ObjectLine>,
    /// Policies that hold in it, in the order in which they win.
    pub policies: Vec<String>,
    /// Its badge over time, oldest first.
    pub history: Vec<BadgePoint>,
    /// Its expressions that cannot be decided on some objects.
    #[serde(default)]
    pub undecided: Vec<Undecided>,
}

/// Badges of everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Badges {
    /// The formula that is configured.
    pub formula: Formula,
    /// Groups, by name.
    pub groups: Vec<GroupLine>,
    /// Objects, the worst first.
    pub objects: Vec<ObjectLine>,
}

/// How an alert stands on an object. Times are nanoseconds since 1970, event time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Standing {
    /// It is not evaluated on this object.
    NotEvaluated {
        /// Why not.
        because: String,
    },
    /// What it says does not hold.
    NotMet {
        /// What is missing.
        unmet: Vec<String>,
    },
    /// It holds, and waits to open.
    Waiting {
        /// Since when it has held.
        since_ns: u64,
        /// When it opens if it still holds.
        until_ns: u64,
    },
    /// It is open.
    Open {
        /// The alert's id.
        id: String,
        /// When it opened.
        since_ns: u64,
        /// It no longer holds, and is cancelled then if that stays so.
        ends_ns: Option<u64>,
        /// The silence that keeps it from being notified.
        silenced_by: Option<String>,
        /// The alert of the parent that is notified in its place.
        inhibited_by: Option<String>,
        /// Who acknowledged it.
        acknowledged: Option<String>,
        /// Receivers that know of it.
        notified: Vec<String>,
    },
    /// It holds, and a person cancelled it: it opens again at a new raise, or when it has ceased and holds again.
    CancelledByHand {
        /// The alert's id.
        id: String,
    },
    /// It holds, and there was no room for its alert.
    NoRoom,
    /// The book was not asked.
    #[default]
    Unasked,
}

/// What policy makes of an alert: of an open one what it is, of any other what it would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outlook {
    /// It counts against the object.
    #[default]
    Violation,
    /// It is fine here.
    Allowed,
    /// It is fine here if all symptoms that make it are allowed, and some that may are not.
    Depends,
    /// Neither: it is not evaluated here.
    NotEvaluated,
}

/// What is decided about an alert on an object, and what is so now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Resolution {
    /// The object.
    pub object: String,
    /// The definition's name or `RULE/SYMPTOM`.
    pub alert: String,
    /// It is evaluated here.
    pub enabled: bool,
    /// It is fine here, or would be if it opened.
    pub allowed: bool,
    /// How bad it is; of what is not open, if a policy or the definition says so.
    pub criticality: Option<lifesigns_model::Criticality>,
    /// Not better than this: so says a policy of a group of which it cannot be decided whether the
    /// object is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<lifesigns_model::Criticality>,
    /// Thresholds that policies override.
    pub thresholds: std::collections::BTreeMap<String, f64>,
    /// Recommendations, if a policy names them.
    pub recommendations: Option<Vec<String>>,
    /// Receivers, if a policy names them.
    pub receivers: Option<Vec<String>>,
    /// How it stands on the object now.
    pub state: Standing,
    /// What it is, or would be.
    pub outlook: Outlook,
    /// The rank of the policy that allows or forbids the name; 0 is the strongest.
    #[serde(skip)]
    pub(crate) allow_rank: Option<usize>,
    /// Why.
    pub why: Why,
    /// Expressions that cannot be decided on the object: of groups, and of this alert.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<Undecided>,
}

/// What an auditor wants to see of a group. What people see of it is rendered elsewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The group, with all its members.
    pub group: GroupPage,
    /// When it was made, on the host's clock.
    pub time_ns: u64,
    /// Each control with what speaks against it, by name.
    pub controls: Vec<Control>,
    /// Open violations, the worst first.
    pub findings: Vec<Alert>,
    /// Open alerts that are allowed, each with its why.
    pub exceptions: Vec<Alert>,
    /// Alerts that were cancelled, the latest first.
    pub resolved: Vec<Alert>,
    /// What happened in a period, if the report is over one; the rest is as of `time_ns`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period: Option<Period>,
}

/// A control and the alerts that show a breach of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// Such as `CIS-Docker-1.6:5.4`.
    pub id: String,
    /// Ids of open violations.
    pub violations: Vec<String>,
    /// Ids of open alerts that are allowed.
    pub exceptions: Vec<String>,
}
