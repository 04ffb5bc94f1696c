//! A log line inside another: one mechanism, bounded in depth, for everything that is around what
//! a program wrote. What surrounds it says how far it is trusted.

use std::borrow::Cow;

use lifesigns_model::LogRecord;

use super::{
    context::Context,
    envelope, events,
    layer::{Layer, merge, owned},
    logfmt, ndjson, noise, syslog,
    tag::Confidence,
    terminal, time,
};

/// Returns the record that `text` is, if it begins like one of the shapes that carry or are a log line.
pub(crate) fn decode<'a>(text: &'a str, context: Context<'_>) -> Option<LogRecord<'a>> {
    if context.is_exhausted() {
        return None;
    }
    let text = noise::skip_blank(text);
    let bytes = text.as_bytes();
    match bytes.first()? {
        b'{' => ndjson::layer(text, context).ok().map(open),
        b'@' => decode(text.strip_prefix("@cee:")?, context.same()),
        b'<' => syslog::sent(text, context).map(open),
        first if first.is_ascii_alphanumeric() || matches!(first, b'[' | b'*') => worded(text, context),
        _ => None,
    }
}

fn worded<'a>(text: &'a str, context: Context<'_>) -> Option<LogRecord<'a>> {
    let bytes = text.as_bytes();
    if logfmt::begins(bytes) {
        return if context.is_line() {
            logfmt::record(text, context.reference)
        } else {
            logfmt::payload(text, context.reference)
        };
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
        return decode(inside, context.same());
    }
    let confidence = if context.is_line() { Confidence::Dated } else { Confidence::All };
    // Read once for both.
    let iso = time::iso(bytes);
    if let Some(layer) = syslog::written(text, iso, context, confidence) {
        return Some(open(layer));
    }
    let (mut record, inside) = envelope::open(text, iso)?;
    merge(&mut record, decode(inside, context.log())?);
    Some(record)
}

/// Decodes a text that may be borrowed from the line or not.
fn decode_cow<'a>(text: &Cow<'a, str>, context: Context<'_>) -> Option<LogRecord<'a>> {
    match text {
        Cow::Borrowed(text) => decode(text, context),
        Cow::Owned(text) => decode(text, context.copied()).map(owned),
    }
}

/// Decodes the content of a layer: a line in it is merged with it, any other text is its message.
pub(crate) fn open<'a>(layer: Layer<'a, '_>) -> LogRecord<'a> {
    let Layer { mut record, content, context } = layer;
    let Some(text) = content else { return record };
    match decode_cow(&text, context) {
        Some(inner) => merge(&mut record, inner),
        None => record.message = Some(text),
    }
    record
}
