//! The decoders of plain lines and of those that may hold others: NDJSON, syslog, and the one that looks
//! at how each line begins, for files that mix formats.

use lifesigns_model::{Decoder, LogRecord, SharedClock};

use super::{
    context::Context, json::InvalidJson, ndjson, noise, payload, plain, syslog, tag::Confidence, time::Reference,
    time_hint,
};

/// Looks at each line by itself.
pub(crate) struct AutoDecoder(pub(crate) SharedClock);

impl Decoder for AutoDecoder {
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a> {
        let (text, reference) = (noise::skip(line), Reference(&*self.0));
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

    fn escapes(&self) -> bool {
        true
    }

    fn facts(&self) -> bool {
        true
    }

    fn may_have_time(&self, line: &[u8]) -> bool {
        time_hint::may_have_time(line)
    }
}

/// One JSON object a line.
pub(crate) struct NdjsonDecoder(pub(crate) SharedClock);

impl Decoder for NdjsonDecoder {
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a> {
        let (text, reference) = (noise::skip_blank(line), Reference(&*self.0));
        if text.starts_with('{') {
            let found = ndjson::layer(text, Context::line(reference)).map(payload::open);
            return found.unwrap_or_else(|InvalidJson| plain::record(text, reference, true));
        }
        plain::record(noise::skip(line), reference, false)
    }

    fn escapes(&self) -> bool {
        true
    }

    fn facts(&self) -> bool {
        true
    }

    fn may_have_time(&self, line: &[u8]) -> bool {
        time_hint::may_have_time(line)
    }
}

/// Syslog lines, as sent or as written to files.
pub(crate) struct SyslogDecoder(pub(crate) SharedClock);

impl Decoder for SyslogDecoder {
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a> {
        let text = noise::skip(line);
        let context = Context::line(Reference(&*self.0));
        let sent = text.starts_with('<');
        let layer = if sent { syslog::sent(text, context) } else { syslog::written(text, context, Confidence::Named) };
        layer.map(payload::open).unwrap_or_else(|| plain::record(text, context.reference, sent))
    }

    fn escapes(&self) -> bool {
        true
    }

    fn facts(&self) -> bool {
        true
    }

    fn may_have_time(&self, line: &[u8]) -> bool {
        time_hint::may_have_time(line)
    }
}

/// Each line is a message.
pub(crate) struct PlainDecoder(pub(crate) SharedClock);

impl Decoder for PlainDecoder {
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a> {
        plain::record(noise::skip(line), Reference(&*self.0), false)
    }

    fn escapes(&self) -> bool {
        false
    }

    fn facts(&self) -> bool {
        false
    }

    fn may_have_time(&self, line: &[u8]) -> bool {
        time_hint::may_have_time(line)
    }
}
