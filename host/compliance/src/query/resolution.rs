//! What is decided about an alert on an object, and the state of the alert there.

use std::collections::BTreeMap;

use lifesigns_model::Criticality;
use serde::{Deserialize, Serialize};

use crate::{config::PolicySetting, undecided::UndecidedExpression, why::Why};

/// How an alert stands on an object. Times are nanoseconds since 1970, event time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum EvaluationState {
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
pub enum PolicyOutcome {
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
    pub criticality: Option<Criticality>,
    /// Not better than this: so says a policy of a group of which it cannot be decided whether the
    /// object is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Criticality>,
    /// Thresholds that policies override.
    pub thresholds: BTreeMap<String, f64>,
    /// Recommendations, if a policy names them.
    pub recommendations: Option<Vec<String>>,
    /// Receivers, if a policy names them.
    pub receivers: Option<Vec<String>>,
    /// How it stands on the object now.
    pub state: EvaluationState,
    /// What it is, or would be.
    pub outlook: PolicyOutcome,
    /// The rank of the policy that allows or forbids the name; 0 is the strongest.
    #[serde(skip)]
    pub(crate) allow_rank: Option<usize>,
    /// Why.
    pub why: Why,
    /// Expressions that cannot be decided on the object: of groups, and of this alert.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undecided: Vec<UndecidedExpression>,
}

impl Resolution {
    /// Takes over what a policy that won says.
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
