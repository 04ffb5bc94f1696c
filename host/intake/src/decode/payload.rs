//! A log line inside another: one mechanism, bounded in depth, for everything that stands around what
//! a program wrote. What surrounds it says how far it is trusted.

use std::borrow::Cow;

use lifesigns_model::{Facts, Record, limits};

use super::{envelope, events, header::Doubt, logfmt, ndjson, noise, syslog, terminal, time::Reference};

/// Lines in each other that are looked at: a shipper's JSON, a container's JSON log, a syslog header,
/// and what is in it.
const DEPTH: u8 = 5;

/// Where a text stands, which says how far it is trusted and how it is read.
#[derive(Clone, Copy)]
pub(crate) struct Place<'c> {
    /// For times without a year.
    pub(crate) reference: Reference<'c>,
    trust: Trust,
    /// So many lines may still be inside.
    left: u8,
    /// The text stands in the raw line as it is.
    verbatim: bool,
    /// The text is what a relay passed on: its header may name the object.
    relayed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// It is the line.
    Line,
    /// It is the message of a syslog line: it may carry facts.
    Syslog,
    /// It is what a program wrote and something else wrapped: it may neither carry facts nor name its
    /// object.
    Log,
}

impl<'c> Place<'c> {
    /// The line itself.
    pub(crate) const fn line(reference: Reference<'c>) -> Self {
        Self { reference, trust: Trust::Line, left: DEPTH, verbatim: true, relayed: false }
    }

    /// Inside a syslog line, which names its program unless it was `relayed`.
    pub(crate) fn syslog(self, relayed: bool) -> Self {
        let trust = if self.trust == Trust::Log { Trust::Log } else { Trust::Syslog };
        Self { trust, relayed, left: self.left.saturating_sub(1), ..self }
    }

    /// Inside a JSON log or behind a prefix.
    pub(crate) const fn log(self) -> Self {
        Self { trust: Trust::Log, relayed: false, left: self.left.saturating_sub(1), ..self }
    }

    /// Behind a mark that says nothing about who wrote what follows.
    const fn same(self) -> Self {
        Self { left: self.left.saturating_sub(1), ..self }
    }

    const fn copied(self) -> Self {
        Self { verbatim: false, ..self }
    }

    pub(crate) fn is_line(self) -> bool {
        self.trust == Trust::Line
    }

    pub(crate) const fn is_verbatim(self) -> bool {
        self.verbatim
    }

    pub(crate) fn may_say_facts(self) -> bool {
        self.trust != Trust::Log
    }

    pub(crate) fn may_name_object(self) -> bool {
        self.trust != Trust::Log
    }

    /// Whether a syslog header here may name the object.
    pub(crate) fn header_names_object(self) -> bool {
        self.is_line() || (self.relayed && self.may_name_object())
    }
}

/// The record that `text` is, if it begins like one of the shapes that carry or are a log line.
pub(crate) fn decode<'a>(text: &'a str, place: Place<'_>) -> Option<Record<'a>> {
    if place.left == 0 {
        return None;
    }
    let text = noise::skip_blank(text);
    let bytes = text.as_bytes();
    match bytes.first()? {
        b'{' => ndjson::record(text, place).ok(),
        b'@' => decode(text.strip_prefix("@cee:")?, place.same()),
        b'<' => syslog::sent(text, place),
        first if first.is_ascii_alphanumeric() || matches!(first, b'[' | b'*') => worded(text, place),
        _ => None,
    }
}

fn worded<'a>(text: &'a str, place: Place<'_>) -> Option<Record<'a>> {
    let bytes = text.as_bytes();
    if logfmt::begins(bytes) {
        return if place.is_line() { logfmt::record(text) } else { logfmt::payload(text) };
    }
    if bytes[0].is_ascii_uppercase()
        && let Some(record) = terminal::record(text)
    {
        return Some(record);
    }
    if matches!(bytes[0], b'0'..=b'9' | b'[')
        && let Some(record) = events::text(text)
    {
        return Some(record);
    }
    if let Some(inside) = envelope::counted(text) {
        return decode(inside, place.same());
    }
    let doubt = if place.is_line() { Doubt::Dated } else { Doubt::All };
    if let Some(record) = syslog::written(text, place, doubt) {
        return Some(record);
    }
    let (mut record, inside) = envelope::open(text)?;
    merge(&mut record, decode(inside, place.log())?);
    Some(record)
}

/// Decodes a text that may be borrowed from the line or not.
pub(crate) fn decode_cow<'a>(text: &Cow<'a, str>, place: Place<'_>) -> Option<Record<'a>> {
    match text {
        Cow::Borrowed(text) => decode(text, place),
        Cow::Owned(text) => decode(text, place.copied()).map(owned),
    }
}

/// Whether `text` begins like something that only a log line begins like.
pub(crate) fn begins(text: &str) -> bool {
    let text = noise::skip_blank(text);
    text.starts_with(['{', '<']) || logfmt::begins(text.as_bytes()) || terminal::record(text).is_some()
}

/// Puts what the inner line says over what the outer one says, but for the app, which the outer line
/// keeps if it has one. Of fields with equal names the inner one counts.
pub(crate) fn merge<'a>(outer: &mut Record<'a>, inner: Record<'a>) {
    let Record { time_ns, object, app, message, mut fields, facts, malformed } = inner;
    outer.time_ns = time_ns.or(outer.time_ns);
    outer.object = object.or_else(|| outer.object.take());
    outer.app = outer.app.take().or(app);
    outer.message = message;
    fields.append(&mut outer.fields);
    fields.truncate(limits::FIELDS);
    outer.fields = fields;
    outer.facts = facts;
    outer.malformed |= malformed;
}

fn owned(record: Record<'_>) -> Record<'static> {
    let text = |text: Cow<'_, str>| Cow::<'static, str>::Owned(text.into_owned());
    Record {
        time_ns: record.time_ns,
        object: record.object.map(text),
        app: record.app.map(text),
        message: record.message.map(text),
        fields: record.fields.into_iter().map(|(name, value)| (text(name), text(value))).collect(),
        facts: record.facts.map(|facts| Facts {
            kind: facts.kind.map(text),
            parent: facts.parent.map(text),
            properties: facts.properties.into_iter().map(|(name, value)| (text(name), value.map(text))).collect(),
            metrics: facts.metrics.into_iter().map(|(name, value)| (text(name), value)).collect(),
        }),
        malformed: record.malformed,
    }
}
