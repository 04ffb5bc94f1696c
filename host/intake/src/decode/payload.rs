//! A log line inside another: dockerd behind syslog, logfmt or JSON in a container's JSON log.

use std::borrow::Cow;

use lifesigns_model::{Facts, Record, limits};

use super::{
    logfmt,
    ndjson::{self, Place},
};

/// The record that `text` is, if it begins like logfmt or JSON (also after `@cee:`) and is that.
pub(crate) fn decode(text: &str, place: Place) -> Option<Record<'_>> {
    let text = text.strip_prefix("@cee:").map_or(text, str::trim_ascii_start);
    if text.starts_with('{') {
        return ndjson::record(text, place).ok();
    }
    if logfmt::begins(text.as_bytes()) { logfmt::record(text).ok() } else { None }
}

/// Decodes a text that may be borrowed from the line or not.
pub(crate) fn decode_cow<'a>(text: &Cow<'a, str>, place: Place) -> Option<Record<'a>> {
    match text {
        Cow::Borrowed(text) => decode(text, place),
        Cow::Owned(text) => decode(text, place).map(owned),
    }
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
