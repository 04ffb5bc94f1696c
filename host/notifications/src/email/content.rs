//! The content of a mail about alerts, whatever its form.

use lifesigns_compliance::{Alert, Notice, NoticeKind};
use lifesigns_text::{rfc3339, visible, visible_short};

use crate::message::Message;

/// The longest subject, in characters.
const SUBJECT_CHARS: usize = 160;
/// How many alerts are written out; the others are counted.
const ALERTS: usize = 50;
/// The longest line of a log that is written out, in characters.
const LINE_CHARS: usize = 500;

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
pub(super) fn title(alert: &Alert) -> &str {
    if alert.title.is_empty() { &alert.definition } else { &alert.title }
}

/// Returns the word for what happened to an alert.
pub(super) fn happened(happened: NoticeKind) -> &'static str {
    match happened {
        NoticeKind::Opened => "opened",
        NoticeKind::Changed => "changed",
        NoticeKind::Repeated => "still open",
        NoticeKind::Resolved => "resolved",
    }
}

/// Returns the notices that are written out, and how many are not.
pub(super) fn some(message: &Message) -> (&[Notice], usize) {
    let shown = message.notices.len().min(ALERTS);
    (&message.notices[..shown], message.notices.len() - shown)
}

/// Returns the properties of an alert with their names, in order, without those that are empty.
pub(super) fn facts(alert: &Alert) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Object", alert.object.clone()),
        ("Groups", alert.groups.join(", ")),
        ("Criticality", alert.criticality.to_string()),
        ("Impact", alert.impact.as_str().to_owned()),
        ("Opened", rfc3339(alert.opened_ns)),
        ("Over since", alert.cancelled_ns.map(rfc3339).unwrap_or_default()),
        ("Controls", alert.controls.join(", ")),
        ("Alert", format!("{} {}", alert.definition, alert.id)),
    ];
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

/// Returns the log lines that show the alert.
pub(super) fn evidence(alert: &Alert) -> impl Iterator<Item = String> + '_ {
    alert
        .shown
        .first
        .iter()
        .chain(&alert.shown.last)
        .map(|line| format!("{}:{} {}", visible(&line.source), line.line, visible_short(&line.text, LINE_CHARS)))
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
        long.alert.object = "é".repeat(1000);
        assert_eq!(subject(&[long]).chars().count(), SUBJECT_CHARS);
    }
}
