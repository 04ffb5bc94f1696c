//! What the letter says.

use std::fmt::Write as _;

use lettre::message::{
    Mailbox, MessageBuilder, MultiPart,
    header::{HeaderName, HeaderValue},
};
use lifesigns_compliance::{Alert, Notice, NoticeKind};

use super::html;
use lifesigns_text::visible;

use crate::{anchor::AuditHead, message::Message, time::rfc3339, why};

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
    let body = MultiPart::alternative_plain_html(text(message), html::page(message));
    let letter = automatic(builder).multipart(body).map_err(|why| why.to_string())?;
    Ok(letter.formatted())
}

/// The letter that carries the head of the audit log.
pub(super) fn anchor(head: &AuditHead, key: &str, from: &Mailbox, to: &[Mailbox]) -> Result<Vec<u8>, String> {
    let mut builder = lettre::Message::builder()
        .from(from.clone())
        .subject(format!("[audit] head of the audit log: entry {}", head.number))
        .message_id(Some(format!("<{}@{}>", word(key), from.email.domain())));
    for mailbox in to {
        builder = builder.to(mailbox.clone());
    }
    let letter = automatic(builder).body(head.text()).map_err(|why| why.to_string())?;
    Ok(letter.formatted())
}

/// Says that nobody wrote it, so that nothing answers.
fn automatic(mut builder: MessageBuilder) -> MessageBuilder {
    for (name, value) in [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")] {
        builder = builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()));
    }
    builder
}

/// What a message identifier may consist of; keys and ids are hexadecimal digits, and made so here if not.
fn word(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).take(64).collect()
}

/// `[critical] Docker on production VM: vm-7`, or how many there are.
pub(super) fn subject(notices: &[Notice]) -> String {
    let open = notices.iter().filter(|one| one.happened != NoticeKind::Resolved);
    let worst = open.clone().map(|one| one.alert.criticality).max();
    let mark = worst.map_or("resolved", |worst| worst.as_str());
    let what = match notices {
        [one] => format!("{}: {}", title(&one.alert), one.alert.object),
        all => format!("{} alerts, {} of them open", all.len(), open.count()),
    };
    let line: String = visible(&format!("[{mark}] {what}")).chars().take(SUBJECT_CHARS).collect();
    line
}

/// An alert's title, or its name if it has none.
pub(super) fn title(alert: &Alert) -> &str {
    if alert.title.is_empty() { &alert.definition } else { &alert.title }
}

/// What has become of it, in a word.
pub(super) fn happened(happened: NoticeKind) -> &'static str {
    match happened {
        NoticeKind::Opened => "opened",
        NoticeKind::Changed => "changed",
        NoticeKind::Repeated => "still open",
        NoticeKind::Resolved => "resolved",
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
        let text: String = visible(&line.text).chars().take(LINE_CHARS).collect();
        format!("{}:{} {text}", visible(&line.source), line.line)
    })
}

fn text(message: &Message) -> String {
    let (notices, more) = some(message);
    let mut text = String::new();
    // Writing into memory does not fail.
    for notice in notices {
        let alert = &notice.alert;
        let _ = writeln!(text, "{} ({})", visible(title(alert)), happened(notice.happened));
        let _ = writeln!(text, "{}\n", visible(&alert.summary));
        for (name, value) in facts(alert) {
            let _ = writeln!(text, "{name}: {}", visible(&value));
        }
        section(&mut text, "What to do", alert.recommendations.iter().map(|one| visible(one)));
        section(&mut text, "What shows it", evidence(alert));
        section(&mut text, "Why", why::lines(&alert.why).iter().map(|one| visible(one)));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use super::*;
    use crate::sample::notice;

    fn message(notices: Vec<Notice>, key: &str) -> Message {
        Message { receiver: "r".into(), bundle: BTreeMap::new(), notices, key: key.into() }
    }

    fn written(message: &Message) -> String {
        let from = "Life signs <signs@example.org>".parse().unwrap();
        let to = ["ops@example.org".parse().unwrap()];
        String::from_utf8(letter(message, &from, &to).unwrap()).unwrap()
    }

    #[test]
    fn a_letter_has_both_forms_and_a_name_that_stays() {
        let message = message(vec![notice("a", NoticeKind::Opened)], "0123abcd");
        let text = written(&message);
        for part in [
            "Message-ID: <0123abcd@example.org>\r\n",
            "References: <a@example.org>\r\n",
            "Subject: [critical] Docker on production VM: vm-7\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
            "&lt;b&gt;here&lt;/b&gt;",
            "Please call your compliance hotline",
            "POST /containers/create\\u{1b}[2J",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        assert!(text.is_ascii() && !text.contains('\u{1b}'));
        assert_eq!(text.matches("Message-ID: ").count(), 1);
    }

    #[test]
    fn no_log_writes_a_header() {
        let mut bad = notice("a\r\nBcc: x@example.org", NoticeKind::Opened);
        bad.alert.title = "T\r\nBcc: x@example.org\r\n\r\nBody".into();
        bad.alert.object = "vm\nCc: y@example.org".into();
        let text = written(&message(vec![bad], "k\r\nBcc: z@example.org"));
        let (head, _) = text.split_once("\r\n\r\n").unwrap();
        for line in head.lines() {
            assert!(!line.starts_with("Bcc") && !line.starts_with("Cc") && !line.starts_with("Body"), "{head}");
        }
        assert!(head.contains("Subject: [critical] T\\r\\nBcc: x@example.org"), "{head}");
    }

    #[test]
    fn subjects_count_and_say_when_it_is_over() {
        let notices = [notice("a", NoticeKind::Opened), notice("b", NoticeKind::Resolved)];
        assert_eq!(subject(&notices), "[critical] 2 alerts, 1 of them open");
        assert_eq!(subject(&notices[1..]), "[resolved] Docker on production VM: vm-7");
        let mut long = notice("a", NoticeKind::Opened);
        long.alert.object = "é".repeat(1000);
        assert_eq!(subject(&[long]).chars().count(), SUBJECT_CHARS);
    }

    #[test]
    fn many_alerts_are_counted() {
        let notices = (0..60).map(|number| notice(&number.to_string(), NoticeKind::Opened)).collect();
        assert!(written(&message(notices, "k")).contains("and 10 more"));
    }
}
