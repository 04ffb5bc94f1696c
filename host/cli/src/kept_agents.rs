//! What a host knows of its agents goes into its record, so that it outlasts a restart: every few seconds, and at the end.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use lifesigns::{
    RecorderHandle,
    api::AgentStatus,
    record::{AgentChange, StoredAgent},
};
use lifesigns_ingest::{AgentRegistry, KnownAgentChange};

/// How often: a host that is killed knows agents as they were so long ago.
const EVERY: Duration = Duration::from_secs(10);

/// See the module.
pub(crate) struct AgentKeeper {
    agents: Arc<AgentRegistry>,
    kept: Instant,
}

/// Takes over what the record knows of agents.
pub(crate) fn restore(agents: &AgentRegistry, recorder: &RecorderHandle) {
    let stored = match recorder.agents() {
        Ok(stored) => stored,
        Err(error) => {
            tracing::warn!("what was known of agents cannot be read; the list fills as they report: {error}");
            return;
        }
    };
    let known = stored.into_iter().filter_map(|agent| serde_json::from_str::<AgentStatus>(&agent.report).ok());
    agents.restore(known.collect());
}

impl AgentKeeper {
    pub(crate) fn new(agents: Arc<AgentRegistry>) -> Self {
        Self { agents, kept: Instant::now() }
    }

    /// Keeps what has changed, if it is time.
    pub(crate) fn poll(&mut self, recorder: &RecorderHandle) {
        if self.kept.elapsed() >= EVERY {
            self.keep(recorder);
        }
    }

    /// Keeps what has changed.
    pub(crate) fn keep(&mut self, recorder: &RecorderHandle) {
        self.kept = Instant::now();
        let changes = self.agents.take_changes();
        if changes.is_empty() {
            return;
        }
        if let Err(error) = recorder.note_agents(changes.iter().map(stored).collect()) {
            tracing::debug!("what is known of agents is kept later: {error}");
            self.agents.put_back(changes);
        }
    }
}

fn stored(change: &KnownAgentChange) -> AgentChange {
    let name = change.name.clone();
    let Some(status) = &change.status else { return AgentChange::Forgotten(name) };
    let report = serde_json::to_string(status).unwrap_or_default();
    AgentChange::Seen(StoredAgent { name, seen_ns: status.seen_ns, report })
}
