//! `lifesigns agents`: what a host knows of its agents, or knew when it stopped.

use lifesigns::model::NS_PER_MS;
use lifesigns_api::{AgentList, AgentReport, AgentStatus};
use lifesigns_text::{age_text, count_text, duration_text, grouped, size_text, suggestion, visible};

use super::{
    args::TargetArgs,
    parts::AgentsCommand,
    service_target::ServiceTarget,
    table::{Style, Table, View},
    when,
    write::{emit, emit_text},
};
use crate::exit::{Failure, Outcome};

pub(crate) fn run(command: Option<&AgentsCommand>, name: Option<&str>, place: &TargetArgs) -> Outcome {
    if let Some(AgentsCommand::Revoke { name }) = command {
        return emit_text(&ServiceTarget::new(place)?.ask(|host| host.revoke_agent(name))?, place);
    }
    let known = ServiceTarget::new(place)?.ask(|host| host.agents())?;
    let Some(name) = name else { return emit(&known.agents, place, |view| list(&known, view)) };
    let agents = known.agents;
    match agents.iter().find(|agent| agent.name == name) {
        Some(agent) => emit(agent, place, |view| one(agent, view)),
        None => {
            let meant = suggestion(name, agents.iter().map(|agent| agent.name.as_str()));
            Err(Failure::Failed(format!("there is no agent \"{}\"{meant}", visible(name))))
        }
    }
}

fn list(known: &AgentList, view: &View) -> String {
    if known.agents.is_empty() {
        return "no agent has reported; docs/agent.md says how to begin\n".to_owned();
    }
    let heads = ["!AGENT", "!GROUP", "!VERSION", "!SEEN", "!BEHIND BY", ">SENT", ">REFUSED", "STATE"];
    let mut table = Table::new(view, &heads);
    for agent in &known.agents {
        let AgentReport { version, sent_lines, refused_lines, .. } = &agent.report;
        table.row(vec![
            visible(&agent.name),
            agent.group.as_deref().map_or_else(|| "-".to_owned(), visible),
            visible(version),
            when::ago(agent.seen_ns, view.now_ns),
            behind(&agent.report),
            grouped(*sent_lines),
            if *refused_lines == 0 { "0".to_owned() } else { Style::Red.on(&grouped(*refused_lines)) },
            state(agent, view),
        ]);
    }
    let mut text = table.draw();
    if known.forgotten > 0 {
        let (forgotten, limit) = (grouped(known.forgotten), grouped(known.limit));
        text.push_str(&format!("{forgotten} of those seen longest ago made room: {limit} are remembered\n"));
    }
    text
}

/// Returns the bytes that wait in the spool, and for how long the oldest of them has.
fn behind(report: &AgentReport) -> String {
    if report.spool_bytes == 0 {
        return "-".to_owned();
    }
    format!("{}, {}", size_text(report.spool_bytes), age_text(report.spool_age_ms.saturating_mul(NS_PER_MS)))
}

fn state(agent: &AgentStatus, view: &View) -> String {
    if let Some(revoked_ns) = agent.revoked_ns {
        let asks = agent.refused_ns.map(|asked_ns| format!(", refused {}", when::ago(asked_ns, view.now_ns)));
        let text = format!("revoked {}{}", when::ago(revoked_ns, view.now_ns), asks.unwrap_or_default());
        return Style::Red.on(&text);
    }
    if agent.is_away {
        return Style::Red.on("away");
    }
    let lost = losses(&agent.report);
    let problem = [&agent.problem, &agent.report.problem].into_iter().find(|problem| !problem.is_empty());
    match (problem, lost.is_empty(), agent.is_current) {
        (Some(problem), ..) => Style::Red.on(&visible(problem)),
        (None, false, _) => Style::Red.on(&lost),
        (None, true, false) => "gets another configuration".to_owned(),
        (None, true, true) => Style::Green.on("fine"),
    }
}

/// Returns what was lost or left out, in words; empty if nothing was.
fn losses(report: &AgentReport) -> String {
    let gaps: u64 = report.sources.iter().map(|source| source.gaps).sum();
    let counts = [
        (report.damaged_segments, "damaged file of the spool|damaged files of the spool"),
        (gaps, "gap in what was read|gaps in what was read"),
        (report.cut_lines, "line cut|lines cut"),
        (report.dropped_metrics, "reading of metrics dropped|readings of metrics dropped"),
        (report.files_left_out, "file not followed, there are too many|files not followed, there are too many"),
    ];
    let lost = counts.iter().filter(|(count, _)| *count > 0);
    lost.map(|(count, what)| count_text(*count, what)).collect::<Vec<_>>().join(", ")
}

fn one(agent: &AgentStatus, view: &View) -> String {
    let report = &agent.report;
    let tags: Vec<String> = report.tags.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let metrics =
        report.effective.metrics_ms.map_or_else(|| "none".to_owned(), |ms| format!("every {}", duration_text(ms)));
    let lines = [
        ("agent", format!("{} ({})", agent.name, report.version)),
        ("machine", format!("{} ({})", report.host, report.os)),
        ("tags", tags.join(", ")),
        ("group", agent.group.clone().unwrap_or_else(|| "-".to_owned())),
        ("seen", format!("{} by {}", when::ago(agent.seen_ns, view.now_ns), agent.token)),
        ("behind by", behind(report)),
        ("sent", format!("{}, {} refused", count_text(report.sent_lines, "line"), grouped(report.refused_lines))),
        ("lost", losses(report)),
        ("metrics", metrics),
        ("journal", if report.effective.journal.is_some() { "yes" } else { "no" }.to_owned()),
    ];
    let mut text = String::new();
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        text.push_str(&format!("{name:<10} {}\n", visible(value)));
    }
    text.push_str(&format!("{:<10} {}\n", "state", state(agent, view)));
    for files in &report.effective.files {
        let include = if files.include.is_empty() { "*".to_owned() } else { files.include.join(" ") };
        text.push_str(&format!(
            "{:<10} {}\n",
            "files",
            visible(&format!("{}: {}/{include}", files.name, files.directory))
        ));
    }
    for source in &report.sources {
        let lag = source
            .lag_bytes
            .filter(|bytes| *bytes > 0)
            .map_or_else(String::new, |bytes| format!(", {} behind", size_text(bytes)));
        text.push_str(&format!("{:<10} {}\n", "reads", visible(&format!("{}: {}{lag}", source.name, source.state))));
    }
    text
}
