//! Queries about the alert book and their answers: the same for a running host, for the command line on
//! a store at rest, and for embedding platforms.

mod decisions;
mod definitions;
mod filter;
mod lines;
mod page;
mod report;
mod resolution;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    record::Alert,
    silence::{Matcher, Silence},
};

pub use decisions::{
    BadgeChange, ConfigEffect, CriticalityChange, PolicyEntryLine, PolicyRow, Recipient, RouteOutcome, RouteStep,
    Routing, SilenceDetails,
};
pub use definitions::{ConditionRow, DefinitionRow};
pub use filter::{AlertFilter, AlertStateFilter, FilterMatches, ObjectFilter, PendingRow};
pub use lines::{Badges, GroupDetails, GroupRow, ObjectDetails, ObjectRow};
pub use page::AnswerPage;
pub use report::{ComplianceReport, Control, ReportPeriod};
pub use resolution::{EvaluationState, PolicyOutcome, Resolution};

/// A query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Query {
    /// Alerts, the worst first, then the latest.
    Alerts(AlertFilter),
    /// One alert by id or by a prefix that names one.
    Alert(String),
    /// What a filter matches, with the names in it that match nothing that is known.
    Matches(AlertFilter),
    /// Definitions that wait to open or to be cancelled, the first due ones first; of the filter, only the
    /// fields about objects, groups and definitions apply.
    Pending(AlertFilter),
    /// Which receivers would be notified of an alert, by id or prefix, and why.
    Route(String),
    /// All policies in the order of evaluation.
    Policies,
    /// Alert definitions, in the order of the configuration.
    Definitions,
    /// Silences that are in force or will be.
    Silences,
    /// One silence by id or by a prefix that names one, with what it matches.
    Silence(String),
    /// What a silence with these matchers would match now.
    Preview(Vec<Matcher>),
    /// Objects, by id.
    Objects(ObjectFilter),
    /// One object with all details.
    Object(String),
    /// All groups with their badges.
    Groups,
    /// One group with its members.
    Group(String),
    /// The badges of all groups and of objects, the worst first.
    Badges {
        /// The most objects; 0 for all.
        limit: usize,
    },
    /// What is or would be decided about an alert of this name on this object, and why.
    Why {
        /// The object.
        object: String,
        /// A definition's name or `RULE/SYMPTOM`.
        alert: String,
    },
    /// Parts of inventory and configuration that are probably mistakes.
    Findings,
    /// The compliance report of a group.
    Report {
        /// The group.
        group: String,
    },
}

/// The answer to a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum QueryAnswer {
    /// To [`Query::Alerts`].
    Alerts(Vec<Arc<Alert>>),
    /// To [`Query::Alert`].
    Alert(Box<Alert>),
    /// To [`Query::Matches`] and [`Query::Preview`].
    Matches(Box<FilterMatches>),
    /// To [`Query::Pending`].
    Pending(Vec<PendingRow>),
    /// To [`Query::Route`].
    Route(Box<Routing>),
    /// To [`Query::Policies`].
    Policies(Vec<PolicyRow>),
    /// To [`Query::Definitions`].
    Definitions(Vec<DefinitionRow>),
    /// To [`Query::Silences`].
    Silences(Vec<Silence>),
    /// To [`Query::Silence`].
    Silence(Box<SilenceDetails>),
    /// To [`Query::Objects`].
    Objects(Vec<ObjectRow>),
    /// To [`Query::Object`].
    Object(Box<ObjectDetails>),
    /// To [`Query::Groups`].
    Groups(Vec<GroupRow>),
    /// To [`Query::Group`].
    Group(Box<GroupDetails>),
    /// To [`Query::Badges`].
    Badges(Box<Badges>),
    /// To [`Query::Why`].
    Why(Box<Resolution>),
    /// To [`Query::Findings`]: one sentence each.
    Findings(Vec<String>),
    /// To [`Query::Report`].
    Report(Box<ComplianceReport>),
}
