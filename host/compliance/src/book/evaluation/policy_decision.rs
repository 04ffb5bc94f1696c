//! What policy decides about an alert on an object, without the why: small enough to be remembered.

use std::collections::BTreeMap;

use lifesigns_model::Criticality;

use crate::query::Resolution;

/// See [`Resolution`].
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PolicyDecision {
    pub(crate) enabled: bool,
    pub(crate) allowed: bool,
    /// The rank of the policy that allows or forbids the name; 0 is the strongest.
    pub(crate) allow_rank: Option<usize>,
    pub(crate) criticality: Option<Criticality>,
    /// The least criticality, whatever else says how bad it is.
    pub(crate) at_least: Option<Criticality>,
    /// The definition's thresholds, with those that policies override.
    pub(crate) thresholds: BTreeMap<String, f64>,
    pub(crate) receivers: Option<Vec<String>>,
    pub(crate) recommendations: Option<Vec<String>>,
}

impl PolicyDecision {
    /// Returns the decision of a resolution. `thresholds` are the definition's.
    pub(crate) fn of(resolution: Resolution, mut thresholds: BTreeMap<String, f64>) -> Self {
        thresholds.extend(resolution.thresholds);
        Self {
            enabled: resolution.enabled,
            allowed: resolution.allowed,
            allow_rank: resolution.allow_rank,
            criticality: resolution.criticality,
            at_least: resolution.at_least,
            thresholds,
            receivers: resolution.receivers,
            recommendations: resolution.recommendations,
        }
    }

    /// Returns whether a symptom with the decision `symptom` may allow an alert with this one: the symptom is
    /// allowed, by a policy that is stronger than the one that forbids the alert by its own name.
    pub(crate) fn is_allowed_by(&self, symptom: &Self) -> bool {
        let forbidden = self.allow_rank.filter(|_| !self.allowed);
        symptom.allowed && forbidden.is_none_or(|forbid| symptom.allow_rank.is_some_and(|allow| allow < forbid))
    }
}
