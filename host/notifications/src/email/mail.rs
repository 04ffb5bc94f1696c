//! A mail in full: headers, the body as text and as HTML.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::{
    Mailbox, MessageBuilder, MultiPart,
    header::{HeaderName, HeaderValue},
};

use super::{
    body,
    content::{MailContent, subject},
};
use crate::{anchor::AuditHead, message::Message};

/// Returns the whole mail about alerts, as it is sent at `now_ns`.
pub(super) fn alert_mail(message: &Message, from: &Mailbox, to: &[Mailbox], now_ns: u64) -> Result<Vec<u8>, String> {
    let domain = from.email.domain();
    let mut builder = lettre::Message::builder()
        .from(from.clone())
        .date(UNIX_EPOCH + Duration::from_nanos(now_ns))
        .subject(subject(&message.notices))
        .message_id(Some(format!("<{}@{domain}>", identifier(&message.key))));
    for mailbox in to {
        builder = builder.to(mailbox.clone());
    }
    if let [one] = message.notices.as_slice() {
        // Mails about one alert are one thread.
        builder = builder.references(format!("<{}@{domain}>", identifier(&one.alert.id)));
    }
    let (text, html) = body::render(&MailContent::new(message)).map_err(|why| why.to_string())?;
    let body = MultiPart::alternative_plain_html(text, html);
    let mail = automatic(builder).multipart(body).map_err(|why| why.to_string())?;
    Ok(mail.formatted())
}

/// Returns the mail that carries the head of the audit log, as it is sent at `now_ns`.
pub(super) fn audit_mail(
    head: &AuditHead,
    key: &str,
    from: &Mailbox,
    to: &[Mailbox],
    now_ns: u64,
) -> Result<Vec<u8>, String> {
    let mut builder = lettre::Message::builder()
        .from(from.clone())
        .date(UNIX_EPOCH + Duration::from_nanos(now_ns))
        .subject(format!("[audit] head of the audit log: entry {}", head.number))
        .message_id(Some(format!("<{}@{}>", identifier(key), from.email.domain())));
    for mailbox in to {
        builder = builder.to(mailbox.clone());
    }
    let mail = automatic(builder).body(head.text()).map_err(|why| why.to_string())?;
    Ok(mail.formatted())
}

/// Marks a mail as sent by a program, so that no program answers it.
fn automatic(mut builder: MessageBuilder) -> MessageBuilder {
    for (name, value) in [("Auto-Submitted", "auto-generated"), ("X-Auto-Response-Suppress", "All")] {
        builder = builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()));
    }
    builder
}

/// Returns `text` with only what a message identifier may hold, at most 64 characters. Keys and ids are
/// hexadecimal digits already.
fn identifier(text: &str) -> String {
    text.chars().map(|it| if it.is_ascii_alphanumeric() { it } else { '-' }).take(64).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use lifesigns_compliance::{Notice, NoticeKind};

    use super::*;
    use crate::sample::notice;

    fn message(notices: Vec<Notice>, key: &str) -> Message {
        Message { receiver: "r".into(), bundle: BTreeMap::new(), notices, key: key.into() }
    }

    fn written(message: &Message) -> String {
        let from = "Life signs <signs@example.org>".parse().unwrap();
        let to = ["ops@example.org".parse().unwrap()];
        String::from_utf8(alert_mail(message, &from, &to, 1_795_500_000_000_000_000).unwrap()).unwrap()
    }

    #[test]
    fn a_mail_has_both_forms_and_a_stable_identifier() {
        let message = message(vec![notice("a", NoticeKind::Opened)], "0123abcd");
        let text = written(&message);
        for part in [
            "Message-ID: <0123abcd@example.org>\r\n",
            "Date: Tue, 24 Nov 2026 06:00:00 +0000\r\n",
            "References: <a@example.org>\r\n",
            "Subject: [critical] Docker on production VM: vm-7\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
            "&lt;b&gt;here&lt;&#x2f;b&gt;",
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
}
