//! Agents: the groups that give them what to collect, what they report, and what a host knows of them.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_compliance::Pattern;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Agents that are alike, and what they collect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentGroup {
    /// Its name, unique.
    pub name: String,
    /// Names of hosts, with `*`; empty for all.
    pub hosts: Vec<String>,
    /// Operating systems, such as `linux`; empty for all.
    pub os: Vec<String>,
    /// Tags that an agent was started with, all of them.
    pub tags: BTreeMap<String, String>,
    /// What its agents collect.
    pub configuration: AgentConfiguration,
}

/// What an agent collects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AgentConfiguration {
    /// Files, in order: the first entry that names a file decides how it is read.
    pub files: Vec<FileCollection>,
    /// The journal of systemd.
    pub journal: Option<JournalCollection>,
    /// How often the metrics and facts of the machine are sent, in milliseconds; `None` for never.
    pub metrics_ms: Option<u64>,
}

/// Files of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FileCollection {
    /// Its name, unique in its group.
    pub name: String,
    /// The folder, absolute; `*` and `?` stand for characters of one name.
    pub directory: String,
    /// Names of files, with `*` and `?`; empty for all.
    pub include: Vec<String>,
    /// Names of files that are left out.
    pub exclude: Vec<String>,
    /// Fields of each event.
    pub tags: BTreeMap<String, String>,
    /// A regular expression: a line that it finds begins an event, any other goes on with it.
    pub event_marker: Option<String>,
    /// The object of the events; default the name of the agent.
    pub object: Option<String>,
    /// Whether files that are there when an agent first has this entry are read from their ends.
    pub from_end: bool,
}

/// The journal of systemd.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct JournalCollection {
    /// Fields of each event.
    pub tags: BTreeMap<String, String>,
}

/// What an agent says of itself each time that it asks for its configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AgentReport {
    /// The version of its program.
    pub version: String,
    /// What was drawn when its state was made: another agent of the same name has another one.
    pub instance: String,
    /// The name of its machine.
    pub host: String,
    /// Its operating system: `linux`.
    pub os: String,
    /// Tags that it was started with.
    pub tags: BTreeMap<String, String>,
    /// The group that it asks for; without one the first that admits it.
    pub group: Option<String>,
    /// The configuration that it has in force.
    pub etag: String,
    /// The same, as it understands it.
    pub effective: AgentConfiguration,
    /// Bytes in its spool, not committed by the host yet.
    pub spool_bytes: u64,
    /// The most that its spool may have, in bytes.
    pub spool_limit_bytes: u64,
    /// How long the oldest of it has waited, in milliseconds.
    pub spool_age_ms: u64,
    /// Lines that the host has committed, since the agent's state was made.
    pub sent_lines: u64,
    /// Lines that the host has refused.
    pub refused_lines: u64,
    /// Lines that were longer than an event may be, and were cut.
    pub cut_lines: u64,
    /// Readings of metrics that were dropped because the spool was full.
    pub dropped_metrics: u64,
    /// Files of the spool that were damaged: they are kept beside it, and what was in them was not sent.
    pub damaged_segments: u64,
    /// What it reads; at most [`Self::SOURCES`].
    pub sources: Vec<AgentSource>,
    /// Files that it would read if they were fewer.
    pub files_left_out: u64,
    /// What is wrong now; empty if nothing is.
    pub problem: String,
}

impl AgentReport {
    /// Sources that are listed.
    pub const SOURCES: usize = 200;
}

/// A source of an agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AgentSource {
    /// The path, or `journald`, or `host`.
    pub name: String,
    /// What it does now.
    pub state: String,
    /// Bytes that are there and not in the spool yet, where that can be known.
    pub lag_bytes: Option<u64>,
    /// Times that something was not read, or may not have been.
    pub gaps: u64,
    /// Bytes that are known not to have been read.
    pub unread_bytes: u64,
}

/// What a host answers to a report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AgentOrders {
    /// The group that the agent is in; `None` if there is none for it.
    pub group: Option<String>,
    /// Names the configuration.
    pub etag: String,
    /// The configuration, unless the agent has it in force.
    pub configuration: Option<AgentConfiguration>,
    /// When to ask again, in milliseconds from now.
    pub poll_ms: u64,
    /// Why there is no group; empty if there is one.
    pub why: String,
}

/// An agent as a host knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AgentStatus {
    /// Its name, which is the object of what it sends.
    pub name: String,
    /// The group that it is in; `None` if there is none for it.
    pub group: Option<String>,
    /// Whether it has the configuration of its group in force.
    pub is_current: bool,
    /// Whether it has not asked for so long that it is taken to be away.
    pub is_away: bool,
    /// When it asked last, nanoseconds since the Unix epoch.
    pub seen_ns: u64,
    /// The address that it asked from, if it came by the network.
    pub address: Option<String>,
    /// The token that it showed.
    pub token: String,
    /// What is wrong with it as the host sees it; empty if nothing is.
    pub problem: String,
    /// When its credentials were revoked, nanoseconds since the Unix epoch; `None` if they are in force, or if it shows a
    /// token that is not its own.
    pub revoked_ns: Option<u64>,
    /// When it last showed credentials that were revoked, since the host was started.
    pub refused_ns: Option<u64>,
    /// What it reported last.
    pub report: AgentReport,
}

/// The agents that a host knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AgentList {
    /// All of them, by name.
    pub agents: Vec<AgentStatus>,
    /// How many it remembers; the one that was seen longest ago makes room for another.
    pub limit: u64,
    /// Agents that made room for others, since the host was started.
    pub forgotten: u64,
}

impl AgentList {
    /// How many agents are remembered.
    pub const LIMIT: usize = 10_000;
    /// How often an agent asks, in milliseconds, and for each agent beyond that how much more rarely.
    const POLL_MS: u64 = 3000;
    const POLL_MS_PER_AGENT: u64 = 20;
    /// The number of times that an agent has not asked when it is taken to be away.
    pub const MISSED: u64 = 4;

    /// Returns how often an agent asks where there are `count`, in milliseconds.
    pub fn poll_ms(count: usize) -> u64 {
        Self::POLL_MS.max(count as u64 * Self::POLL_MS_PER_AGENT)
    }

    /// Notes which agents have not asked for so long that they are taken to be away.
    pub fn note_away(&mut self, now_ns: u64) {
        let away_ns = Self::poll_ms(self.agents.len()) * Self::MISSED * 1_000_000;
        for agent in &mut self.agents {
            agent.is_away = now_ns.saturating_sub(agent.seen_ns) > away_ns;
        }
    }

    /// Notes whose credentials were revoked since the agent was seen last.
    pub fn note_revoked(&mut self, revoked: Vec<RevokedAgent>) {
        let revoked: BTreeMap<String, RevokedAgent> =
            revoked.into_iter().map(|agent| (agent.name.clone(), agent)).collect();
        for agent in &mut self.agents {
            if let Some(revoked) = revoked.get(&agent.name).filter(|revoked| revoked.revoked_ns >= agent.seen_ns) {
                (agent.revoked_ns, agent.refused_ns) = (Some(revoked.revoked_ns), revoked.refused_ns);
            }
        }
    }
}

/// An agent whose credentials were revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevokedAgent {
    /// Its name.
    pub name: String,
    /// When they were revoked, on the host's clock, nanoseconds since the Unix epoch.
    pub revoked_ns: u64,
    /// When it last showed them since, as far as the host was running.
    pub refused_ns: Option<u64>,
}

/// Finds the agents whose credentials were revoked and that have no others.
pub type RevokedAgents = Arc<dyn Fn() -> Vec<RevokedAgent> + Send + Sync>;

impl AgentGroup {
    /// Whether an agent that reports this may be in the group.
    pub fn admits(&self, report: &AgentReport) -> bool {
        let is_host = |pattern: &String| Pattern::from(pattern.as_str()).matches(&report.host);
        (self.hosts.is_empty() || self.hosts.iter().any(is_host))
            && (self.os.is_empty() || self.os.contains(&report.os))
            && self.tags.iter().all(|(name, value)| report.tags.get(name) == Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_admits_by_host_system_and_tags() {
        let tags =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        let group = AgentGroup {
            hosts: vec!["web-*".into(), "db-1".into()],
            os: vec!["linux".into()],
            tags: tags(&[("stage", "live")]),
            ..AgentGroup::default()
        };
        let report = |host: &str, os: &str, stage: &str| AgentReport {
            host: host.into(),
            os: os.into(),
            tags: tags(&[("stage", stage), ("room", "7")]),
            ..AgentReport::default()
        };
        assert!(group.admits(&report("web-7", "linux", "live")));
        assert!(group.admits(&report("db-1", "linux", "live")));
        assert!(!group.admits(&report("db-2", "linux", "live")));
        assert!(!group.admits(&report("web-7", "windows", "live")));
        assert!(!group.admits(&report("web-7", "linux", "lab")));
        assert!(AgentGroup::default().admits(&AgentReport::default()));
    }
}
