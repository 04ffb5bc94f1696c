//! Alert definitions as they are listed.

use std::collections::BTreeMap;

use lifesigns_model::{Criticality, Impact};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    config::{AlertCondition, AlertDefinition, ConfigLocation, Scope},
    pattern::Pattern,
};

/// An alert definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DefinitionRow {
    /// Its name.
    pub name: String,
    /// One line for a person.
    pub title: String,
    /// Where it is written in the configuration.
    pub place: ConfigLocation,
    /// The kinds of objects it applies to; empty for all.
    pub kinds: Vec<String>,
    /// The condition that must hold.
    pub when: ConditionRow,
    /// Numbers that conditions refer to and that policies may override.
    pub thresholds: BTreeMap<String, f64>,
    /// The condition must hold for this long before the alert opens, in milliseconds of event time.
    pub wait_ms: u64,
    /// The condition must have ceased for this long before the alert is cancelled, in milliseconds of event time.
    pub cancel_ms: u64,
    /// How bad the alert is; `None`: as bad as the worst active symptom.
    pub criticality: Option<Criticality>,
    /// What the alert affects; `None`: as the worst active symptom says.
    pub impact: Option<Impact>,
    /// Recommendations, in order; if empty, those of the symptoms apply.
    pub recommendations: Vec<String>,
    /// Controls that the alert is a breach of, in addition to those of its symptoms.
    pub controls: Vec<String>,
}

/// A condition of an alert definition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ConditionRow {
    /// All of these hold.
    All(Vec<ConditionRow>),
    /// At least one of these holds.
    Any(Vec<ConditionRow>),
    /// At least a number of these hold.
    Count {
        /// That number.
        least: usize,
        /// The conditions.
        of: Vec<ConditionRow>,
    },
    /// This does not hold.
    Not(Box<ConditionRow>),
    /// A symptom is active.
    Symptom {
        /// `RULE/SYMPTOM`, or with `*`.
        name: Pattern,
        /// On which object.
        on: Scope,
    },
    /// An expression over the facts holds.
    Fact {
        /// The expression.
        expression: String,
        /// Over the facts of which object.
        on: Scope,
    },
}

impl From<&AlertDefinition> for DefinitionRow {
    fn from(definition: &AlertDefinition) -> Self {
        Self {
            name: definition.name.clone(),
            title: definition.title.clone(),
            place: definition.place.clone(),
            kinds: definition.kinds.clone(),
            when: ConditionRow::from(&definition.when),
            thresholds: definition.thresholds.clone(),
            wait_ms: definition.wait_ms,
            cancel_ms: definition.cancel_ms,
            criticality: definition.criticality,
            impact: definition.impact,
            recommendations: definition.recommendations.clone(),
            controls: definition.controls.clone(),
        }
    }
}

impl From<&AlertCondition> for ConditionRow {
    fn from(condition: &AlertCondition) -> Self {
        let rows = |all: &[AlertCondition]| all.iter().map(Self::from).collect();
        match condition {
            AlertCondition::All(all) => Self::All(rows(all)),
            AlertCondition::Any(all) => Self::Any(rows(all)),
            AlertCondition::Count(least, of) => Self::Count { least: *least, of: rows(of) },
            AlertCondition::Not(one) => Self::Not(Box::new(Self::from(&**one))),
            AlertCondition::Symptom(name, on) => Self::Symptom { name: name.clone(), on: *on },
            AlertCondition::Fact(expression, on) => Self::Fact { expression: expression.clone(), on: *on },
        }
    }
}
