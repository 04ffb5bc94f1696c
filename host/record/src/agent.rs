//! What a host knows of its agents, as it is kept.

/// An agent as a host knew it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredAgent {
    /// Its name.
    pub name: String,
    /// When it reported last, on the host's clock, nanoseconds since the Unix epoch.
    pub seen_ns: u64,
    /// All else that is known of it, a JSON object.
    pub report: String,
}

/// A change of what is known of agents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentChange {
    /// An agent reported.
    Seen(StoredAgent),
    /// The agent of this name made room for others, or was removed.
    Forgotten(String),
}
