//! Syslog lines as they travel (RFC 3164, RFC 5424) and as rsyslog and syslogd write them to files.

use std::borrow::Cow;

use lifesigns_model::{Decoder, Record, SharedClock, limits};
use memchr::{memchr, memchr2};

use super::{
    ndjson::Place,
    payload, plain,
    time::{self, Reference},
};

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
    "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];
const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];
/// Words that stand where a host would in lines that are not syslog.
const LEVELS: [&str; 10] =
    ["trace", "debug", "info", "notice", "warn", "warning", "error", "fatal", "critical", "severe"];
/// RFC 3164 allows 32 for the tag; programs with paths as names exceed it.
const TAG_BYTES: usize = 256;

pub(crate) struct Syslog(pub(crate) SharedClock);

impl Decoder for Syslog {
    fn decode<'a>(&self, line: &'a str) -> Record<'a> {
        record(line, Reference(&*self.0), false)
            .unwrap_or_else(|| plain::record(line, Reference(&*self.0), line.starts_with('<')))
    }

    fn escapes(&self) -> bool {
        true
    }

    fn facts(&self) -> bool {
        true
    }
}

/// The line as syslog. With `doubt`, a line without `<PRI>` must have all signs of it.
pub(crate) fn record<'a>(line: &'a str, reference: Reference<'_>, doubt: bool) -> Option<Record<'a>> {
    let mut record = Record::default();
    let Some(rest) = line.strip_prefix('<') else {
        let rest = written(line, reference, &mut record, doubt)?;
        return Some(finish(record, rest));
    };
    let end = memchr(b'>', &rest.as_bytes()[..rest.len().min(4)])?;
    let priority = rest[..end].parse::<usize>().ok().filter(|priority| *priority < 192 && end > 0)?;
    record.fields.reserve(4);
    record.fields.push((Cow::Borrowed("facility"), Cow::Borrowed(FACILITIES[priority / 8])));
    record.fields.push((Cow::Borrowed("severity"), Cow::Borrowed(SEVERITIES[priority % 8])));
    let rest = &rest[end + 1..];
    let rest = if let Some(rest) = rest.strip_prefix("1 ") {
        sent(rest, &mut record)?
    } else {
        // RFC 3164, 4.3.3: what has no header is all content.
        written(rest, reference, &mut record, false).unwrap_or(rest)
    };
    Some(finish(record, rest))
}

fn finish<'a>(mut record: Record<'a>, message: &'a str) -> Record<'a> {
    match payload::decode(message, Place::Syslog) {
        Some(inner) => payload::merge(&mut record, inner),
        None => record.message = Some(message.into()),
    }
    record
}

/// Reads `time host tag[pid]: ` of RFC 3164 or of rsyslog's file format and returns the message.
fn written<'a>(text: &'a str, reference: Reference<'_>, record: &mut Record<'a>, doubt: bool) -> Option<&'a str> {
    let bytes = text.as_bytes();
    let dated = bytes.first()?.is_ascii_digit();
    let stamp = if dated { time::iso(bytes) } else { reference.bsd(bytes) }?;
    let rest = text[stamp.len..].strip_prefix(' ')?;
    // rsyslog's file format is RFC 3339; what only resembles it is not syslog.
    if dated && !stamp.strict {
        return None;
    }
    let doubt = doubt && dated;
    // What a program writes to the local socket has no host.
    let local = if doubt { None } else { tag(rest) };
    let (host, tagged) = match local {
        Some(tag) => (None, Some(tag)),
        None => {
            let (host, rest) = rest.split_once(' ')?;
            let tagged = tag(rest);
            if doubt && (tagged.is_none() || !is_host(host)) {
                return None;
            }
            (Some(host), Some(tagged.unwrap_or((None, None, rest))))
        }
    };
    let (app, pid, message) = tagged?;
    record.time_ns = stamp.ns;
    record.object = host.filter(|host| !host.is_empty()).map(Cow::Borrowed);
    record.app = app.map(Cow::Borrowed);
    if let Some(pid) = pid {
        record.fields.push((Cow::Borrowed("pid"), Cow::Borrowed(pid)));
    }
    Some(message)
}

type Tagged<'a> = (Option<&'a str>, Option<&'a str>, &'a str);

/// `tag: `, `tag[pid]: ` or `tag[pid] ` and what follows.
fn tag(text: &str) -> Option<Tagged<'_>> {
    let bytes = text.as_bytes();
    let near = &bytes[..bytes.len().min(TAG_BYTES)];
    let end = near.iter().position(|byte| matches!(byte, b'[' | b':' | b' ' | b'=' | b'"' | b'{'))?;
    if end == 0 {
        return None;
    }
    let (pid, after) = if bytes[end] == b'[' {
        let close = end + memchr2(b']', b' ', &near[end..])?;
        if bytes[close] == b' ' || close == end + 1 {
            return None;
        }
        (Some(&text[end + 1..close]), close + 1)
    } else {
        (None, end)
    };
    let message = match (bytes.get(after), bytes.get(after + 1)) {
        (Some(b':'), None) => &text[after + 1..],
        (Some(b':'), Some(b' ')) => &text[after + 2..],
        (Some(b' '), _) if pid.is_some() => &text[after + 1..],
        _ => return None,
    };
    Some((Some(&text[..end]), pid, message))
}

fn is_host(word: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':');
    !word.is_empty()
        && word.bytes().all(allowed)
        && !word.ends_with(':')
        && !LEVELS.iter().any(|level| word.eq_ignore_ascii_case(level))
}

/// Reads `time host app procid msgid structured-data ` of RFC 5424 and returns the message.
fn sent<'a>(text: &'a str, record: &mut Record<'a>) -> Option<&'a str> {
    let mut rest = text;
    let mut word = || {
        let (word, after) = rest.split_once(' ')?;
        rest = after;
        Some(if word == "-" { None } else { Some(word) })
    };
    let time = word()?;
    let (host, app, procid, msgid) = (word()?, word()?, word()?, word()?);
    if let Some(time) = time {
        let stamp = time::iso(time.as_bytes()).filter(|stamp| stamp.len == time.len())?;
        record.time_ns = stamp.ns;
    }
    record.object = host.map(Cow::Borrowed);
    record.app = app.map(Cow::Borrowed);
    for (name, value) in [("procid", procid), ("msgid", msgid)] {
        if let Some(value) = value {
            record.fields.push((Cow::Borrowed(name), Cow::Borrowed(value)));
        }
    }
    let rest = match rest.strip_prefix('-') {
        Some(rest) => rest,
        None => structured(rest, record)?,
    };
    if rest.is_empty() {
        return Some(rest);
    }
    let message = rest.strip_prefix(' ')?;
    Some(message.strip_prefix('\u{feff}').unwrap_or(message))
}

/// `[id name="value" …][id …]` of RFC 5424, 6.3, as fields `id.name`; returns what follows.
fn structured<'a>(text: &'a str, record: &mut Record<'a>) -> Option<&'a str> {
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

/// A parameter's value up to its quote, with `\"`, `\\` and `\]` undone; any other backslash
/// stands for itself.
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
