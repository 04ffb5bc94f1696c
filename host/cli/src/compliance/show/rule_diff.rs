//! A rule and its shadow, compared.

use lifesigns::model::{ChangeCount, DiffExample, LaneWork, RuleLane};
use lifesigns_api::{RuleDiff, RuleStatus};
use lifesigns_text::{grouped, visible};

use super::{
    super::table::{Style, Table, View, heading},
    cells::{digest, stamp},
};

/// Returns the comparison of a rule with its shadow; what differs stands out.
pub(crate) fn rule_diff(answer: &RuleDiff, view: &View) -> String {
    let RuleDiff { live, shadow, diff } = answer;
    let mut page = Style::Bold.on(&visible(&live.name));
    if diff.since_ns > 0 {
        page.push_str(&format!(" and its shadow, since {}", stamp(diff.since_ns, view)));
    }
    page.push('\n');
    page.push_str(&costs([(live, &diff.live), (shadow, &diff.shadow)], view));
    page.push_str(&heading("Raises and clears"));
    let mut table = Table::new(view, &["!BY", ">RAISES", ">CLEARS"]);
    let only =
        |count: ChangeCount, text: &str| if count.total() > 0 { Style::Yellow.on(text) } else { text.to_owned() };
    for (said, by) in [
        (diff.both, "both".to_owned()),
        (diff.only_live, only(diff.only_live, "only the live version")),
        (diff.only_shadow, only(diff.only_shadow, "only the shadow")),
    ] {
        table.row(vec![by, grouped(said.raises), grouped(said.clears)]);
    }
    page.push_str(&table.draw());
    if diff.reworded > 0 {
        let text = format!("of both, {} with another criticality, summary or attributes", grouped(diff.reworded));
        page.push_str(&format!("{}\n", Style::Yellow.on(&text)));
    }
    if diff.not_compared > 0 {
        let text = format!("{} not compared, because too many came at once", grouped(diff.not_compared));
        page.push_str(&format!("{}\n", Style::Yellow.on(&text)));
    }
    for (lane, title) in [(RuleLane::Live, "Only the live version"), (RuleLane::Shadow, "Only the shadow")] {
        page.push_str(&examples(diff.examples.iter().filter(|one| one.lane == lane).collect(), title));
    }
    page
}

/// Both versions side by side: what they are, what they were shown, what that cost.
fn costs(lanes: [(&RuleStatus, &LaneWork); 2], view: &View) -> String {
    let heads = ["!VERSION", "MODULE", ">EVENTS", ">CPU/EVENT", ">STATE SIZE", ">FAILED", ">MISSED", ">PAUSED"];
    let mut table = Table::new(view, &heads);
    for (rule, work) in lanes {
        let digest = digest(&rule.digest).unwrap_or_default();
        table.row(vec![
            rule.lane.as_str().to_owned(),
            visible(&format!("{} ({digest})", rule.module)),
            grouped(work.events),
            format!("{:.1} µs", work.cpu_ns as f64 / 1e3 / work.events.max(1) as f64),
            format!("{} B", grouped(rule.state_bytes)),
            warned(work.failed),
            warned(work.missed),
            warned(work.over_budget),
        ]);
    }
    let mut text = table.draw();
    for (rule, work) in lanes {
        if !rule.last_error.is_empty() && work.failed + work.missed + work.over_budget > 0 {
            let (lane, error) = (rule.lane.as_str(), visible(&rule.last_error));
            text.push_str(&format!("{} {error}\n", Style::Yellow.on(&format!("{lane}:"))));
        }
    }
    text
}

fn warned(number: u64) -> String {
    let text = grouped(number);
    if number > 0 { Style::Yellow.on(&text) } else { text }
}

/// The latest of what one version alone said, with the line that shows it.
fn examples(examples: Vec<&DiffExample>, title: &str) -> String {
    if examples.is_empty() {
        return String::new();
    }
    let mut text = heading(&format!("{title} (the latest)"));
    for one in examples {
        let (object, symptom, summary) = (visible(&one.object), visible(&one.symptom), visible(&one.summary));
        let (time, change) = (lifesigns_text::time_text(one.time_ns), one.change.as_str());
        let summary = if summary.is_empty() { summary } else { format!(": {summary}") };
        text.push_str(&format!("{time} {object} {change} {symptom}{summary}\n"));
        let line = format!("  {}:{} {}", visible(&one.source), one.line, visible(&one.text));
        text.push_str(&format!("{}\n", Style::Dim.on(&line)));
    }
    text
}
