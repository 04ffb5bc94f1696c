//! logfmt as logrus (dockerd, containerd), Go's slog and go-kit write it: `key=value` pairs, values
//! bare or in Go's quotes, and keys without a value.

use std::borrow::Cow;

use lifesigns_model::{LogRecord, limits};
use memchr::memchr2;

use super::{go, reference::Reference};

/// Whether a line begins with a pair that logfmt writers begin with.
pub(crate) fn begins(bytes: &[u8]) -> bool {
    let starts = |key: &[u8]| bytes.starts_with(key);
    match bytes.first() {
        Some(b't') => starts(b"time=") || starts(b"ts=") || starts(b"t=2"),
        Some(b'l') => starts(b"level=") || starts(b"lvl="),
        Some(b'm') => starts(b"msg="),
        _ => false,
    }
}

/// Returns the pairs of `line`. A bare key is `true`; what is no pair, and a last value that is cut, makes the record
/// malformed and takes nothing from the rest. `None` if the line does not begin with a pair.
pub(crate) fn record<'a>(line: &'a str, reference: Reference<'_>) -> Option<LogRecord<'a>> {
    let mut record = LogRecord { fields: Vec::with_capacity(8), ..LogRecord::default() };
    let mut pairs = Pairs { line, at: 0, malformed: false };
    let mut began = false;
    while let Some((key, value)) = pairs.next() {
        if !began && value.is_none() {
            return None;
        }
        began = true;
        match value {
            Some(value) => add(&mut record, key, value, reference),
            None => field(&mut record, key, Cow::Borrowed("true")),
        }
    }
    if !began {
        return None;
    }
    record.malformed = pairs.malformed;
    if record.message.is_none() {
        record.message = Some(line.into());
    }
    Some(record)
}

/// Returns the record that `text` is inside of something else. Prose may begin like logfmt, so pairs that are not all
/// sound must say a message.
pub(crate) fn payload<'a>(text: &'a str, reference: Reference<'_>) -> Option<LogRecord<'a>> {
    let record = record(text, reference)?;
    let says = record.message.as_deref().is_some_and(|message| message.len() < text.len());
    (!record.malformed || says).then_some(record)
}

fn add<'a>(record: &mut LogRecord<'a>, key: &'a str, value: Cow<'a, str>, reference: Reference<'_>) {
    match key {
        "msg" | "message" if record.message.is_none() => {
            record.message = Some(value);
            return;
        }
        "time" | "ts" | "t" if record.time_ns.is_none() => {
            record.time_ns = reference.value(&value);
            if record.time_ns.is_some() {
                return;
            }
        }
        _ => {}
    }
    field(record, key, value);
}

fn field<'a>(record: &mut LogRecord<'a>, key: &'a str, value: Cow<'a, str>) {
    if record.fields.len() < limits::FIELDS {
        record.fields.push((key.into(), value));
    }
}

/// Reads pairs from front to back.
struct Pairs<'a> {
    line: &'a str,
    at: usize,
    /// Something was no pair.
    malformed: bool,
}

impl<'a> Pairs<'a> {
    /// Returns the next key, and its value if it has one.
    fn next(&mut self) -> Option<(&'a str, Option<Cow<'a, str>>)> {
        let bytes = self.line.as_bytes();
        loop {
            while bytes.get(self.at).is_some_and(|byte| *byte <= b' ') {
                self.at += 1;
            }
            let rest = &bytes[self.at..];
            let len = rest.iter().position(|byte| *byte <= b' ' || matches!(byte, b'=' | b'"')).unwrap_or(rest.len());
            let key = &self.line[self.at..self.at + len];
            match rest.get(len) {
                None if len == 0 => return None,
                Some(b'=') if len > 0 => {
                    self.at += len + 1;
                    return Some((key, Some(self.value())));
                }
                None | Some(0..=b' ') => {
                    self.malformed = true;
                    self.at += len;
                    return Some((key, None));
                }
                // A quote or an equals sign out of place: what is left of the word is no pair.
                Some(_) => {
                    self.malformed = true;
                    self.at += rest.iter().position(|byte| *byte <= b' ').unwrap_or(rest.len());
                }
            }
        }
    }

    fn value(&mut self) -> Cow<'a, str> {
        let rest = &self.line[self.at..];
        let Some(quoted) = rest.strip_prefix('"') else {
            let len = memchr2(b' ', b'\t', rest.as_bytes()).unwrap_or(rest.len());
            self.at += len;
            return Cow::Borrowed(&rest[..len]);
        };
        let Some(len) = go::quoted_len(quoted.as_bytes()) else {
            // The line is cut within the value.
            self.malformed = true;
            self.at = self.line.len();
            return go::unquote(quoted);
        };
        self.at += len + 2;
        self.malformed |= self.line.as_bytes().get(self.at).is_some_and(|byte| *byte > b' ');
        go::unquote(&quoted[..len])
    }
}
