//! Tokens of the API as they are kept: hashes of their secrets, never the secrets.

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// Its name, which no other token has.
    pub name: String,
    /// The part of its text that finds it, which is no secret.
    pub id: String,
    /// SHA-256 of the secret part.
    pub hash: [u8; 32],
    /// Names of the roles of its bearer.
    pub roles: Vec<String>,
    /// Who made it.
    pub created_by: String,
    /// When, on the host's clock, nanoseconds since the Unix epoch.
    pub created_ns: u64,
    /// From when on it is refused; `None` for never.
    pub expires_ns: Option<u64>,
    /// The agent whose credentials it is, or that used it up to enrol.
    pub agent: Option<String>,
    /// When the credentials of an agent were revoked: they are kept, so that the agent learns it.
    pub revoked_ns: Option<u64>,
}

/// A change of the tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenChange {
    /// A token was made.
    Added(StoredToken),
    /// A token was used up, or the credentials of an agent were revoked; the token of this name is this from now on.
    Changed(StoredToken),
    /// The token of this name is gone.
    Revoked(String),
}
