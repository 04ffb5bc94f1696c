//! What an agent sends: a JSON object a line, which is a line of a log with the place where it was read, or facts.

use std::{borrow::Cow, collections::BTreeMap};

use lifesigns_model::{Facts, LogRecord, limits::LINE_BYTES};
use lifesigns_text::write_json_string;
use serde_json::{Map, Value, json};

/// How the events of one source are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventStyle {
    /// The object of the events.
    pub(crate) object: String,
    /// Fields of each event.
    pub(crate) fields: BTreeMap<String, String>,
    /// Where events of several lines begin.
    pub(crate) marker: Option<String>,
}

/// A line of a log, or several lines that are one event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadLine<'a> {
    /// The source that it was read from.
    pub(crate) source: &'a str,
    /// Its number there, of several the first one's, from 1.
    pub(crate) number: u64,
    pub(crate) bytes: &'a [u8],
}

/// What a host adds to a line at most, in bytes: the agent's name.
const HOST_BYTES: usize = 512;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Whole,
    /// Its text was too long, and was cut.
    Cut,
}

/// Writes a line of a log as an event that arrived at `time_ns`.
pub(crate) fn write(style: &EventStyle, line: ReadLine<'_>, time_ns: u64, out: &mut Vec<u8>) -> Written {
    let text = String::from_utf8_lossy(line.bytes);
    let start = out.len();
    out.extend_from_slice(b"{\"source\":");
    write_json_string(line.source, out);
    out.extend_from_slice(format!(",\"line\":{},\"object\":", line.number).as_bytes());
    write_json_string(&style.object, out);
    if !style.fields.is_empty() {
        out.extend_from_slice(b",\"fields\":");
        out.extend_from_slice(&serde_json::to_vec(&style.fields).unwrap_or_default());
    }
    out.extend_from_slice(format!(",\"time\":{time_ns},\"text\":").as_bytes());
    let room = LINE_BYTES.saturating_sub(out.len() - start + HOST_BYTES + "\"\"}".len());
    let fitting = fitting(&text, room);
    write_json_string(fitting, out);
    out.extend_from_slice(b"}\n");
    if fitting.len() == text.len() { Written::Whole } else { Written::Cut }
}

/// Returns the start of a text that has at most `room` bytes in a JSON string.
fn fitting(text: &str, room: usize) -> &str {
    // Most texts are short, and no character takes more than six bytes.
    if text.len() * 6 <= room {
        return text;
    }
    let mut left = room;
    for (at, character) in text.char_indices() {
        let bytes = match character {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..='\u{1f}' => 6,
            _ => character.len_utf8(),
        };
        match left.checked_sub(bytes) {
            Some(rest) => left = rest,
            None => return &text[..at],
        }
    }
    text
}

/// Writes facts of a record, with further properties.
pub(crate) fn write_facts(record: &LogRecord<'_>, object: &str, more: &[(&str, String)], out: &mut Vec<u8>) {
    let empty = Facts::default();
    let facts = record.facts.as_ref().unwrap_or(&empty);
    let text = |text: &Option<Cow<'_, str>>| text.as_deref().map_or(Value::Null, Value::from);
    let known = facts.properties.iter().map(|(name, value)| (name.to_string(), text(value)));
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str())));
    let properties: Map<String, Value> = known.chain(more).collect();
    let metrics: Map<String, Value> =
        facts.metrics.iter().map(|(name, value)| (name.to_string(), Value::from(*value))).collect();
    let object = record.object.as_deref().unwrap_or(object);
    let mut event = json!({ "object": object, "properties": properties, "metrics": metrics });
    if let Some(time_ns) = record.time_ns {
        event["time"] = time_ns.into();
    }
    out.extend_from_slice(event.to_string().as_bytes());
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(bytes: &[u8]) -> (Value, Written) {
        let fields = BTreeMap::from([("site".to_owned(), "lab \"7\"".to_owned())]);
        let style = EventStyle { object: "vm-7".into(), fields, marker: None };
        let mut out = Vec::new();
        let line = ReadLine { source: "/var/log/a.log", number: 17, bytes };
        let written = write(&style, line, 1_795_424_400_000_000_000, &mut out);
        assert!(out.len() <= LINE_BYTES + 1 && out.ends_with(b"\n"), "{}", out.len());
        (serde_json::from_slice(&out).expect("JSON"), written)
    }

    #[test]
    fn a_line_has_its_place_object_time_and_tags() {
        let (event, whole) = written(b"a \"line\"\xff");
        let expected = json!({
            "source": "/var/log/a.log", "line": 17, "object": "vm-7", "fields": {"site": "lab \"7\""},
            "time": 1_795_424_400_000_000_000_u64, "text": "a \"line\"\u{fffd}",
        });
        assert_eq!((event, whole), (expected, Written::Whole));
    }

    #[test]
    fn a_text_that_is_too_long_is_cut_at_a_character() {
        for long in ["\u{1}é\"".repeat(40_000), "x".repeat(LINE_BYTES), "ä".repeat(LINE_BYTES)] {
            let (event, cut) = written(long.as_bytes());
            assert_eq!(cut, Written::Cut);
            assert!(event["text"].as_str().is_some_and(|text| long.starts_with(text)));
        }
    }

    #[test]
    fn facts_are_an_event_with_properties_and_metrics() {
        let facts = Facts {
            properties: vec![("os.kernel".into(), Some("6.1".into()))],
            metrics: vec![("load.1m".into(), 0.5)],
            ..Facts::default()
        };
        let record = LogRecord { time_ns: Some(7), facts: Some(facts), ..LogRecord::default() };
        let mut out = Vec::new();
        write_facts(&record, "vm-7", &[("docker.present", "true".into())], &mut out);
        let event: Value = serde_json::from_slice(&out).expect("JSON");
        let properties = json!({"os.kernel": "6.1", "docker.present": "true"});
        let expected = json!({"object": "vm-7", "time": 7, "properties": properties, "metrics": {"load.1m": 0.5}});
        assert_eq!(event, expected);
    }
}
