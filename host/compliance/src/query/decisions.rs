//! Answers about the configuration: policies in their order, the routes that an alert takes, silences with
//! their matches, the effect of another configuration.

use lifesigns_model::Criticality;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::filter::FilterMatches;
use crate::{
    change::PendingTransition,
    config::{ConfigLocation, Grouping},
    record::{Alert, Badge, BadgeOwner},
    silence::Silence,
    why::PolicyStatement,
};

/// A policy in the order of evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyRow {
    /// Its name.
    pub name: String,
    /// Where it is written in the configuration.
    pub place: ConfigLocation,
    /// The groups it applies to; empty for all objects.
    pub groups: Vec<String>,
    /// Higher wins.
    pub priority: i32,
    /// When it is in force, such as `mon-fri 08:00-18:00`; empty for always.
    pub hours: Vec<String>,
    /// The time zone of its hours.
    pub zone: String,
    /// Whether it is in force now.
    pub in_force: bool,
    /// Its entries, in the order in which they win.
    #[serde(rename = "says")]
    pub entries: Vec<PolicyEntryLine>,
}

/// One entry of a policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PolicyEntryLine {
    /// The alerts that it applies to.
    pub pattern: String,
    /// The setting, such as `allow`, `criticality`, `threshold load`.
    pub setting: String,
    /// The value, such as `true`, `critical`, `8`.
    pub value: String,
    /// Where it is written in the configuration.
    pub place: ConfigLocation,
}

/// Which receivers would be notified of an alert as it is now, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Routing {
    /// The alert.
    pub alert: Alert,
    /// The routes, in the order in which they are tried.
    pub routes: Vec<RouteStep>,
    /// The policy that names receivers instead of the routes, if one does.
    pub instead: Option<PolicyStatement>,
    /// The receivers that are notified of it, unless something keeps the notification back.
    pub receivers: Vec<Recipient>,
    /// Why nothing is sent now, one sentence for each reason; empty if nothing keeps it back.
    pub kept_back: Vec<String>,
}

/// A route and the result of trying it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RouteStep {
    /// Where it is written in the configuration.
    pub place: ConfigLocation,
    /// How many routes it is nested in.
    pub depth: usize,
    /// The result.
    pub outcome: RouteOutcome,
    /// Its receivers.
    pub receivers: Vec<String>,
    /// Whether the routes after it are tried too.
    pub goes_on: bool,
}

/// The result of trying a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RouteOutcome {
    /// It matches, and its receivers are notified.
    Taken,
    /// It matches, and a route within it is taken instead.
    PassedOn,
    /// It does not match, for this reason.
    NoMatch(String),
    /// It is not tried: a route before it matched and does not continue.
    NotReached,
}

/// A receiver that is notified of an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recipient {
    /// Its name.
    pub receiver: String,
    /// The route that names it; `None` where a policy does and no route matches.
    pub route: Option<ConfigLocation>,
    /// How its alerts are grouped into messages.
    pub grouping: Grouping,
    /// When it was last notified that the alert is open, on the host's clock; `None` if it was not.
    pub notified_ns: Option<u64>,
    /// The alert of the object's parent that it is notified of instead.
    pub inhibited_by: Option<String>,
}

/// A silence with its matches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SilenceDetails {
    /// The silence.
    pub silence: Silence,
    /// Whether it is in force now.
    pub in_force: bool,
    /// What it matches now, in force or not.
    pub matches: FilterMatches,
}

/// The changes that another configuration would make if it came into force now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigEffect {
    /// The host's clock at which it was computed.
    pub time_ns: u64,
    /// Whether the configuration is the same as the one in force.
    pub same: bool,
    /// Violations that would open.
    pub opened: Vec<Alert>,
    /// Alerts that would be cancelled.
    pub cancelled: Vec<Alert>,
    /// Violations that would be allowed, and alerts that would open and be allowed.
    pub allowed: Vec<Alert>,
    /// Alerts that are allowed and would be violations.
    pub forbidden: Vec<Alert>,
    /// Violations that would be worse or better.
    pub changed: Vec<CriticalityChange>,
    /// Definitions that would begin to wait, to open or to be cancelled.
    pub waiting: Vec<PendingTransition>,
    /// Badges that would change, groups first.
    pub badges: Vec<BadgeChange>,
    /// Notifications that would be sent, by receiver.
    pub notices: Vec<(String, usize)>,
}

/// An alert whose criticality would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CriticalityChange {
    /// The criticality now.
    pub before: Criticality,
    /// The alert as it would be.
    pub alert: Alert,
}

/// A badge that would change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BadgeChange {
    /// Whether it is an object's or a group's.
    pub of: BadgeOwner,
    /// Its id or name.
    pub name: String,
    /// The badge now; `None` for a group that would be new.
    pub before: Option<Badge>,
    /// The badge then; `None` for a group that would be gone.
    pub after: Option<Badge>,
}
