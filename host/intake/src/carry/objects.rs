//! Lines that each have a default object of their own, such as those of many peers on one socket: the
//! object is before the line.

use std::{borrow::Cow, sync::Arc};

use lifesigns_model::{Decoder, LogRecord};
use memchr::memchr;

use super::batch::{LineBatch, Pushed};

/// Ends the object before a line. ASCII's unit separator: no name has it.
pub(super) const END: char = '\u{1f}';

/// Lines of several objects, to be decoded by [`object_decoder`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectLines(LineBatch);

impl ObjectLines {
    /// Adds a line, without its line end, that is about `object` unless it names another one. Line ends
    /// within it become spaces.
    pub fn push(&mut self, object: &str, line: &[u8]) -> Pushed {
        let object = printable(object);
        let mut end = [0; 1];
        let end = END.encode_utf8(&mut end).as_bytes();
        if !line.contains(&b'\n') {
            return self.0.push(&[object.as_bytes(), end, line]);
        }
        let line: Vec<u8> = line.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }).collect();
        self.0.push(&[object.as_bytes(), end, &line])
    }

    /// Takes memory for this number of bytes at once, as far as a chunk may have them.
    pub fn reserve(&mut self, bytes: usize) {
        self.0.reserve(bytes);
    }

    /// Whether there is no line.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the lines as a chunk.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

/// Returns a name without control characters: they could end it.
pub(super) fn printable(name: &str) -> Cow<'_, str> {
    if !name.contains(char::is_control) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(name.chars().map(|char| if char.is_control() { '\u{fffd}' } else { char }).collect())
}

/// Returns a decoder for [`ObjectLines`], each of which `inner` decodes.
pub fn object_decoder(inner: Arc<dyn Decoder>) -> Arc<dyn Decoder> {
    Arc::new(OfObjects(inner))
}

struct OfObjects(Arc<dyn Decoder>);

impl Decoder for OfObjects {
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a> {
        let Some((object, line)) = line.split_once(END) else { return self.0.decode(line) };
        let mut record = self.0.decode(line);
        if record.object.is_none() && !object.is_empty() {
            record.object = Some(Cow::Borrowed(object));
        }
        record
    }

    fn escapes(&self) -> bool {
        self.0.escapes()
    }

    fn facts(&self) -> bool {
        self.0.facts()
    }

    /// The line before may be of another object.
    fn inherits_time(&self) -> bool {
        false
    }

    fn written<'a>(&self, line: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(line.split_once(END).map_or(line, |(_, line)| line))
    }

    fn may_have_time(&self, line: &[u8]) -> bool {
        let object = memchr(END as u8, line);
        self.0.may_have_time(object.map_or(line, |end| &line[end + 1..]))
    }
}

#[cfg(test)]
mod tests {
    use lifesigns_model::limits::CHUNK_BYTES;

    use super::*;
    use crate::decode::Format;

    fn decoded(lines: ObjectLines, format: Format) -> Vec<(Option<String>, Option<String>)> {
        let (bytes, decoder) = (lines.into_bytes(), object_decoder(format.decoder(0)));
        let text = str::from_utf8(&bytes).expect("text");
        let read = |line| {
            let record = decoder.decode(line);
            (record.object.map(Cow::into_owned), record.message.map(Cow::into_owned))
        };
        text.lines().map(read).collect()
    }

    fn is(object: Option<&str>, message: &str) -> (Option<String>, Option<String>) {
        (object.map(str::to_owned), Some(message.to_owned()))
    }

    #[test]
    fn each_line_has_an_object_unless_it_names_one() {
        let mut lines = ObjectLines::default();
        assert!(lines.is_empty());
        let sent = [
            ("10.0.0.1", "<34>Oct 11 22:14:15 web-1 su: denied"),
            ("10.0.0.2", "<34>su[1]: denied"),
            ("", "<34>su[1]: denied"),
            ("a\nb\u{1f}c", "<34>su[1]: two\nlines\u{1f}"),
        ];
        for (object, line) in sent {
            assert_eq!(lines.push(object, line.as_bytes()), Pushed::Added);
        }
        let expected = [
            is(Some("web-1"), "denied"),
            is(Some("10.0.0.2"), "denied"),
            is(None, "denied"),
            is(Some("a\u{fffd}b\u{fffd}c"), "two lines\u{1f}"),
        ];
        assert_eq!(decoded(lines, Format::Syslog), expected);
    }

    #[test]
    fn a_chunk_is_bounded() {
        let mut lines = ObjectLines::default();
        let half = vec![b'x'; CHUNK_BYTES / 2];
        assert_eq!(lines.push("a", &half), Pushed::Added);
        assert_eq!(lines.push("a", &half), Pushed::Full);
        assert_eq!(lines.push("a", b"more"), Pushed::Added);
        assert_eq!(ObjectLines::default().push("a", &vec![b'x'; CHUNK_BYTES]), Pushed::TooLarge);
    }
}
