//! Headers of RFC 5424. What follows a fault in one is the message, and what is before it counts.

use std::borrow::Cow;

use lifesigns_model::{LogRecord, limits};
use memchr::memchr2;

use super::{logfmt, time};

/// Reads `TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG` and returns the message.
/// `None` if not even the time is one.
pub(crate) fn read<'a>(text: &'a str, record: &mut LogRecord<'a>) -> Option<&'a str> {
    let (time, mut rest) = text.split_once(' ').unwrap_or_else(|| text.split_at(text.len()));
    if time != "-" {
        let stamp = time::iso(time.as_bytes()).filter(|stamp| stamp.len == time.len())?;
        record.time_ns = stamp.ns;
    }
    for part in [Part::Host, Part::App, Part::Field("procid"), Part::Field("msgid")] {
        // Some senders leave fields out.
        if part != Part::Host && (rest.starts_with('{') || logfmt::begins(rest.as_bytes())) {
            record.malformed = true;
            return Some(rest);
        }
        let Some((word, after)) = rest.split_once(' ') else {
            record.malformed = true;
            put(record, part, rest);
            return Some(&rest[rest.len()..]);
        };
        put(record, part, word);
        rest = after;
    }
    Some(message(rest, record))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Host,
    App,
    Field(&'static str),
}

fn put<'a>(record: &mut LogRecord<'a>, part: Part, word: &'a str) {
    if matches!(word, "" | "-") {
        return;
    }
    match part {
        Part::Host => record.object = Some(Cow::Borrowed(word)),
        Part::App => record.app = Some(Cow::Borrowed(word)),
        Part::Field(name) => record.fields.push((Cow::Borrowed(name), Cow::Borrowed(word))),
    }
}

/// What follows the structured data, or all of `text` if there is none.
fn message<'a>(text: &'a str, record: &mut LogRecord<'a>) -> &'a str {
    let after = match text.strip_prefix('-') {
        Some(after) => Some(after),
        None => structured(text, record),
    };
    match after {
        Some("") => &text[text.len()..],
        Some(after) if after.starts_with(' ') => &after[1..],
        _ => {
            record.malformed = true;
            text
        }
    }
}

/// `[id name="value" …][id …]` of RFC 5424, 6.3, as fields `id.name`; returns what follows.
fn structured<'a>(text: &'a str, record: &mut LogRecord<'a>) -> Option<&'a str> {
    let mut rest = text;
    while let Some(element) = rest.strip_prefix('[') {
        let end = memchr2(b' ', b']', element.as_bytes()).filter(|end| (1..=limits::KEY_BYTES).contains(end))?;
        let id = &element[..end];
        rest = &element[end..];
        while let Some(param) = rest.strip_prefix(' ') {
            if param.starts_with(']') {
                rest = param;
                break;
            }
            let (name, quoted) = param.split_once("=\"").filter(|(name, _)| !name.contains([' ', ']']))?;
            let (value, after) = value(quoted)?;
            rest = after;
            if record.fields.len() < limits::FIELDS {
                record.fields.push((Cow::Owned([id, ".", name].concat()), value));
            }
        }
        rest = rest.strip_prefix(']')?;
    }
    (rest.len() < text.len()).then_some(rest)
}

/// Returns a parameter's value up to its quote, with `\"`, `\\` and `\]` undone; any other backslash stands for itself.
fn value(quoted: &str) -> Option<(Cow<'_, str>, &str)> {
    let bytes = quoted.as_bytes();
    let mut at = memchr2(b'"', b'\\', bytes)?;
    if bytes[at] == b'"' {
        return Some((Cow::Borrowed(&quoted[..at]), &quoted[at + 1..]));
    }
    let (mut text, mut start) = (String::with_capacity(at + 32), 0);
    loop {
        text.push_str(&quoted[start..at]);
        if bytes[at] == b'"' {
            return Some((Cow::Owned(text), &quoted[at + 1..]));
        }
        if !matches!(bytes.get(at + 1), Some(b'"' | b'\\' | b']')) {
            text.push('\\');
            start = at + 1;
            at = start;
        } else {
            start = at + 1;
            at += 2;
        }
        at += memchr2(b'"', b'\\', &bytes[at..])?;
    }
}
