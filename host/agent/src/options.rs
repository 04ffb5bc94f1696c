//! What an agent is started with.

use std::{collections::BTreeMap, path::PathBuf};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// What an agent is started with. Everything else comes from its group.
#[derive(Clone, Debug)]
pub struct AgentOptions {
    /// The host, such as `https://lifesigns.example:9123`.
    pub server: String,
    /// The token itself, where there is no file of it.
    pub token: Option<String>,
    /// The file of the token, read again with each request.
    pub token_file: Option<PathBuf>,
    /// A token that enrols one agent, where there is no file of it.
    pub enrol_token: Option<String>,
    /// The file of such a token, read when the agent has to be enrolled.
    pub enrol_token_file: Option<PathBuf>,
    /// Certificates to trust in place of the system's.
    pub ca: Option<PathBuf>,
    /// The group to be in; default the first that admits the agent.
    pub group: Option<String>,
    /// The name of the agent, which is the object of what it sends.
    pub name: String,
    /// The name of the machine.
    pub host: String,
    /// Tags by which groups choose agents.
    pub tags: BTreeMap<String, String>,
    /// The folder of spool and state.
    pub state: PathBuf,
    /// The most bytes of the spool.
    pub spool_bytes: u64,
}

impl AgentOptions {
    /// Returns the path of the agent at its host.
    pub(crate) fn path(&self) -> String {
        format!("/api/v1/agents/{}", utf8_percent_encode(&self.name, NON_ALPHANUMERIC))
    }

    /// Whether there is a token to enrol the agent with.
    pub(crate) const fn can_enrol(&self) -> bool {
        self.enrol_token.is_some() || self.enrol_token_file.is_some()
    }

    /// Whether the agent shows a token that people gave it, and not credentials of its own.
    pub(crate) const fn has_token(&self) -> bool {
        self.token.is_some() || self.token_file.is_some()
    }
}
