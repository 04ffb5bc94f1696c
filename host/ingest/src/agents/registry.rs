//! The agents that a host knows, also from former runs, and the groups that they may be in.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
};

use parking_lot::{Mutex, MutexGuard};

use lifesigns_api::{AgentGroup, AgentList, AgentOrders, AgentReport, AgentStatus};
use lifesigns_model::{NS_PER_MS, SharedClock};
use lifesigns_text::suggestion;
use sha2::{Digest, Sha256};

/// Agents that are remembered; beyond it the one that was seen longest ago makes room.
const AGENTS: usize = AgentList::LIMIT;

/// See the module.
pub struct AgentRegistry {
    clock: SharedClock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    groups: Vec<NamedGroup>,
    agents: HashMap<String, KnownAgent>,
    /// Agents of which something is known that was not taken to be kept, and those that made room, which are not among
    /// the agents.
    changed: BTreeSet<String>,
    /// Agents that made room for others, since the start of the host.
    forgotten: u64,
}

/// What is known of an agent, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownAgentChange {
    /// Its name.
    pub name: String,
    /// What is known of it; `None` if it made room for others.
    pub status: Option<AgentStatus>,
}

struct NamedGroup {
    group: AgentGroup,
    etag: String,
}

struct KnownAgent {
    status: AgentStatus,
    /// When another agent reported under this name, and its instance.
    other: Option<(u64, String)>,
}

/// Who reports.
pub(crate) struct Reporter {
    pub(crate) name: String,
    pub(crate) token: String,
    pub(crate) address: Option<IpAddr>,
}

impl AgentRegistry {
    /// Returns a registry without groups.
    pub fn new(clock: SharedClock) -> Self {
        Self { clock, state: Mutex::default() }
    }

    /// Takes over what was known of agents before the host was started.
    pub fn restore(&self, known: Vec<AgentStatus>) {
        let mut state = self.lock();
        for status in known.into_iter().take(AGENTS) {
            let known = KnownAgent { status, other: None };
            state.agents.insert(known.status.name.clone(), known);
        }
    }

    /// Takes what has changed since the last call, to keep it. Sources of agents are left out: they are of the moment.
    pub fn take_changes(&self) -> Vec<KnownAgentChange> {
        let mut state = self.lock();
        let changed = std::mem::take(&mut state.changed);
        let status_of = |name: &str| {
            let mut status = state.agents.get(name)?.status.clone();
            status.report.sources.clear();
            Some(status)
        };
        changed.into_iter().map(|name| KnownAgentChange { status: status_of(&name), name }).collect()
    }

    /// Notes that changes which were taken could not be kept.
    pub fn put_back(&self, changes: Vec<KnownAgentChange>) {
        self.lock().changed.extend(changes.into_iter().map(|change| change.name));
    }

    /// Returns whether an agent may send about an object that is not itself: a group names it.
    pub(crate) fn may_name(&self, object: &str) -> bool {
        let state = self.lock();
        let mut files = state.groups.iter().flat_map(|named| &named.group.configuration.files);
        files.any(|files| files.object.as_deref() == Some(object))
    }

    /// Gives agents these groups from now on; each asks within seconds.
    pub fn set_groups(&self, groups: &[AgentGroup]) {
        let named = groups.iter().map(|group| NamedGroup { etag: etag(group), group: group.clone() });
        self.lock().groups = named.collect();
    }

    /// Notes a report, and returns what the agent is to do.
    pub(crate) fn take(&self, reporter: Reporter, report: AgentReport) -> AgentOrders {
        let now_ns = self.clock.now_ns();
        let mut state = self.lock();
        let poll_ms = state.poll_ms();
        let mut orders = AgentOrders { poll_ms, ..AgentOrders::default() };
        match state.group_of(&report) {
            Ok(found) => {
                orders.group = Some(found.group.name.clone());
                orders.etag.clone_from(&found.etag);
                if found.etag != report.etag {
                    orders.configuration = Some(found.group.configuration.clone());
                }
            }
            Err(why) => orders.why = why,
        }
        state.note(reporter, report, &orders, now_ns);
        orders
    }

    /// Returns all agents, by name.
    pub(crate) fn list(&self) -> AgentList {
        let now_ns = self.clock.now_ns();
        let state = self.lock();
        let all: BTreeMap<&String, &KnownAgent> = state.agents.iter().collect();
        let agents = all.into_values().map(|agent| agent.status.clone()).collect();
        let mut list = AgentList { agents, limit: AGENTS as u64, forgotten: state.forgotten };
        drop(state);
        list.note_away(now_ns);
        list
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }
}

impl State {
    fn poll_ms(&self) -> u64 {
        AgentList::poll_ms(self.agents.len())
    }

    /// Returns the group of an agent, or why there is none.
    fn group_of(&self, report: &AgentReport) -> Result<&NamedGroup, String> {
        let Some(name) = &report.group else {
            let found = self.groups.iter().find(|named| named.group.admits(report));
            return found.ok_or_else(|| "no [[agent-group]] admits this agent".to_owned());
        };
        let Some(named) = self.groups.iter().find(|named| named.group.name == *name) else {
            let meant = suggestion(name, self.groups.iter().map(|named| named.group.name.as_str()));
            return Err(format!("there is no [[agent-group]] \"{name}\"{meant}"));
        };
        if named.group.admits(report) {
            return Ok(named);
        }
        Err(format!("the [[agent-group]] \"{name}\" does not admit this agent: see its `hosts`, `os` and `tags`"))
    }

    fn note(&mut self, reporter: Reporter, report: AgentReport, orders: &AgentOrders, now_ns: u64) {
        let Reporter { name, token, address } = reporter;
        if self.agents.len() >= AGENTS && !self.agents.contains_key(&name) {
            let oldest = self.agents.iter().min_by_key(|(_, agent)| agent.status.seen_ns);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                tracing::warn!(agent = %oldest, "more than {AGENTS} agents; the one seen longest ago is not listed any longer");
                self.agents.remove(&oldest);
                self.forgotten += 1;
                self.changed.insert(oldest);
            }
        }
        self.changed.insert(name.clone());
        let known = self.agents.entry(name.clone());
        let known = known.or_insert_with(|| KnownAgent { status: AgentStatus::default(), other: None });
        let before = &known.status;
        // An agent that was set up again comes after the one before, and not in turns with it.
        let clashes = known.other.as_ref().is_some_and(|(seen_ns, instance)| {
            *instance == report.instance
                && before.report.instance != report.instance
                && now_ns.saturating_sub(*seen_ns) < AgentList::MISSED * AgentList::poll_ms(0) * NS_PER_MS
        });
        if !before.report.instance.is_empty() && before.report.instance != report.instance {
            known.other = Some((before.seen_ns, before.report.instance.clone()));
        }
        let problem = if orders.group.is_none() {
            orders.why.clone()
        } else if clashes {
            "another agent reports under this name: start one of them with another `--name`".to_owned()
        } else {
            String::new()
        };
        known.status = AgentStatus {
            name,
            group: orders.group.clone(),
            is_current: orders.group.is_some() && orders.configuration.is_none(),
            is_away: false,
            seen_ns: now_ns,
            address: address.map(|address| address.to_string()),
            token,
            problem,
            revoked_ns: None,
            refused_ns: None,
            report,
        };
    }
}

/// Names the configuration of a group by its content.
fn etag(group: &AgentGroup) -> String {
    let mut hash = Sha256::new();
    hash.update(group.name.as_bytes());
    hash.update([0]);
    hash.update(serde_json::to_vec(&group.configuration).unwrap_or_default());
    hex::encode(&hash.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lifesigns_api::AgentConfiguration;
    use lifesigns_model::ManualClock;

    use super::*;

    const SECOND: u64 = 1000 * NS_PER_MS;

    fn reporter(name: &str) -> Reporter {
        Reporter { name: name.into(), token: "token fleet".into(), address: None }
    }

    fn report(host: &str, group: Option<&str>, etag: &str) -> AgentReport {
        let (host, instance, etag) = (host.into(), host.into(), etag.into());
        AgentReport { host, instance, etag, group: group.map(str::to_owned), ..AgentReport::default() }
    }

    fn group(name: &str, hosts: &[&str], metrics_ms: Option<u64>) -> AgentGroup {
        let hosts = hosts.iter().map(ToString::to_string).collect();
        let configuration = AgentConfiguration { metrics_ms, ..AgentConfiguration::default() };
        AgentGroup { name: name.into(), hosts, configuration, ..AgentGroup::default() }
    }

    #[test]
    fn an_agent_gets_the_configuration_of_its_group_once_and_again_when_it_changes() {
        let registry = AgentRegistry::new(Arc::new(ManualClock::new(SECOND)));
        registry.set_groups(&[group("web", &["web-*"], Some(1)), group("all", &[], None)]);
        let orders = registry.take(reporter("web-1"), report("web-1", None, ""));
        assert_eq!(orders.group.as_deref(), Some("web"));
        assert_eq!(
            orders.configuration,
            Some(AgentConfiguration { metrics_ms: Some(1), ..AgentConfiguration::default() })
        );
        let again = registry.take(reporter("web-1"), report("web-1", None, &orders.etag));
        assert_eq!((again.configuration, &again.etag), (None, &orders.etag));
        assert!(registry.list().agents[0].is_current);
        registry.set_groups(&[group("web", &["web-*"], Some(2)), group("all", &[], None)]);
        let changed = registry.take(reporter("web-1"), report("web-1", None, &orders.etag));
        assert!(changed.configuration.is_some_and(|it| it.metrics_ms == Some(2)));
        assert_eq!(registry.take(reporter("db-1"), report("db-1", None, "")).group.as_deref(), Some("all"));
    }

    #[test]
    fn an_agent_without_a_group_learns_why() {
        let registry = AgentRegistry::new(Arc::new(ManualClock::new(SECOND)));
        registry.set_groups(&[group("web", &["web-*"], None)]);
        let why = |group| registry.take(reporter("db-1"), report("db-1", group, "")).why;
        assert_eq!(why(None), "no [[agent-group]] admits this agent");
        assert!(why(Some("wbe")).contains("web"), "{}", why(Some("wbe")));
        assert!(why(Some("web")).contains("does not admit"));
        assert!(registry.list().agents[0].problem.contains("does not admit"));
    }

    #[test]
    fn agents_are_bounded_away_and_told_apart() {
        let clock = Arc::new(ManualClock::new(SECOND));
        let shared: SharedClock = Arc::<ManualClock>::clone(&clock);
        let registry = AgentRegistry::new(shared);
        registry.set_groups(&[group("all", &[], None)]);
        for number in 0..AGENTS + 2 {
            clock.set(SECOND + number as u64);
            registry.take(reporter(&format!("vm-{number:05}")), report("vm", None, ""));
        }
        let AgentList { agents: all, forgotten, .. } = registry.list();
        assert_eq!(forgotten, 2);
        assert_eq!((all.len(), &*all[0].name), (AGENTS, "vm-00002"));
        assert!(all.iter().all(|agent| !agent.is_away && agent.problem.is_empty()));
        registry.take(reporter("vm-00007"), report("copy", None, ""));
        registry.take(reporter("vm-00007"), report("vm", None, ""));
        let listed = registry.list().agents;
        assert!(listed[5].problem.contains("another agent"), "{:?}", listed[5]);
        clock.set(3600 * 24 * SECOND);
        assert!(registry.list().agents.iter().all(|agent| agent.is_away));
    }

    #[test]
    fn what_is_known_is_kept_and_comes_back() {
        let clock = Arc::new(ManualClock::new(SECOND));
        let registry = AgentRegistry::new(Arc::<ManualClock>::clone(&clock));
        registry.set_groups(&[group("all", &[], None)]);
        registry.take(reporter("web-1"), AgentReport { sent_lines: 7, ..report("web-1", None, "") });
        let changes = registry.take_changes();
        assert_eq!((changes.len(), registry.take_changes().len()), (1, 0));
        registry.put_back(changes.clone());
        assert_eq!(registry.take_changes(), changes);
        let again = AgentRegistry::new(Arc::<ManualClock>::clone(&clock));
        again.restore(changes.into_iter().filter_map(|change| change.status).collect());
        clock.set(3600 * SECOND);
        let listed = again.list().agents;
        assert_eq!((listed.len(), listed[0].seen_ns, listed[0].report.sent_lines), (1, SECOND, 7));
        assert!(listed[0].is_away);
    }
}
