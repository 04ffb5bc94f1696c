//! The printed why: which group, which policy, which line of which file, and what it overrode.

use serde::{Deserialize, Serialize};

use crate::config::ConfigLocation;

/// Why an alert is treated as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Why {
    /// The object's groups, and how it came into each.
    pub groups: Vec<Membership>,
    /// What was decided, one step a setting; a setting without a step is as the definition says.
    pub steps: Vec<Decision>,
}

/// How an object is a member of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// The group.
    pub group: String,
    /// Where the group is written.
    pub place: ConfigLocation,
    /// Such as `listed as "vm-*"`, `properties.env == "production"` or `member of "linux"`.
    pub how: String,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Such as `allow`, `criticality`, `threshold load`.
    pub setting: String,
    /// Such as `true`, `critical`, `8`.
    pub value: String,
    /// Who said so.
    pub by: PolicyStatement,
    /// Who else said something about it, and lost; in the order in which they would have won.
    pub overrode: Vec<PolicyStatement>,
}

/// A policy that said something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyStatement {
    /// The policy.
    pub policy: String,
    /// The group through which it holds for the object; `None`: it holds for all objects.
    pub group: Option<String>,
    /// What it said it about, as written.
    pub pattern: String,
    /// What it said.
    pub value: String,
    /// Where.
    pub place: ConfigLocation,
}
