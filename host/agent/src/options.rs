//! What an agent is started with.

use std::{collections::BTreeMap, path::PathBuf};

/// What an agent is started with. Everything else comes from its group.
#[derive(Clone, Debug)]
pub struct AgentOptions {
    /// The host, such as `https://lifesigns.example:9123`.
    pub server: String,
    /// The token itself, where there is no file of it.
    pub token: Option<String>,
    /// The file of the token, read again with each request.
    pub token_file: Option<PathBuf>,
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
