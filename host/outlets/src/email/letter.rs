//! What the letter says.

use std::fmt::Write as _;

use lettre::message::{
    Mailbox, MultiPart,
    header::{HeaderName, HeaderValue},
};
use lifesigns_compliance::{Alert, Happened, Notice};

use super::html;
use crate::{message::Message, people::printable, time::rfc3339, why};

/// The longest subject, in characters.
const SUBJECT_CHARS: usize = 160;
/// How many alerts are written out; the others are counted.
const ALERTS: usize = 50;
/// The longest line of a log that is written out, in characters.
const LINE_CHARS: usize = 500;

/// The whole letter as it is sent.
pub(super) fn letter(message: &Message, from: &Mailbox, to: &[Mailbox]) -> Result<Vec<u8>, String> {
    let domain = from.email.domain();
    let mut builder = lettre::Message::builder()
        .from(from.clone())
        .subject(subject(&message.notices))
        .message_id(Some(format!("<{}@{domain}>", word(&message.key))));
    for mailbox in to {
        builder = builder.to(mailbox.clone());
    }
    if let [one] = message.notices.as_slice() {
        // Letters about one alert are one thread.
        builder = builder.references(format!("<{}@{domain}>", word(&one.alert.id)));
    }
    for (name, value) in [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")] {
        builder = builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()));
    }
    let body = MultiPart::alternative_plain_html(text(message), html::page(message));
    let letter = builder.multipart(body).map_err(|why| why.to_string())?;
    Ok(letter.formatted())
}

/// What a message identifier may consist of; keys and ids are hexadecimal digits, and made so here if not.
fn word(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).take(64).collect()
}

/// `[critical] Docker on production VM: vm-7`, or how many there are.
pub(super) fn subject(notices: &[Notice]) -> String {
    let open = notices.iter().filter(|one| one.happened != Happened::Resolved);
    let worst = open.clone().map(|one| one.alert.criticality).max();
    let mark = worst.map_or("resolved", |worst| worst.as_str());
    let what = match notices {
        [one] => format!("{}: {}", title(&one.alert), one.alert.object),
        all => format!("{} alerts, {} of them open", all.len(), open.count()),
    };
    let line: String = printable(&format!("[{mark}] {what}")).chars().take(SUBJECT_CHARS).collect();
    line
}

/// An alert's title, or its name if it has none.
pub(super) fn title(alert: &Alert) -> &str {
    if alert.title.is_empty() { &alert.definition } else { &alert.title }
}

/// What has become of it, in a word.
pub(super) fn happened(happened: Happened) -> &'static str {
    match happened {
        Happened::Opened => "opened",
        Happened::Changed => "changed",
        Happened::Repeated => "still open",
        Happened::Resolved => "resolved",
    }
}

/// Those that are written out, and how many are not.
pub(super) fn some(message: &Message) -> (&[Notice], usize) {
    let shown = message.notices.len().min(ALERTS);
    (&message.notices[..shown], message.notices.len() - shown)
}

/// What is said of an alert: a word and what it is, in order. Nothing is said of what is empty.
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

/// The raw lines that show it.
pub(super) fn evidence(alert: &Alert) -> impl Iterator<Item = String> + '_ {
    alert.shown.first.iter().chain(&alert.shown.last).map(|line| {
        let text: String = printable(&line.text).chars().take(LINE_CHARS).collect();
        format!("{}:{} {text}", printable(&line.source), line.line)
    })
}

fn text(message: &Message) -> String {
    let (notices, more) = some(message);
    let mut text = String::new();
    // Writing into memory does not fail.
    for notice in notices {
        let alert = &notice.alert;
        let _ = writeln!(text, "{} ({})", printable(title(alert)), happened(notice.happened));
        let _ = writeln!(text, "{}\n", printable(&alert.summary));
        for (name, value) in facts(alert) {
            let _ = writeln!(text, "{name}: {}", printable(&value));
        }
        section(&mut text, "What to do", alert.recommendations.iter().map(|one| printable(one)));
        section(&mut text, "What shows it", evidence(alert));
        section(&mut text, "Why", why::lines(&alert.why).iter().map(|one| printable(one)));
        let _ = writeln!(text, "\n--------\n");
    }
    if more > 0 {
        let _ = writeln!(text, "and {more} more");
    }
    text
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    for (number, line) in lines.enumerate() {
        if number == 0 {
            let _ = writeln!(text, "\n{title}:");
        }
        let _ = writeln!(text, "  {}. {line}", number + 1);
    }
}
