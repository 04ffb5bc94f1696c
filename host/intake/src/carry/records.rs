//! Decoded records as lines: what a source has that gets its records decoded (OTLP, Loki, HEC).

use lifesigns_model::{Facts, LogRecord, limits};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::batch::{LineBatch, Pushed};

/// Decoded records, to be decoded again by [`record_decoder`](super::record_decoder), which gives exactly what was pushed.
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
        self.push_whole(record, object, None)
    }

    /// Adds a record that was decoded from `text`, which is shown as evidence. If there is no room for it beside the
    /// whole message, the message is shown.
    pub fn push_read(&mut self, record: &LogRecord<'_>, object: &str, text: &str) -> Pushed {
        if record.message.as_deref() == Some(text) {
            return self.push(record, object);
        }
        match self.push_whole(record, object, Some(text)) {
            Pushed::TooLarge => self.push(record, object),
            pushed => pushed,
        }
    }

    fn push_whole(&mut self, record: &LogRecord<'_>, object: &str, shown: Option<&str>) -> Pushed {
        let head = Head { record, object, shown, message: None };
        let Ok(head) = serde_json::to_string(&head) else { return Pushed::TooLarge };
        // The brace of the head makes room for the message.
        let head = &head[..head.len() - 1];
        let Some(message) = &record.message else { return self.push_line(head, "") };
        let separator = if head.len() > 1 { "," } else { "" };
        let before = format!("{head}{separator}\"message\":");
        let Some(room) = limits::LINE_BYTES.checked_sub(before.len() + 1) else { return Pushed::TooLarge };
        let Some((text, is_cut)) = quoted(message, room) else { return Pushed::TooLarge };
        if is_cut && shown.is_some() {
            return Pushed::TooLarge;
        }
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

/// A record, with its message where that is given.
pub(super) struct Head<'r> {
    pub(super) record: &'r LogRecord<'r>,
    /// The object if the record names none.
    pub(super) object: &'r str,
    /// The text that it was decoded from, if that is carried.
    pub(super) shown: Option<&'r str>,
    pub(super) message: Option<&'r str>,
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
        if let Some(shown) = self.shown {
            map.serialize_entry("shown", shown)?;
        }
        if let Some(message) = self.message {
            map.serialize_entry("message", message)?;
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
