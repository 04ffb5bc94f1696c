//! What is decided about an alert on an object, and the state of the alert there.

use std::collections::BTreeMap;

use lifesigns_model::Criticality;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{config::PolicySetting, undecided::UndecidedExpression, why::Why};

/// The state of an alert on an object. Times are event time, in nanoseconds since the Unix epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum EvaluationState {
    /// It is not evaluated on this object.
    NotEvaluated {
        /// The reason.
        because: String,
    },
    /// The definition does not hold.
    NotMet {
        /// The parts of its condition that are not met.
        unmet: Vec<String>,
    },
    /// The definition holds, and waits to open.
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
        /// When it is cancelled unless the definition holds again; `None` while it holds.
        ends_ns: Option<u64>,
        /// The silence that suppresses its notifications.
        silenced_by: Option<String>,
        /// The alert of the parent that inhibits its notifications.
        inhibited_by: Option<String>,
        /// Who acknowledged it.
        acknowledged: Option<String>,
        /// Receivers that have been notified of it.
        notified: Vec<String>,
    },
    /// The definition holds, and a person cancelled the alert: it opens again at a new raise, or when the
    /// definition has ceased and holds again.
    CancelledByHand {
        /// The alert's id.
        id: String,
    },
    /// The definition holds, and there was no room for its alert.
    NoRoom,
    /// The state was not looked up.
    #[default]
    Unasked,
}

/// What policy decides about an alert: of an open one, what it is; of any other, what it would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PolicyOutcome {
    /// It counts against the object.
    #[default]
    Violation,
    /// It is allowed here.
    Allowed,
    /// It is allowed if all symptoms that make it are; some that can make it are not.
    Depends,
    /// It is not evaluated here.
    NotEvaluated,
}

/// What is decided about an alert on an object, and why, with the state of the alert.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resolution {
    /// The object.
    pub object: String,
    /// The definition's name or `RULE/SYMPTOM`.
    pub alert: String,
    /// Whether it is evaluated here.
    pub enabled: bool,
    /// Whether it is allowed here, or would be if it opened.
    pub allowed: bool,
    /// How bad it is. If it is not open, only a criticality of a policy or of the definition is known.
    pub criticality: Option<Criticality>,
    /// A lower bound of the criticality, from policies of groups of which it cannot be decided whether the
    /// object is in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Criticality>,
    /// Thresholds that policies override.
    pub thresholds: BTreeMap<String, f64>,
    /// Recommendations, if a policy names them.
    pub recommendations: Option<Vec<String>>,
    /// Receivers, if a policy names them.
    pub receivers: Option<Vec<String>>,
    /// The state of the alert on the object.
    pub state: EvaluationState,
    /// What policy decides about it.
    pub outlook: PolicyOutcome,
    /// The rank of the policy that allows or forbids the name; 0 is the strongest.
    #[serde(skip)]
    pub(crate) allow_rank: Option<usize>,
    /// Why it is decided so.
    pub why: Why,
    /// Expressions that cannot be decided on the object: of groups, and of this alert.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<UndecidedExpression>,
}

impl Resolution {
    /// Adopts the setting of the statement that won.
    pub(crate) fn decide(&mut self, setting: &PolicySetting) {
        match setting {
            PolicySetting::Allow(allow) => self.allowed = *allow,
            PolicySetting::Enable(enable) => self.enabled = *enable,
            PolicySetting::Criticality(criticality) => self.criticality = Some(*criticality),
            PolicySetting::Threshold(name, value) => drop(self.thresholds.insert(name.clone(), *value)),
            PolicySetting::Recommendations(texts) => self.recommendations = Some(texts.clone()),
            PolicySetting::Receivers(names) => self.receivers = Some(names.clone()),
        }
    }
}
