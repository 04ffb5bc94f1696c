//! The form in which logrus (dockerd, containerd, many Go programs) writes to a terminal:
//! `DEBU[2023-03-19T09:53:53.2+08:00] message        key=value`, `INFO[0007] message`, with or without
//! colours.

use std::borrow::Cow;

use lifesigns_model::{LogRecord, limits};
use memchr::{memchr, memmem};

use super::{go, noise, time};

/// What is before the bracket, cut to four letters or not, and the level that logfmt has for it.
const LEVELS: [(&str, &str); 12] = [
    ("DEBU", "debug"),
    ("INFO", "info"),
    ("WARN", "warning"),
    ("ERRO", "error"),
    ("FATA", "fatal"),
    ("PANI", "panic"),
    ("TRAC", "trace"),
    ("DEBUG", "debug"),
    ("WARNING", "warning"),
    ("ERROR", "error"),
    ("FATAL", "fatal"),
    ("TRACE", "trace"),
];
/// Two spaces are before the first field, and may be within a message too: fields are looked for at this
/// many places.
const PLACES: usize = 16;
const STAMP_BYTES: usize = 48;

type Fields<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Returns the record that `text` is. Seconds since the program's start are no time.
pub(crate) fn record(text: &str) -> Option<LogRecord<'_>> {
    let len = text.bytes().take(8).take_while(u8::is_ascii_uppercase).count();
    // A word in capitals is no level, if not even something to skip is behind it.
    if matches!(text.as_bytes().get(len), None | Some(b' ' | b':' | b'-'..=b'9' | b'A'..=b'Z' | b'a'..=b'z')) {
        return None;
    }
    let (_, level) = LEVELS.iter().find(|(word, _)| *word == &text[..len])?;
    let rest = noise::skip(&text[len..]).strip_prefix('[')?;
    let end = memchr(b']', &rest.as_bytes()[..rest.len().min(STAMP_BYTES)])?;
    let (stamp, rest) = (&rest[..end], &rest[end + 1..]);
    let time_ns = time::iso(stamp.as_bytes()).filter(|iso| iso.len == stamp.len()).map(|iso| iso.ns);
    let seconds = !stamp.is_empty() && stamp.len() <= 10 && stamp.bytes().all(|byte| byte.is_ascii_digit());
    if time_ns.is_none() && !seconds {
        return None;
    }
    let rest = rest.strip_prefix(' ')?.trim_matches([' ', '\t']);
    let mut fields = Vec::with_capacity(4);
    fields.push((Cow::Borrowed("level"), Cow::Borrowed(*level)));
    let (message, more) = split(rest);
    fields.extend(more);
    fields.truncate(limits::FIELDS);
    Some(LogRecord { time_ns: time_ns.flatten(), message: Some(message.into()), fields, ..LogRecord::default() })
}

/// Returns the message and the fields that are behind it, two spaces or more apart.
fn split(text: &str) -> (&str, Fields<'_>) {
    // A record without a message begins with its fields.
    if let Some(fields) = fields(text).filter(|fields| !fields.is_empty()) {
        return (&text[..0], fields);
    }
    for at in memmem::find_iter(text.as_bytes(), b"  ").take(PLACES) {
        if let Some(fields) = fields(&text[at..]) {
            return (text[..at].trim_end(), fields);
        }
    }
    (text, Vec::new())
}

/// Returns the fields that `text` consists of; `None` if it is anything else.
fn fields(text: &str) -> Option<Fields<'_>> {
    let mut fields = Vec::new();
    let mut rest = noise::skip_blank(text);
    while !rest.is_empty() {
        let end = rest.bytes().position(|byte| matches!(byte, 0..=b' ' | b'=' | b'"' | b'#'))?;
        let (key, after) = rest.split_at(end);
        let value = noise::skip(after).strip_prefix('=').filter(|_| end > 0)?;
        let (value, after) = match value.strip_prefix('"') {
            Some(quoted) => {
                let len = go::quoted_len(quoted.as_bytes())?;
                (go::unquote(&quoted[..len]), &quoted[len + 1..])
            }
            None => {
                let len = value.bytes().position(|byte| byte <= b' ').unwrap_or(value.len());
                (Cow::Borrowed(&value[..len]), &value[len..])
            }
        };
        if fields.len() < limits::FIELDS {
            fields.push((Cow::Borrowed(key), value));
        }
        rest = noise::skip_blank(after);
    }
    Some(fields)
}
