//! Rules of a running host: listed, by cost, their versions, and what one is given.

use lifesigns::model::TapEvent;
use lifesigns_api::{HostStatus, RuleStatus, RuleVersion};
use lifesigns_text::{count_text, grouped, time_text, visible, visible_lines};
use serde::Serialize;

use super::{
    super::{
        table::{Style, Table, View},
        when,
    },
    cells::{digest, stamp},
};

/// Returns all rules of a host, whether they run or not.
pub(crate) fn rule_list(status: &HostStatus, view: &View) -> String {
    let mut table = Table::new(view, &["!RULE", "MODULE", "!DIGEST", ">EVENTS", ">FAILED", ">MISSED", "STATE"]);
    for rule in &status.rules {
        table.row(vec![
            visible(&rule.lane.label(&rule.name)),
            visible(&rule.module),
            digest(&rule.digest).unwrap_or_default().to_owned(),
            grouped(rule.events),
            grouped(rule.failed),
            grouped(rule.missed),
            state(rule, status.now_ns),
        ]);
    }
    for rule in &status.disabled {
        table.row(row_without_counts(visible(&rule.lane.label(&rule.name)), String::new(), Style::Dim.on("disabled")));
    }
    for rule in &status.compiling {
        let hex = digest(&rule.digest).unwrap_or_default().to_owned();
        table.row(row_without_counts(visible(&rule.lane.label(&rule.name)), hex, Style::Yellow.on("compiling")));
    }
    for rule in &status.refused {
        let hex = digest(&rule.digest).unwrap_or_default().to_owned();
        let why = Style::Red.on(&format!("refused: {}", visible_lines(&rule.why)));
        table.row(row_without_counts(visible(&rule.lane.label(&rule.name)), hex, why));
    }
    table.draw()
}

/// Returns the row of a rule that does not run.
fn row_without_counts(name: String, digest: String, state: String) -> Vec<String> {
    let mut row = vec![name, String::new(), digest];
    row.extend([const { String::new() }; 3]);
    row.push(state);
    row
}

/// Returns whether a rule is shown events now, and if not, why.
pub(crate) fn state(rule: &RuleStatus, now_ns: u64) -> String {
    if rule.paused {
        return Style::Yellow.on("quarantined by hand");
    }
    match rule.paused_until_ns {
        Some(until_ns) => {
            let left = when::ago(now_ns, until_ns.max(now_ns));
            Style::Yellow.on(&format!("paused for {left}: {}", visible(&rule.last_error)))
        }
        None => Style::Green.on("runs"),
    }
}

/// A rule and what it costs.
#[derive(Debug, Serialize)]
pub(crate) struct CostLine {
    rule: String,
    lane: &'static str,
    /// Events since the host started.
    events: u64,
    /// Events a second since the last look; `None` the first time.
    events_per_s: Option<f64>,
    /// Share of one core over the last seconds, in percent.
    cpu_percent: f64,
    /// CPU for one event since the host started, in nanoseconds.
    ns_per_event: u64,
    state_bytes: u64,
    raises_per_s: f64,
    failed: u64,
    missed: u64,
    #[serde(skip)]
    state: String,
}

/// Returns the rules of a host, those that cost most first. Rates of events are since `before`.
pub(crate) fn by_cost(status: &HostStatus, before: Option<&HostStatus>) -> Vec<CostLine> {
    let mut order: Vec<&RuleStatus> = status.rules.iter().collect();
    order.sort_by(|one, other| {
        (other.cpu_us_per_s, other.cpu_ns, &one.name).cmp(&(one.cpu_us_per_s, one.cpu_ns, &other.name))
    });
    order.into_iter().map(|rule| cost_line(rule, status, before)).collect()
}

/// Returns the cost of a rule. The rate of its events is since `before`.
fn cost_line(rule: &RuleStatus, status: &HostStatus, before: Option<&HostStatus>) -> CostLine {
    let earlier = before.and_then(|before| {
        let same = before.rules.iter().find(|other| other.name == rule.name && other.lane == rule.lane)?;
        let seconds = status.now_ns.saturating_sub(before.now_ns) as f64 / 1e9;
        Some(rule.events.saturating_sub(same.events) as f64 / seconds.max(0.001))
    });
    CostLine {
        rule: rule.name.clone(),
        lane: rule.lane.as_str(),
        events: rule.events,
        events_per_s: earlier,
        cpu_percent: rule.cpu_us_per_s as f64 / 10_000.0,
        ns_per_event: rule.cpu_ns / rule.events.max(1),
        state_bytes: rule.state_bytes,
        raises_per_s: rule.signs_per_1000_s as f64 / 1000.0,
        failed: rule.failed,
        missed: rule.missed,
        state: state(rule, status.now_ns),
    }
}

/// Returns rules by cost.
pub(crate) fn top(status: &HostStatus, lines: &[CostLine], view: &View) -> String {
    let memory = &status.rules_memory;
    let mut page = format!(
        "{}, memory of all {} of {} bytes\n",
        count_text(lines.len() as u64, "rule"),
        grouped(memory.used_bytes),
        grouped(memory.ceiling_bytes)
    );
    let heads = [
        "!RULE",
        ">CPU",
        ">EVENTS/S",
        ">EVENTS",
        ">NS/EVENT",
        ">STATE SIZE",
        ">RAISES/S",
        ">FAILED",
        ">MISSED",
        "STATE",
    ];
    let mut table = Table::new(view, &heads);
    for line in lines {
        let shadow = if line.lane == "shadow" { " (shadow)" } else { "" };
        table.row(vec![
            visible(&format!("{}{shadow}", line.rule)),
            format!("{:.1} %", line.cpu_percent),
            line.events_per_s.map_or("-".to_owned(), |rate| format!("{rate:.0}")),
            grouped(line.events),
            grouped(line.ns_per_event),
            format!("{} B", grouped(line.state_bytes)),
            format!("{:.1}", line.raises_per_s),
            grouped(line.failed),
            grouped(line.missed),
            line.state.clone(),
        ]);
    }
    page.push_str(&table.draw());
    page
}

/// Returns the versions of a rule, the latest first.
pub(crate) fn rule_history(versions: &[RuleVersion], view: &View) -> String {
    if versions.is_empty() {
        return "no version was put in place through the host yet\n".to_owned();
    }
    let mut table = Table::new(view, &[">VERSION", "MODULE", "!DIGEST", "!SINCE", "WHO", "HOW", ""]);
    for version in versions.iter().rev() {
        let mark = match (version.live, version.has_state) {
            (true, _) => Style::Green.on("live"),
            (false, true) => "its state is kept".to_owned(),
            _ => String::new(),
        };
        table.row(vec![
            version.number.to_string(),
            visible(&version.module),
            digest(&version.digest).unwrap_or_default().to_owned(),
            stamp(version.time_ns, view),
            visible(&version.who),
            visible(&version.action),
            mark,
        ]);
    }
    table.draw()
}

/// Returns an event that a rule was given, and what it answered, a few lines.
pub(crate) fn tap_event(event: &TapEvent) -> String {
    let app = event.app.as_deref().map(|app| format!(" {app}")).unwrap_or_default();
    let head = format!("{} {} {}{app}", time_text(event.time_ns), event.kind, event.object);
    let mut text = format!("{}: {}\n", visible(&head), visible(event.message.as_deref().unwrap_or("(no message)")));
    let facts = event.fields.iter().chain(&event.properties).map(|(name, value)| format!("{name}={value}"));
    let numbers = event.metrics.iter().map(|(name, value)| format!("{name}={value}"));
    let read: Vec<String> = facts.chain(numbers).collect();
    if !read.is_empty() {
        text.push_str(&format!("  reads {}\n", visible(&read.join(" "))));
    }
    for answer in &event.answers {
        let pairs: Vec<String> = answer.attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let line = format!("{} {}: {} {}", answer.change.as_str(), answer.symptom, answer.summary, pairs.join(" "));
        text.push_str(&format!("  {}\n", visible(line.trim_end())));
    }
    if !event.error.is_empty() {
        text.push_str(&format!("  no answer: {}\n", visible(&event.error)));
    }
    text
}
