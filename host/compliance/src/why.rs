//! Why an alert is treated as it is: which group, which policy, which line of which file, and what that
//! overrode.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::ConfigLocation;

/// Why an alert is treated as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Why {
    /// The object's groups, and how it became a member of each.
    pub groups: Vec<Membership>,
    /// The decisions, one for each setting; settings without one have the definition's value.
    pub steps: Vec<Decision>,
}

/// How an object is a member of a group.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Membership {
    /// The group.
    pub group: String,
    /// Where the group is written.
    pub place: ConfigLocation,
    /// Such as `listed as "vm-*"`, `properties.env == "production"` or `member of "linux"`.
    pub how: String,
}

/// The decision about one setting.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// Such as `allow`, `criticality`, `threshold load`.
    pub setting: String,
    /// Such as `true`, `critical`, `8`.
    pub value: String,
    /// The policy's statement that won.
    pub by: PolicyStatement,
    /// Statements about the same setting that lost, in the order in which they would have won.
    pub overrode: Vec<PolicyStatement>,
}

/// What one policy states about a setting of an alert.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct PolicyStatement {
    /// The policy.
    pub policy: String,
    /// The group through which the policy holds for the object; `None` if it holds for all objects.
    pub group: Option<String>,
    /// The alerts that the statement is about, as written.
    pub pattern: String,
    /// The value that it states.
    pub value: String,
    /// Where the statement is written.
    pub place: ConfigLocation,
}
