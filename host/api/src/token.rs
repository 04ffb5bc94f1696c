//! Tokens: what is asked for, what is answered once, and what is listed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::RoleSet;

/// A token to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// Its name: 1 to 64 small letters, digits and `-`; no other token has it.
    #[schemars(regex(pattern = "^[a-z0-9-]{1,64}$"))]
    pub name: String,
    /// What its bearer may do; one role at least.
    #[schemars(extend("minItems" = 1))]
    pub roles: RoleSet,
    /// From when on it is refused, nanoseconds since 1970; `None` for never.
    #[serde(default)]
    pub expires_ns: Option<u64>,
}

/// A token, without its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenInfo {
    /// Its name.
    pub name: String,
    /// What its bearer may do.
    pub roles: RoleSet,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_ns: u64,
    /// From when on it is refused; `None` for never.
    pub expires_ns: Option<u64>,
    /// When it was last shown since the host started.
    #[serde(default)]
    pub used_ns: Option<u64>,
    /// The agent whose credentials it is; of a token of the role `enrol`, the agent that used it up.
    #[serde(default)]
    pub agent: Option<String>,
    /// When the credentials of an agent were revoked.
    #[serde(default)]
    pub revoked_ns: Option<u64>,
}

/// The credentials that an agent has drawn for itself, as it registers them: the secret stays with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentCredentials {
    /// The part that finds them, 16 hexadecimal digits.
    #[schemars(regex(pattern = "^[0-9a-f]{16}$"))]
    pub id: String,
    /// SHA-256 of the secret part, 64 hexadecimal digits.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub hash: String,
}

/// The text of a token: what finds it, and its secret.
pub const TOKEN_PREFIX: &str = "lifesigns";

/// Returns the text of a token.
pub fn token_text(id: &str, secret: &str) -> String {
    format!("{TOKEN_PREFIX}_{id}_{secret}")
}

/// A token that was made. Its text is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreatedToken {
    /// The text that its bearer sends.
    pub token: String,
    /// The rest.
    #[serde(flatten)]
    pub info: TokenInfo,
}

impl std::fmt::Debug for CreatedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatedToken").field("info", &self.info).finish_non_exhaustive()
    }
}
