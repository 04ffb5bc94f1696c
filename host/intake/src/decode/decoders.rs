//! One line by each format. NDJSON and syslog lines may hold others, and so may every line that is looked at by
//! itself, for files that mix formats.

use lifesigns_model::LogRecord;

use super::{
    context::Context, json::InvalidJson, logfmt, ndjson, noise, payload, plain, reference::Reference, syslog,
    tag::Confidence, terminal, time,
};

/// Looks at each line by itself.
pub(super) fn auto<'a>(line: &'a str, reference: Reference<'_>) -> LogRecord<'a> {
    let text = noise::skip(line);
    let found = match text.as_bytes().first() {
        // Indented: a part of something.
        None | Some(b' ' | b'\t' | b'@') => None,
        Some(_) => payload::decode(text, Context::line(reference)),
    };
    found.unwrap_or_else(|| {
        let began = matches!(text.as_bytes(), [b'{', ..] | [b'<', b'0'..=b'9', ..]);
        plain::record(text, reference, began)
    })
}

/// Each line is a message.
pub(super) fn plain<'a>(line: &'a str, reference: Reference<'_>) -> LogRecord<'a> {
    plain::record(noise::skip(line), reference, false)
}

/// Syslog lines, as sent or as written to files.
pub(super) fn syslog<'a>(line: &'a str, reference: Reference<'_>) -> LogRecord<'a> {
    let text = noise::skip(line);
    let context = Context::line(reference);
    let sent = text.starts_with('<');
    let layer = if sent {
        syslog::sent(text, context)
    } else {
        syslog::written(text, time::iso(text.as_bytes()), context, Confidence::Named)
    };
    layer.map(payload::open).unwrap_or_else(|| plain::record(text, reference, sent))
}

/// Pairs of keys and values, as written to files and to a terminal.
pub(super) fn logfmt<'a>(line: &'a str, reference: Reference<'_>) -> LogRecord<'a> {
    let text = noise::skip(line);
    let found = logfmt::record(text, reference).or_else(|| terminal::record(text));
    found.unwrap_or_else(|| plain::record(text, reference, false))
}

/// One JSON object a line.
pub(super) fn ndjson<'a>(line: &'a str, reference: Reference<'_>) -> LogRecord<'a> {
    let text = noise::skip_blank(line);
    if text.starts_with('{') {
        let found = ndjson::layer(text, Context::line(reference)).map(payload::open);
        return found.unwrap_or_else(|InvalidJson| plain::record(text, reference, true));
    }
    plain(line, reference)
}
