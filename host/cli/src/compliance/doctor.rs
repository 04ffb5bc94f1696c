//! `lifesigns doctor`: looks configuration, store and host over.

use lifesigns::model::{Clock as _, NS_PER_S, SystemClock};
use lifesigns_api::{AgentStatus, Service, SourceState, SourceStatus, StoreState, TrafficStatus};
use lifesigns_compliance::query::{Query, QueryAnswer};
use lifesigns_gateway::{ConnectError, HostClient};
use lifesigns_store_sqlite::{FindingLevel, StoreReader};
use lifesigns_text::{count_text, grouped, visible};
use serde::Serialize;

use super::{
    args::TargetArgs,
    at_rest,
    places::ResolvedPaths,
    table::{Style, heading},
    when,
    write::emit,
};
use crate::{
    exit::{Failure, Outcome},
    preflight::{self, Problem},
};

/// A store whose last commit is further ahead of the clock than this is spoken of.
const CLOCK_AHEAD_S: u64 = 60;

/// An agent that has not reported for longer than this is spoken of: an hour, in nanoseconds.
const AWAY_NS: u64 = 60 * 60 * 1_000_000_000;

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    /// `configuration`, `store` or `host`.
    of: &'static str,
    /// `good`, `warning` or `bad`.
    level: &'static str,
    what: String,
    /// How to fix it; empty if there is nothing to fix.
    fix: String,
}

impl Finding {
    fn new(of: &'static str, level: &'static str, what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { of, level, what: what.into(), fix: fix.into() }
    }
}

pub(crate) fn run(place: &TargetArgs) -> Outcome {
    let mut findings = Vec::new();
    let places = match ResolvedPaths::find(place) {
        Ok(places) => places,
        Err(failure) => {
            findings.push(Finding::new(
                "configuration",
                "bad",
                failure.to_string(),
                "fix the file; `lifesigns validate` checks it",
            ));
            // What does not depend on it is looked at all the same.
            ResolvedPaths::without(place)
        }
    };
    if let Some(settings) = &places.settings {
        let what = format!("{} is valid", settings.path.display());
        findings.push(Finding::new("configuration", "good", what, ""));
        for refusal in preflight::refusals(&settings.path, settings) {
            let fix = "fix it: a host does not start with it";
            findings.push(Finding::new("configuration", "bad", refusal, fix));
        }
        let problems = preflight::problems(settings).into_iter().chain(preflight::folder(settings));
        let finding = |problem: Problem| Finding::new("configuration", "warning", problem.text(), problem.fix);
        findings.extend(problems.map(finding));
    } else if findings.is_empty() {
        let what = "there is none here: groups and policies are not known";
        findings.push(Finding::new("configuration", "warning", what, "name it with --config"));
    }
    findings.extend(lifesigns_store_sqlite::doctor(&places.store).into_iter().map(|found| {
        let level = match found.level {
            FindingLevel::Good => "good",
            FindingLevel::Warning => "warning",
            FindingLevel::Bad => "bad",
        };
        Finding::new("store", level, found.what, found.fix)
    }));
    clock(&places, &mut findings);
    host(&places, &mut findings);
    agents(&places, &mut findings);
    doubts(&places, &mut findings);
    emit(&findings, place, |_| page(&findings))?;
    match findings.iter().filter(|found| found.level == "bad").count() {
        0 => Ok(()),
        bad => Err(Failure::Failed(format!("{} wrong", count_text(bad as u64, "thing")))),
    }
}

/// Whether the store was written under a clock that is ahead of the present one.
fn clock(places: &ResolvedPaths, findings: &mut Vec<Finding>) {
    let Ok(reader) = StoreReader::open(&places.store) else { return };
    let Ok(written_ns) = reader.clock_ns() else { return };
    let ahead_s = written_ns.saturating_sub(SystemClock.now_ns()) / NS_PER_S;
    if ahead_s >= CLOCK_AHEAD_S {
        let what = format!("it was written {ahead_s} s in the future: the clock was ahead then, or is behind now");
        findings.push(Finding::new(
            "store",
            "warning",
            what,
            "if the clock is right now, start the host: it adopts it",
        ));
    }
}

/// What of inventory and configuration cannot be meant so: by the host, or by its store.
fn doubts(places: &ResolvedPaths, findings: &mut Vec<Finding>) {
    let live = HostClient::connect(&places.socket).ok().and_then(|client| client.query(&Query::Findings).ok());
    let at_rest = || at_rest::service(places, String::new()).ok()?.query(&Query::Findings).ok();
    if let Some(QueryAnswer::Findings(found)) = live.or_else(at_rest) {
        findings.extend(found.into_iter().map(|what| Finding::new("configuration", "warning", what, "")));
    }
}

/// Whether a host answers, and what it says of itself.
fn host(places: &ResolvedPaths, findings: &mut Vec<Finding>) {
    let mut find = |level, what: String, fix: &str| findings.push(Finding::new("host", level, what, fix));
    let client = match HostClient::connect(&places.socket) {
        Ok(client) => client,
        Err(error @ ConnectError::NoHost { .. }) => return find("warning", error.to_string(), ""),
        Err(error) => return find("bad", error.to_string(), ""),
    };
    let status = match client.status() {
        Ok(status) => status,
        Err(error) => return find("bad", error.to_string(), ""),
    };
    find("good", format!("lifesigns {}, process {}, answers", status.version, status.pid), "");
    let ours = env!("CARGO_PKG_VERSION");
    if status.version != ours {
        find("warning", format!("it is lifesigns {}, this is {ours}", status.version), "restart it with this version");
    }
    if status.store.state != StoreState::Ok {
        find("bad", format!("its store is {}: {}", status.store.state.as_str(), status.store.text), "");
    }
    if !status.config.last_error.is_empty() {
        find("warning", format!("newer configuration is not in force: {}", status.config.last_error), "fix the file");
    }
    for refused in &status.refused {
        find("warning", format!("rule {} was refused: {}", refused.lane.label(&refused.name), refused.why), "");
    }
    for rule in &status.compiling {
        find(
            "warning",
            format!("rule {} is being compiled and does not see what comes meanwhile", rule.lane.label(&rule.name)),
            "",
        );
    }
    let memory = &status.rules_memory;
    if memory.ceiling_bytes > 0 && memory.used_bytes > memory.ceiling_bytes / 10 * 9 {
        let (used, ceiling) = (memory.used_bytes, memory.ceiling_bytes);
        find("warning", format!("rules use {used} of {ceiling} bytes of memory"), "raise `rules-memory`, or run fewer");
    }
    for rule in status.rules.iter().filter(|rule| !rule.last_error.is_empty()) {
        let times = [(rule.failed, "failed"), (rule.missed, "missed"), (rule.over_budget, "over its budget")];
        let times: Vec<String> =
            times.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{what} {}", grouped(*n))).collect();
        let what = format!("rule {} ({}): {}", rule.lane.label(&rule.name), times.join(", "), rule.last_error);
        find("warning", what, "fix the rule, or give it more in the [limits] of its manifest");
    }
    for source in &status.sources {
        let (level, what, fix) = of_source(source);
        find(level, what, &fix);
    }
    if !status.watch.problem.is_empty() {
        find("warning", format!("followed files: {}", status.watch.problem), &status.watch.fix);
    }
    for one in &status.undecided {
        let what = one.to_string();
        find("warning", what, "it counts against these objects until it is fixed: correct the expression or the fact");
    }
    for one in &status.dropped {
        let example = if one.example.is_empty() { String::new() } else { format!(" (the first: {:?})", one.example) };
        find("warning", format!("{} {}{example}", one.count, one.text), &one.advice);
    }
    for receiver in status.receivers.iter().filter(|receiver| !receiver.last_error.is_empty()) {
        find("warning", format!("receiver {}: {}", receiver.name, receiver.last_error), "");
    }
}

/// Agents that are looked for in vain: those that show revoked credentials, and those that have been away for long.
fn agents(places: &ResolvedPaths, findings: &mut Vec<Finding>) {
    let live = HostClient::connect(&places.socket).ok().and_then(|client| client.agents().ok());
    let at_rest = || at_rest::service(places, String::new()).ok()?.agents().ok();
    let now_ns = SystemClock.now_ns();
    // No agent could report to a host that was down.
    let heard_until_ns = if live.is_some() { Some(now_ns) } else { stopped_ns(places) };
    let (Some(known), Some(heard_until_ns)) = (live.or_else(at_rest), heard_until_ns) else { return };
    let (mut away, mut longest): (usize, Option<&AgentStatus>) = (0, None);
    for agent in &known.agents {
        if let Some(refused_ns) = agent.refused_ns {
            let (name, ago) = (&agent.name, when::ago(refused_ns, now_ns));
            let what = format!("agent {name} was revoked and still asks: {ago}");
            let fix = "stop it on its machine, or enrol it again with a new token";
            findings.push(Finding::new("host", "warning", what, fix));
        } else if is_away(agent, heard_until_ns) {
            away += 1;
            longest = longest.filter(|longest| longest.seen_ns <= agent.seen_ns).or(Some(agent));
        }
    }
    if let Some(longest) = longest {
        let (name, seen) = (&longest.name, when::ago(longest.seen_ns, now_ns));
        let what = match away {
            1 => format!("agent {name} has not reported for long: last seen {seen}"),
            _ => format!("{away} agents have not reported for long; {name} was last seen {seen}"),
        };
        let fix = "see on their machines whether they run and reach this host; `lifesigns agents` lists them, and \
                   `lifesigns agents revoke NAME` is for one that is gone";
        findings.push(Finding::new("host", "warning", what, fix));
    }
}

/// Returns whether an agent had been away for long when the host last could have heard of it.
const fn is_away(agent: &AgentStatus, heard_until_ns: u64) -> bool {
    agent.revoked_ns.is_none() && heard_until_ns.saturating_sub(agent.seen_ns) > AWAY_NS
}

/// Returns the host's clock when it wrote its store last.
fn stopped_ns(places: &ResolvedPaths) -> Option<u64> {
    StoreReader::open(&places.store).ok()?.clock_ns().ok()
}

/// How a source of a running host is.
fn of_source(source: &SourceStatus) -> (&'static str, String, String) {
    let mut what = format!("source {}: {}", source.name, source.state.as_str());
    match source.lag_bytes {
        _ if !source.error.is_empty() => what.push_str(&format!(": {}", source.error)),
        Some(bytes) if bytes > 0 => what.push_str(&format!(", behind by {bytes} bytes")),
        _ => {}
    }
    source.notes.iter().for_each(|note| what.push_str(&format!("\n{note}")));
    let mut advice = "";
    for loss in source.traffic.iter().flat_map(TrafficStatus::losses) {
        what.push_str(&format!("\n{} {}", loss.count, loss.text));
        // That on the worst.
        advice = if advice.is_empty() { loss.advice } else { advice };
    }
    match source.state {
        SourceState::Refused | SourceState::Failed => {
            ("bad", what, "`lifesigns validate` says how to fix it".to_owned())
        }
        SourceState::Waiting => ("warning", what, "check the path; `lifesigns validate` says more".to_owned()),
        _ if !advice.is_empty() => ("warning", what, advice.to_owned()),
        _ if source.gaps > 0 => {
            let fix = "read what was missed with `lifesigns replay`, if it still exists".to_owned();
            ("warning", what, fix)
        }
        _ if source.notes.iter().any(|note| note.contains("not look like text")) => {
            ("warning", what, "name the text file, or write it as UTF-8".to_owned())
        }
        _ => ("good", what, String::new()),
    }
}

fn page(findings: &[Finding]) -> String {
    let mut page = String::new();
    for (of, title) in [("configuration", "Configuration"), ("store", "Store"), ("host", "Host")] {
        page.push_str(&heading(title));
        for found in findings.iter().filter(|found| found.of == of) {
            let style = match found.level {
                "good" => Style::Green.on("  ok      "),
                "warning" => Style::Yellow.on("  warning "),
                _ => Style::Red.on("  wrong   "),
            };
            let lines: Vec<String> = found.what.lines().map(visible).collect();
            page.push_str(&format!("{style}{}\n", lines.join("\n          ")));
            if !found.fix.is_empty() {
                page.push_str(&format!("          {} {}\n", Style::Dim.on("do:"), visible(&found.fix)));
            }
        }
    }
    page.trim_start().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_away_by_the_clock_of_a_host_that_could_hear_it() {
        let seen_ns = 1_795_471_200_000_000_000;
        let agent = AgentStatus { seen_ns, ..AgentStatus::default() };
        assert!(!is_away(&agent, seen_ns + AWAY_NS) && is_away(&agent, seen_ns + AWAY_NS + 1));
        // The host wrote before it stopped, days ago.
        assert!(!is_away(&agent, seen_ns - 1));
        assert!(!is_away(&AgentStatus { revoked_ns: Some(seen_ns), ..agent }, u64::MAX));
    }
}
