//! The content of a mail about alerts, whatever its form.

use lifesigns_compliance::{Alert, Notice, NoticeKind};
use lifesigns_text::{rfc3339, visible, visible_short};
use serde::Serialize;

use crate::{explanation, message::Message};

/// The longest subject, in characters.
const SUBJECT_CHARS: usize = 160;
/// How many alerts are written out; the others are counted.
const ALERTS: usize = 50;
/// The longest line of a log that is written out, in characters.
const LINE_CHARS: usize = 500;

/// Colours of criticalities, from the least to the worst; they only repeat the text beside them.
const COLOURS: [&str; 4] = ["#2b6cb0", "#b7791f", "#c05621", "#c53030"];
/// The colour of a resolved alert.
const RESOLVED: &str = "#2f855a";

/// The content of a mail, for the templates. All texts are safe to show.
#[derive(Debug, Serialize)]
pub(super) struct MailContent {
    alerts: Vec<AlertContent>,
    /// How many more alerts there are.
    more: usize,
}

#[derive(Debug, Serialize)]
struct AlertContent {
    title: String,
    happened: &'static str,
    colour: &'static str,
    summary: String,
    facts: Vec<(&'static str, String)>,
    /// Without empty ones.
    lists: Vec<List>,
}

#[derive(Debug, Serialize)]
struct List {
    title: &'static str,
    /// Whether the lines are lines of a log.
    code: bool,
    lines: Vec<String>,
}

impl MailContent {
    /// Returns the content of a message.
    pub(super) fn new(message: &Message) -> Self {
        let alerts = message.notices.iter().take(ALERTS).map(AlertContent::new).collect();
        Self { alerts, more: message.notices.len().saturating_sub(ALERTS) }
    }
}

impl AlertContent {
    fn new(notice: &Notice) -> Self {
        let alert = &notice.alert;
        let is_over = notice.happened == NoticeKind::Resolved;
        let colour = if is_over { RESOLVED } else { COLOURS[alert.criticality as usize % COLOURS.len()] };
        let recommendations = alert.recommendations.iter().map(|line| visible(line)).collect();
        let why = explanation::lines(&alert.why).iter().map(|line| visible(line)).collect();
        let mut lists = vec![
            List { title: "What to do", code: false, lines: recommendations },
            List { title: "What shows it", code: true, lines: evidence(alert) },
            List { title: "Why", code: false, lines: why },
        ];
        lists.retain(|list| !list.lines.is_empty());
        Self {
            title: visible(title(alert)),
            happened: happened(notice.happened),
            colour,
            summary: visible(&alert.summary),
            facts: facts(alert),
            lists,
        }
    }
}

/// Returns the subject: `[critical] Docker on production VM: vm-7`, or how many alerts there are.
pub(super) fn subject(notices: &[Notice]) -> String {
    let open = notices.iter().filter(|one| one.happened != NoticeKind::Resolved);
    let worst = open.clone().map(|one| one.alert.criticality).max();
    let mark = worst.map_or("resolved", |worst| worst.as_str());
    let what = match notices {
        [one] => format!("{}: {}", title(&one.alert), one.alert.object),
        all => format!("{} alerts, {} of them open", all.len(), open.count()),
    };
    visible_short(&format!("[{mark}] {what}"), SUBJECT_CHARS - 1)
}

/// Returns an alert's title, or its name if it has none.
fn title(alert: &Alert) -> &str {
    if alert.title.is_empty() { &alert.definition } else { &alert.title }
}

/// Returns the word for what happened to an alert.
fn happened(happened: NoticeKind) -> &'static str {
    match happened {
        NoticeKind::Opened => "opened",
        NoticeKind::Changed => "changed",
        NoticeKind::Repeated => "still open",
        NoticeKind::Resolved => "resolved",
    }
}

/// Returns the properties of an alert with their names, in order, without those that are empty.
fn facts(alert: &Alert) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Object", alert.object.to_string()),
        ("Groups", alert.groups.join(", ")),
        ("Criticality", alert.criticality.to_string()),
        ("Impact", alert.impact.as_str().to_owned()),
        ("Opened", rfc3339(alert.opened_ns)),
        ("Over since", alert.cancelled_ns.map(rfc3339).unwrap_or_default()),
        ("Controls", alert.controls.join(", ")),
        ("Alert", format!("{} {}", alert.definition, alert.id)),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    facts.into_iter().map(|(name, value)| (name, visible(&value))).collect()
}

/// Returns the log lines that show the alert.
fn evidence(alert: &Alert) -> Vec<String> {
    let lines = alert.shown.first.iter().chain(&alert.shown.last);
    lines
        .map(|line| format!("{}:{} {}", visible(&line.source), line.line, visible_short(&line.text, LINE_CHARS)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::notice;

    #[test]
    fn subjects_count_and_say_when_it_is_over() {
        let notices = [notice("a", NoticeKind::Opened), notice("b", NoticeKind::Resolved)];
        assert_eq!(subject(&notices), "[critical] 2 alerts, 1 of them open");
        assert_eq!(subject(&notices[1..]), "[resolved] Docker on production VM: vm-7");
        let mut long = notice("a", NoticeKind::Opened);
        long.alert.object = "é".repeat(1000).into();
        assert_eq!(subject(&[long]).chars().count(), SUBJECT_CHARS);
    }
}
