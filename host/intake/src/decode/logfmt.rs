//! logfmt as logrus (dockerd, containerd), Go's slog and go-kit write it: `key=value` pairs, values
//! bare or in Go's quotes.

use std::borrow::Cow;

use lifesigns_model::{Decoder, Record, SharedClock, limits};
use memchr::memchr2;

use super::{
    go, plain,
    time::{self, Reference},
};

pub(crate) struct Logfmt(pub(crate) SharedClock);

impl Decoder for Logfmt {
    fn decode<'a>(&self, line: &'a str) -> Record<'a> {
        record(line).unwrap_or_else(|began| plain::record(line, Reference(&*self.0), began))
    }

    fn escapes(&self) -> bool {
        true
    }

    fn facts(&self) -> bool {
        false
    }
}

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

/// The line as logfmt, or whether it began like it.
pub(crate) fn record(line: &str) -> Result<Record<'_>, bool> {
    let mut record = Record { fields: Vec::with_capacity(8), ..Record::default() };
    let mut pairs = Pairs { line, at: 0 };
    let mut began = false;
    while let Some(pair) = pairs.next().map_err(|Broken| began)? {
        began = true;
        add(&mut record, pair);
    }
    if !began {
        return Err(false);
    }
    if record.message.is_none() {
        record.message = Some(line.into());
    }
    Ok(record)
}

fn add<'a>(record: &mut Record<'a>, (key, value): (&'a str, Cow<'a, str>)) {
    match key {
        "msg" | "message" if record.message.is_none() => {
            record.message = Some(value);
            return;
        }
        "time" | "ts" | "t" if record.time_ns.is_none() => {
            record.time_ns = time::value(&value);
            if record.time_ns.is_some() {
                return;
            }
        }
        _ => {}
    }
    if record.fields.len() < limits::FIELDS {
        record.fields.push((key.into(), value));
    }
}

struct Broken;

struct Pairs<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Pairs<'a> {
    fn next(&mut self) -> Result<Option<(&'a str, Cow<'a, str>)>, Broken> {
        let bytes = self.line.as_bytes();
        while bytes.get(self.at).is_some_and(|byte| *byte <= b' ') {
            self.at += 1;
        }
        let start = self.at;
        let Some(len) = bytes[start..].iter().position(|byte| *byte <= b' ' || matches!(byte, b'=' | b'"')) else {
            return if start == bytes.len() { Ok(None) } else { Err(Broken) };
        };
        let key = &self.line[start..start + len];
        if key.is_empty() || bytes[start + len] != b'=' {
            return Err(Broken);
        }
        self.at = start + len + 1;
        let value = if bytes.get(self.at) == Some(&b'"') { self.quoted()? } else { Cow::Borrowed(self.bare()) };
        Ok(Some((key, value)))
    }

    fn bare(&mut self) -> &'a str {
        let rest = &self.line[self.at..];
        let len = memchr2(b' ', b'\t', rest.as_bytes()).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    fn quoted(&mut self) -> Result<Cow<'a, str>, Broken> {
        let rest = &self.line[self.at + 1..];
        let len = quoted_len(rest.as_bytes()).ok_or(Broken)?;
        self.at += len + 2;
        if self.line.as_bytes().get(self.at).is_some_and(|byte| *byte > b' ') {
            return Err(Broken);
        }
        Ok(go::unquote(&rest[..len]))
    }
}

/// Where the quote is that ends a quoted value.
fn quoted_len(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}
