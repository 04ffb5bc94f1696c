//! Decoded records as lines: what a source has that gets its records decoded (OTLP, Loki, HEC).

use std::{borrow::Cow, sync::Arc};

use lifesigns_model::{Decoder, Facts, LogRecord, limits};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::batch::{LineBatch, Pushed};
use crate::decode::{InvalidJson, JsonReader};

/// Decoded records, to be decoded again by [`record_decoder`], which gives exactly what was pushed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordLines {
    lines: LineBatch,
    cut: u64,
}

impl RecordLines {
    /// Adds a record. It is about `object` if it names none and `object` is not empty. A message for
    /// which there is no room in a line ([`limits::LINE_BYTES`]) is cut; metrics that are no numbers are
    /// left out.
    pub fn push(&mut self, record: &LogRecord<'_>, object: &str) -> Pushed {
        let Ok(head) = serde_json::to_string(&Head { record, object }) else { return Pushed::TooLarge };
        // The brace of the head makes room for the message.
        let head = &head[..head.len() - 1];
        let Some(message) = &record.message else { return self.push_line(head, "") };
        let separator = if head.len() > 1 { "," } else { "" };
        let before = format!("{head}{separator}\"message\":");
        let Some(room) = limits::LINE_BYTES.checked_sub(before.len() + 1) else { return Pushed::TooLarge };
        let Some((text, is_cut)) = quoted(message, room) else { return Pushed::TooLarge };
        let pushed = self.push_line(&before, &text);
        self.cut += u64::from(is_cut && pushed == Pushed::Added);
        pushed
    }

    fn push_line(&mut self, head: &str, message: &str) -> Pushed {
        if head.len() + message.len() + 1 > limits::LINE_BYTES {
            return Pushed::TooLarge;
        }
        self.lines.push(&[head.as_bytes(), message.as_bytes(), b"}"])
    }

    /// Messages that were cut.
    pub const fn cut(&self) -> u64 {
        self.cut
    }

    /// Takes memory for this number of bytes at once, as far as a chunk may have them.
    pub fn reserve(&mut self, bytes: usize) {
        self.lines.reserve(bytes);
    }

    /// Whether there is no record.
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Returns the records as a chunk.
    pub fn into_bytes(self) -> Vec<u8> {
        self.lines.into_bytes()
    }
}

/// Returns `text` as a JSON string of at most `room` bytes, and whether it had to be cut; `None` if there
/// is no room for an empty string.
pub(crate) fn quoted(text: &str, room: usize) -> Option<(String, bool)> {
    let mut left = room.checked_sub(2)?;
    // Nearly all: they have room whatever is in them.
    if text.len() <= left / MOST_QUOTED_BYTES {
        return Some((serde_json::to_string(text).ok()?, false));
    }
    let cut = text.char_indices().find(|(_, char)| match left.checked_sub(quoted_bytes(*char)) {
        Some(rest) => {
            left = rest;
            false
        }
        None => true,
    });
    let text = cut.map_or(text, |(end, _)| &text[..end]);
    Some((serde_json::to_string(text).ok()?, cut.is_some()))
}

/// The longest that a byte becomes in a JSON string.
const MOST_QUOTED_BYTES: usize = 6;

/// Returns the length of a character in a JSON string.
const fn quoted_bytes(char: char) -> usize {
    match char {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => char.len_utf8(),
    }
}

/// Everything of a record but its message.
struct Head<'r> {
    record: &'r LogRecord<'r>,
    object: &'r str,
}

impl Serialize for Head<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let LogRecord { time_ns, object, app, fields, facts, malformed, message: _ } = self.record;
        let object = object.as_deref().or(Some(self.object).filter(|object| !object.is_empty()));
        let mut map = serializer.serialize_map(None)?;
        if let Some(time_ns) = time_ns {
            map.serialize_entry("time", time_ns)?;
        }
        if let Some(object) = object {
            map.serialize_entry("object", object)?;
        }
        if let Some(app) = app {
            map.serialize_entry("app", app)?;
        }
        if !fields.is_empty() {
            map.serialize_entry("fields", &fields[..fields.len().min(limits::FIELDS)])?;
        }
        if *malformed {
            map.serialize_entry("malformed", &true)?;
        }
        if let Some(facts) = facts {
            serialize_facts(facts, &mut map)?;
        }
        map.end()
    }
}

fn serialize_facts<M: SerializeMap>(facts: &Facts<'_>, map: &mut M) -> Result<(), M::Error> {
    if let Some(kind) = &facts.kind {
        map.serialize_entry("kind", kind)?;
    }
    if let Some(parent) = &facts.parent {
        map.serialize_entry("parent", parent)?;
    }
    // Both are written, also empty: a scanner knows a line with facts by them.
    map.serialize_entry("properties", &facts.properties[..facts.properties.len().min(limits::FIELDS)])?;
    let finite = facts.metrics.iter().filter(|(_, value)| value.is_finite());
    map.serialize_entry("metrics", &finite.take(limits::FIELDS).collect::<Vec<_>>())
}

/// Returns the decoder for [`RecordLines`].
pub fn record_decoder() -> Arc<dyn Decoder> {
    Arc::new(OfRecords)
}

struct OfRecords;

impl Decoder for OfRecords {
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a> {
        read(line).unwrap_or_else(|InvalidJson| LogRecord {
            message: Some(Cow::Borrowed(line)),
            malformed: true,
            ..LogRecord::default()
        })
    }

    fn escapes(&self) -> bool {
        true
    }

    fn facts(&self) -> bool {
        true
    }

    /// Most records have a time.
    fn may_have_time(&self, _: &[u8]) -> bool {
        true
    }
}

fn read(line: &str) -> Result<LogRecord<'_>, InvalidJson> {
    let mut json = JsonReader::new(line);
    let mut record = LogRecord::default();
    json.step(b'{')?;
    let mut first = true;
    while let Some(key) = json.key(first)? {
        first = false;
        match &*key {
            "time" => record.time_ns = Some(json.raw()?.parse().map_err(|_| InvalidJson)?),
            "object" => record.object = Some(json.string()?),
            "app" => record.app = Some(json.string()?),
            "message" => record.message = Some(json.string()?),
            "malformed" => record.malformed = json.raw()? == "true",
            "fields" => record.fields = pairs(&mut json, JsonReader::string)?,
            "kind" => facts(&mut record).kind = Some(json.string()?),
            "parent" => facts(&mut record).parent = Some(json.string()?),
            "properties" => facts(&mut record).properties = pairs(&mut json, text_or_null)?,
            "metrics" => facts(&mut record).metrics = pairs(&mut json, number)?,
            _ => return Err(InvalidJson),
        }
    }
    json.end()?;
    Ok(record)
}

fn facts<'r, 'a>(record: &'r mut LogRecord<'a>) -> &'r mut Facts<'a> {
    record.facts.get_or_insert_default()
}

fn text_or_null<'a>(json: &mut JsonReader<'a>) -> Result<Option<Cow<'a, str>>, InvalidJson> {
    if json.peek() == b'"' {
        return json.string().map(Some);
    }
    if json.raw()? == "null" { Ok(None) } else { Err(InvalidJson) }
}

fn number(json: &mut JsonReader<'_>) -> Result<f64, InvalidJson> {
    json.raw()?.parse().map_err(|_| InvalidJson)
}

type Pairs<'a, V> = Vec<(Cow<'a, str>, V)>;

/// Reads a list of pairs.
fn pairs<'a, V>(
    json: &mut JsonReader<'a>,
    value: fn(&mut JsonReader<'a>) -> Result<V, InvalidJson>,
) -> Result<Pairs<'a, V>, InvalidJson> {
    let mut pairs = Vec::new();
    json.step(b'[')?;
    if json.step(b']').is_ok() {
        return Ok(pairs);
    }
    loop {
        json.step(b'[')?;
        let name = json.string()?;
        json.step(b',')?;
        json.peek();
        let value = value(json)?;
        json.step(b']')?;
        if pairs.len() < limits::FIELDS {
            pairs.push((name, value));
        }
        if json.step(b',').is_err() {
            json.step(b']')?;
            return Ok(pairs);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    fn text() -> impl Strategy<Value = Cow<'static, str>> {
        any::<String>().prop_map(Cow::Owned)
    }

    fn facts() -> impl Strategy<Value = Facts<'static>> {
        let number = any::<i32>().prop_map(|number| f64::from(number) / 8.0);
        let (properties, metrics) = (vec((text(), option::of(text())), 0..3), vec((text(), number), 0..3));
        (option::of(text()), option::of(text()), properties, metrics)
            .prop_map(|(kind, parent, properties, metrics)| Facts { kind, parent, properties, metrics })
    }

    fn record() -> impl Strategy<Value = LogRecord<'static>> {
        let texts = (option::of(text()), option::of(text()), option::of(text()));
        (option::of(any::<u64>()), texts, vec((text(), text()), 0..4), option::of(facts()), any::<bool>()).prop_map(
            |(time_ns, (object, app, message), fields, facts, malformed)| LogRecord {
                time_ns,
                object,
                app,
                message,
                fields,
                facts,
                malformed,
            },
        )
    }

    fn lines(records: &RecordLines) -> String {
        String::from_utf8(records.clone().into_bytes()).expect("text")
    }

    proptest! {
        #[test]
        fn what_is_pushed_is_decoded_again(records in vec(record(), 0..4)) {
            let mut carried = RecordLines::default();
            for record in &records {
                prop_assert_eq!(carried.push(record, ""), Pushed::Added);
            }
            let (text, decoder) = (lines(&carried), record_decoder());
            let decoded: Vec<_> = text.lines().map(|line| decoder.decode(line)).collect();
            prop_assert_eq!(decoded, records);
            prop_assert_eq!(carried.cut(), 0);
        }

        #[test]
        fn any_line_is_decoded(line in any::<String>()) {
            let record = record_decoder().decode(&line).message.map(Cow::into_owned);
            prop_assert!(record.is_none_or(|message| message == line));
        }
    }

    #[test]
    fn an_object_holds_for_records_that_name_none() {
        let mut records = RecordLines::default();
        let named = LogRecord { object: Some("web-1".into()), ..LogRecord::default() };
        assert_eq!(records.push(&named, "10.0.0.1"), Pushed::Added);
        assert_eq!(records.push(&LogRecord::default(), "10.0.0.1"), Pushed::Added);
        let (text, decoder) = (lines(&records), record_decoder());
        let objects: Vec<_> = text.lines().map(|line| decoder.decode(line).object).collect();
        assert_eq!(objects, [Some("web-1".into()), Some("10.0.0.1".into())]);
    }

    #[test]
    fn what_is_too_long_is_cut_or_refused() {
        let mut records = RecordLines::default();
        let long = LogRecord { message: Some("\u{1}é".repeat(limits::LINE_BYTES).into()), ..LogRecord::default() };
        assert_eq!((records.push(&long, ""), records.cut()), (Pushed::Added, 1));
        let text = lines(&records);
        assert!(text.len() <= limits::LINE_BYTES + 1 && text.len() > limits::LINE_BYTES - 16, "{}", text.len());
        let message = record_decoder().decode(text.trim_end()).message;
        assert!(message.is_some_and(|message| long.message.is_some_and(|whole| whole.starts_with(&*message))));
        let wide = LogRecord { object: Some("x".repeat(limits::LINE_BYTES).into()), ..LogRecord::default() };
        assert_eq!(records.push(&wide, ""), Pushed::TooLarge);
    }
}
