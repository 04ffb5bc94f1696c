//! Loki's push: streams of labels with lines, as JSON or as a protobuf message.

use std::borrow::Cow;

use lifesigns_intake::JsonReader;
use lifesigns_model::{NS_PER_S, limits};

use super::{
    DecodeContext, DecodeError, Envelope,
    labels::{self, Labels},
    text_of,
};
use crate::{
    batch::EventBatch,
    protobuf::{InvalidProtobuf, WireFields},
};

/// One line of a stream.
#[derive(Debug, Default)]
struct LokiLine<'a> {
    time_ns: Option<u64>,
    line: Cow<'a, str>,
    metadata: Labels<'a>,
}

fn take(
    entry: LokiLine<'_>,
    stream: &Labels<'_>,
    item: &mut u64,
    context: &DecodeContext<'_>,
    batch: &mut EventBatch,
) -> Result<(), DecodeError> {
    context.check_items(batch)?;
    let copied = stream.iter().map(|(name, value)| (Cow::Borrowed(&**name), Cow::Borrowed(&**value)));
    let object = labels::object(stream).or_else(|| labels::object(&entry.metadata));
    let object = object.map(|object| labels::without_port(object).to_owned().into());
    let app = labels::app(stream).or_else(|| labels::app(&entry.metadata)).map(|app| app.to_owned().into());
    let envelope = Envelope { time_ns: entry.time_ns, object, app, fields: copied.chain(entry.metadata).collect() };
    let record = envelope.record(&entry.line, context.decoder);
    batch.read(*item, &record, context.object, &entry.line);
    *item += 1;
    Ok(())
}

/// Decodes `{"streams": [{"stream": {…}, "values": [[ns, line, {…}], …]}, …]}`.
pub(crate) fn json(body: &str, context: &DecodeContext<'_>, batch: &mut EventBatch) -> Result<(), DecodeError> {
    let mut item = 0;
    let mut reader = JsonReader::new(body);
    reader.members(|key, json| {
        if key != "streams" {
            json.raw()?;
            return Ok(());
        }
        json.elements(|json| json_stream(json.raw()?, &mut item, context, batch))
    })?;
    reader.end()?;
    Ok(())
}

fn json_stream(
    raw: &str,
    item: &mut u64,
    context: &DecodeContext<'_>,
    batch: &mut EventBatch,
) -> Result<(), DecodeError> {
    let (mut stream, mut values) = (Vec::new(), None);
    JsonReader::new(raw).members(|key, json| -> Result<(), DecodeError> {
        match key {
            "stream" => stream = pairs(json)?,
            "values" => values = Some(json.raw()?),
            _ => drop(json.raw()?),
        }
        Ok(())
    })?;
    let Some(values) = values else { return Ok(()) };
    JsonReader::new(values).elements(|json| {
        let mut entry = LokiLine::default();
        let mut index = 0;
        json.elements(|json| -> Result<(), DecodeError> {
            match index {
                0 => entry.time_ns = text_of(json)?.and_then(|time| time.parse().ok()),
                1 => entry.line = json.string()?,
                2 if json.peek() == b'{' => entry.metadata = pairs(json)?,
                _ => drop(json.raw()?),
            }
            index += 1;
            Ok(())
        })?;
        if index < 2 {
            batch.refuse(*item, "a value has a time and a line");
            *item += 1;
            return Ok(());
        }
        take(entry, &stream, item, context, batch)
    })
}

fn pairs<'a>(json: &mut JsonReader<'a>) -> Result<Labels<'a>, DecodeError> {
    let mut pairs = Vec::new();
    json.members(|name, json| -> Result<(), DecodeError> {
        if let Some(value) = text_of(json)?.filter(|_| pairs.len() < limits::FIELDS) {
            pairs.push((Cow::Owned(name.to_owned()), value));
        }
        Ok(())
    })?;
    Ok(pairs)
}

/// Decodes a `PushRequest`.
pub(crate) fn protobuf(body: &[u8], context: &DecodeContext<'_>, batch: &mut EventBatch) -> Result<(), DecodeError> {
    let mut item = 0;
    for field in WireFields(body) {
        let (1, value) = field? else { continue };
        let stream = value.bytes()?;
        let mut text = Cow::Borrowed("{}");
        for field in WireFields(stream) {
            if let (1, value) = field? {
                text = value.text()?;
            }
        }
        let stream_labels = labels::parse(&text)?;
        for field in WireFields(stream) {
            if let (2, value) = field? {
                take(protobuf_entry(value.bytes()?)?, &stream_labels, &mut item, context, batch)?;
            }
        }
    }
    Ok(())
}

fn protobuf_entry(bytes: &[u8]) -> Result<LokiLine<'_>, InvalidProtobuf> {
    let mut entry = LokiLine::default();
    for field in WireFields(bytes) {
        match field? {
            (1, value) => entry.time_ns = protobuf_time(value.bytes()?)?,
            (2, value) => entry.line = value.text()?,
            (3, value) if entry.metadata.len() < limits::FIELDS => {
                entry.metadata.push(protobuf_pair(value.bytes()?)?);
            }
            _ => {}
        }
    }
    Ok(entry)
}

fn protobuf_time(bytes: &[u8]) -> Result<Option<u64>, InvalidProtobuf> {
    let (mut seconds, mut nanos) = (0, 0);
    for field in WireFields(bytes) {
        match field? {
            (1, value) => seconds = value.number()?,
            (2, value) => nanos = value.number()?,
            _ => {}
        }
    }
    // Before 1970 it is a huge number.
    Ok(seconds.checked_mul(NS_PER_S).and_then(|ns| ns.checked_add(nanos)))
}

fn protobuf_pair(bytes: &[u8]) -> Result<(Cow<'_, str>, Cow<'_, str>), InvalidProtobuf> {
    let (mut name, mut text) = (Cow::Borrowed(""), Cow::Borrowed(""));
    for field in WireFields(bytes) {
        match field? {
            (1, value) => name = value.text()?,
            (2, value) => text = value.text()?,
            _ => {}
        }
    }
    Ok((name, text))
}
