//! Alerts: a list, and all about one.

use std::{borrow::Borrow, collections::BTreeSet};

use lifesigns_api::UndeliveredNotice;
use lifesigns_compliance::{Alert, AlertStatus, query::FilterMatches};
use lifesigns_text::{time_text, visible};

use super::{
    super::{
        table::{Style, Table, View, criticality, heading, names},
        when,
    },
    cells::{count, short, stamp, state},
    route,
};

/// Returns a list of alerts, in the order they come in.
pub(crate) fn alerts<A: Borrow<Alert>>(alerts: &[A], view: &View) -> String {
    if alerts.is_empty() {
        return format!("{}\n", Style::Green.on("no alerts"));
    }
    let mut table =
        Table::new(view, &["!ID", "!CRITICALITY", "!OBJECT", "ALERT", "!SINCE", ">COUNT", "!STATE", "SUMMARY"]);
    for alert in alerts.iter().map(Borrow::borrow) {
        table.row(vec![
            short(&alert.id),
            criticality(alert.criticality),
            visible(&alert.object),
            visible(&alert.definition),
            when::ago(alert.opened_ns, view.now_ns),
            alert.count.to_string(),
            state(alert),
            visible(if alert.summary.is_empty() { &alert.title } else { &alert.summary }),
        ]);
    }
    let total = Style::Dim.on(&count(alerts.len(), "alert"));
    format!("{}{total}\n", table.draw())
}

/// That there are no alerts, and of how much that is said.
pub(crate) fn no_alerts(matches: &FilterMatches) -> String {
    let objects = count(matches.objects, "object");
    let none = Style::Green.on("no alerts");
    format!("{none} {}\n", Style::Dim.on(&format!("({objects} matched)")))
}

/// Alerts of the past.
pub(crate) fn past_alerts(past: &[Alert], view: &View) -> String {
    if past.is_empty() { "no alert of the past matches\n".to_owned() } else { alerts(past, view) }
}

/// All about one alert.
pub(crate) fn alert(alert: &Alert, undelivered: &[UndeliveredNotice], view: &View) -> String {
    let title = visible(&format!("{} on {}", alert.title, alert.object));
    let mut page = format!("{}  {}  {}\n", Style::Bold.on(&title), criticality(alert.criticality), state(alert));
    page.push_str(&facts(alert, view));
    if !alert.recommendations.is_empty() {
        page.push_str(&heading("What to do"));
        for (at, text) in alert.recommendations.iter().enumerate() {
            page.push_str(&format!("  {}. {}\n", at + 1, visible(text)));
        }
    }
    page.push_str(&heading("Notified"));
    page.push_str(&notified(alert, undelivered, view));
    page.push_str(&evidence(alert));
    page.push_str(&heading("Why"));
    for line in why(alert) {
        page.push_str(&format!("  {line}\n"));
    }
    if !alert.notes.is_empty() {
        page.push_str(&heading("Notes"));
        for note in &alert.notes {
            let by = format!("{}  {}", time_text(note.by.time_ns), visible(&note.by.who));
            page.push_str(&format!("  {}  {}\n", Style::Dim.on(&by), visible(&note.text)));
        }
    }
    page
}

fn facts(alert: &Alert, view: &View) -> String {
    let mut table = Table::pairs(view);
    table.pair("id", visible(&alert.id));
    table.pair("alert", visible(&alert.definition));
    table.pair("what", visible(&alert.summary));
    let details = alert.attributes.iter().map(|(name, value)| format!("{name}={value}"));
    table.pair("details", visible(&details.collect::<Vec<_>>().join(" ")));
    table.pair("impact", alert.impact.as_str().to_owned());
    table.pair("opened", stamp(alert.opened_ns, view));
    table.pair("last seen", format!("{}, {}", stamp(alert.last_ns, view), count(alert.count as usize, "time")));
    if alert.reopened > 0 {
        table.pair("reopened", count(alert.reopened as usize, "time"));
    }
    if let Some(cancelled) = alert.cancelled_ns {
        let cause = alert.cause.map(lifesigns_report::end_cause_text).unwrap_or_default();
        table.pair("cancelled", format!("{}, {cause}", stamp(cancelled, view)));
    }
    if let Some(failed) = &alert.undecided {
        let text = format!("undecided, so it counts as met: `{}` fails: {}", failed.expression, failed.reason);
        table.pair("condition", Style::Yellow.on(&visible(&text)));
    }
    table.pair("groups", names(&alert.groups));
    table.pair("symptoms", names(&alert.symptoms));
    table.pair("controls", names(&alert.controls));
    if let Some(by) = &alert.acknowledged {
        table.pair("acknowledged", format!("{}, {}", visible(&by.who), stamp(by.time_ns, view)));
    }
    table.pair("owner", visible(alert.owner.as_deref().unwrap_or_default()));
    table.pair("silenced by", visible(alert.silenced_by.as_deref().unwrap_or_default()));
    table.pair("inhibited by", visible(alert.inhibited_by.as_deref().unwrap_or_default()));
    table.draw()
}

/// Who was notified that it is open, and when; of one that is over, what still waits.
fn notified(alert: &Alert, undelivered: &[UndeliveredNotice], view: &View) -> String {
    let waiting = undelivered.iter().map(|row| &row.notice.receiver);
    let names: BTreeSet<&String> = alert.notified.keys().chain(waiting).collect();
    let mut table = Table::pairs(view);
    for name in names {
        table.row(vec![format!("  {}", visible(name)), route::notified(name, alert, undelivered, view)]);
    }
    let id = short(&alert.id);
    match (table.draw(), alert.status) {
        (text, AlertStatus::Cancelled) if text.is_empty() => "  it is over; nothing waits to be sent\n".to_owned(),
        (text, AlertStatus::Open) if text.is_empty() => {
            format!("  {}: `lifesigns route why {id}` says why\n", Style::Yellow.on("no receiver"))
        }
        (text, _) => text,
    }
}

fn evidence(alert: &Alert) -> String {
    let shown = &alert.shown;
    if shown.first.is_empty() && shown.last.is_empty() {
        return String::new();
    }
    let mut text = heading("Evidence");
    text.extend(shown.first.iter().map(evidence_line));
    let left_out = alert.count.saturating_sub((shown.first.len() + shown.last.len()) as u64);
    if !shown.last.is_empty() && left_out > 0 {
        text.push_str(&format!("  {}\n", Style::Dim.on(&format!("… {left_out} more"))));
    }
    text.extend(shown.last.iter().map(evidence_line));
    text
}

fn evidence_line(it: &lifesigns_compliance::EvidenceLine) -> String {
    let place = visible(&format!("{}  {}:{}", time_text(it.time_ns), it.source, it.line));
    format!("  {}\n    {}\n", Style::Dim.on(&place), visible(&it.text))
}

fn why(alert: &Alert) -> Vec<String> {
    let groups = alert.why.groups.iter().map(|it| {
        let place = Style::Dim.on(&visible(&it.place.to_string()));
        format!("in {}: {}  {place}", visible(&it.group), visible(&it.how))
    });
    let mut lines: Vec<String> = groups.collect();
    for step in &alert.why.steps {
        lines.push(visible(&format!(
            "{} = {} by {}",
            step.setting,
            step.value,
            lifesigns_report::statement_source(&step.by)
        )));
        let lost =
            step.overrode.iter().map(|it| format!("  over {} by {}", it.value, lifesigns_report::statement_source(it)));
        lines.extend(lost.map(|text| Style::Dim.on(&visible(&text))));
    }
    if alert.why.steps.is_empty() {
        lines.push(Style::Dim.on("no policy applies; its definition decides"));
    }
    lines
}
