//! Objects and groups as they are listed, and each with all about it.

use serde::{Deserialize, Serialize};

use crate::{
    change::PendingTransition,
    config::BadgeFormula,
    record::{Alert, Badge, BadgePoint, Object, SymptomState},
    undecided::UndecidedExpression,
    why::Why,
};

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
    pub undecided: Vec<UndecidedExpression>,
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
    pub undecided: Vec<UndecidedExpression>,
}

/// Badges of everything.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Badges {
    /// The formula that is configured.
    pub formula: BadgeFormula,
    /// Groups, by name.
    pub groups: Vec<GroupLine>,
    /// Objects, the worst first.
    pub objects: Vec<ObjectLine>,
}
