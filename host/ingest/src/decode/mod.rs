//! From the bytes of a request to records: one pure function for each protocol. Nothing here knows HTTP.

pub(crate) mod agent;
pub(crate) mod elastic;
pub(crate) mod events;
pub(crate) mod hec;
pub(crate) mod labels;
pub(crate) mod log_insight;
pub(crate) mod loki;
pub(crate) mod metric_names;
pub(crate) mod object_facts;
pub(crate) mod otlp;
pub(crate) mod remote_write;

use std::borrow::Cow;

use lifesigns_intake::{InvalidJson, JsonReader};
use lifesigns_model::{Decoder, LogRecord, NS_PER_S};

use crate::{batch::EventBatch, protobuf::InvalidProtobuf};
pub(crate) use metric_names::MetricNames;

/// What decoders know beside the bytes.
#[derive(Clone, Copy)]
pub(crate) struct DecodeContext<'c> {
    /// The object of what names none.
    pub(crate) object: &'c str,
    /// Decodes the text of a record.
    pub(crate) decoder: &'c dyn Decoder,
    /// Which samples become facts.
    pub(crate) metrics: &'c MetricNames,
    /// The host's clock, nanoseconds since the Unix epoch.
    pub(crate) now_ns: u64,
    /// Items that a request may have.
    pub(crate) most_items: u64,
}

/// Why a request cannot be decoded, or only up to a place in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecodeError {
    #[error("{0}")]
    Malformed(String),
    #[error("a request has at most {0} items; send them in several")]
    TooManyItems(u64),
}

impl DecodeError {
    pub(crate) fn malformed(why: impl Into<String>) -> Self {
        Self::Malformed(why.into())
    }
}

impl From<InvalidJson> for DecodeError {
    fn from(_: InvalidJson) -> Self {
        Self::malformed("it is not JSON of the shape that this path takes")
    }
}

impl From<InvalidProtobuf> for DecodeError {
    fn from(error: InvalidProtobuf) -> Self {
        Self::malformed(error.to_string())
    }
}

impl DecodeContext<'_> {
    /// Fails if the batch has as many items as a request may have.
    pub(crate) fn check_items(&self, batch: &EventBatch) -> Result<(), DecodeError> {
        if batch.items() < self.most_items { Ok(()) } else { Err(DecodeError::TooManyItems(self.most_items)) }
    }
}

/// What a protocol says about an event beside its text.
#[derive(Debug, Default)]
pub(crate) struct Envelope<'a> {
    pub(crate) time_ns: Option<u64>,
    pub(crate) object: Option<Cow<'a, str>>,
    pub(crate) app: Option<Cow<'a, str>>,
    pub(crate) fields: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Envelope<'a> {
    /// Returns the record that `text` is, with what the envelope says: its time, object and app count before
    /// those in the text, its fields come after. A text that has facts names its object itself.
    pub(crate) fn record(self, text: &'a str, decoder: &dyn Decoder) -> LogRecord<'a> {
        let mut record = decoder.decode(text);
        record.time_ns = self.time_ns.or(record.time_ns);
        if record.facts.is_none() {
            record.object = self.object.filter(|object| !object.is_empty()).or(record.object);
        }
        record.app = self.app.filter(|app| !app.is_empty()).or(record.app);
        record.fields.extend(self.fields);
        record
    }
}

/// Returns the value that comes next as text: a string without its quotes, everything else as it is written;
/// `None` for `null`.
pub(crate) fn text_of<'a>(json: &mut JsonReader<'a>) -> Result<Option<Cow<'a, str>>, InvalidJson> {
    if json.peek() == b'"' {
        return json.string().map(Some);
    }
    let raw = json.raw()?;
    Ok((raw != "null").then_some(Cow::Borrowed(raw)))
}

/// Returns the whole number that comes next, which may be in a string, as 64-bit numbers are in the JSON of
/// protocol buffers.
pub(crate) fn whole_of(json: &mut JsonReader<'_>) -> Result<Option<u64>, InvalidJson> {
    let Some(text) = text_of(json)? else { return Ok(None) };
    text.parse().map(Some).map_err(|_| InvalidJson)
}

/// Returns what `text` says of a time in seconds since the Unix epoch, as nanoseconds: with a fraction of any
/// length. `None` for what is no such time.
pub(crate) fn seconds_ns(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanos = nanos.fold(0, |nanos, digit| nanos * 10 + u64::from(digit - b'0'));
    whole.parse::<u64>().ok()?.checked_mul(NS_PER_S)?.checked_add(nanos)
}

/// Returns `text` as whole characters of at most `bytes`, and whether that cut it.
pub(crate) fn bounded(text: &str, bytes: usize) -> (&str, bool) {
    if text.len() <= bytes { (text, false) } else { (&text[..text.floor_char_boundary(bytes)], true) }
}

/// Appends `text` to JSON, as a string.
pub(crate) fn push_json_string(json: &mut String, text: &str) {
    // A string can always be written.
    json.push_str(&serde_json::to_string(text).unwrap_or_default());
}
