//! Objects and groups as they are listed, and with all their details.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    change::PendingTransition,
    config::BadgeFormula,
    record::{Alert, Badge, BadgePoint, Object, SymptomState},
    undecided::UndecidedExpression,
    why::Why,
};

/// An object in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectRow {
    /// The object.
    pub object: Object,
    /// Its groups.
    pub groups: Vec<String>,
    /// Its badge.
    pub badge: Badge,
    /// Its active symptoms, `RULE/SYMPTOM`.
    pub symptoms: Vec<String>,
}

/// An object with all details.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ObjectDetails {
    /// The same as in a list.
    #[serde(flatten)]
    pub line: ObjectRow,
    /// Objects of which it is the parent.
    pub children: Vec<String>,
    /// How it became a member of its groups.
    pub why: Why,
    /// Its symptoms, active or not. The key `symptoms` is that of their names, in the list's line.
    #[serde(rename = "symptom_states")]
    pub symptoms: Vec<SymptomState>,
    /// Its alerts, including cancelled ones.
    pub alerts: Vec<Alert>,
    /// Definitions that wait to open or to be cancelled on it.
    #[serde(default)]
    pub pending: Vec<PendingTransition>,
    /// Its badge over time, oldest first.
    pub history: Vec<BadgePoint>,
    /// Expressions that cannot be decided on it.
    #[serde(default)]
    pub undecided: Vec<UndecidedExpression>,
}

/// A group in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupRow {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// The number of members.
    pub members: usize,
    /// The number of members with an open violation.
    pub violated: usize,
    /// Its badge.
    pub badge: Badge,
}

/// A group with its members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GroupDetails {
    /// The same as in a list.
    #[serde(flatten)]
    pub line: GroupRow,
    /// Its members, by id.
    pub objects: Vec<ObjectRow>,
    /// Policies that name it, in the order in which they win.
    pub policies: Vec<String>,
    /// Its badge over time, oldest first.
    pub history: Vec<BadgePoint>,
    /// Its expressions that cannot be decided on some objects.
    #[serde(default)]
    pub undecided: Vec<UndecidedExpression>,
}

/// The badges of all groups, and of objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Badges {
    /// The formula that is configured.
    pub formula: BadgeFormula,
    /// Groups, by name.
    pub groups: Vec<GroupRow>,
    /// Objects, the worst first.
    pub objects: Vec<ObjectRow>,
    /// The number of objects that a limit left out; none of them is worse.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: usize,
}

const fn is_zero(number: &usize) -> bool {
    *number == 0
}
