//! Lines that were read elsewhere, each with where it was read: an agent's file and the line's number there. Evidence
//! shows that place and the line, and not what carries it.

use std::{borrow::Cow, sync::Arc};

use lifesigns_model::{Decoder, LineEvidence, LogRecord, limits};

use super::{
    batch::{LineBatch, Pushed},
    objects::{END, printable},
    records::quoted,
};
use crate::decode::owned;

/// Between a field and its value, and between fields. ASCII's separators: no name has them.
const VALUE: char = '\u{1e}';
const FIELD: char = '\u{1d}';
/// The first character of a line whose text is as it was, and of one whose text is escaped as in JSON.
const PLAIN: char = 'p';
const ESCAPED: char = 'j';
/// Parts of a line: place, number, object, time, fields, text.
const PARTS: usize = 6;

/// Lines with their places, to be decoded by [`placed_decoder`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlacedLines {
    lines: LineBatch,
    cut: u64,
}

/// A line that was read elsewhere.
#[derive(Clone, Debug, Default)]
pub struct PlacedLine<'a> {
    /// Where: it is the source in evidence.
    pub place: &'a str,
    /// The line's number there, from 1.
    pub number: u64,
    /// The object that it is about, whatever it says itself.
    pub object: &'a str,
    /// Its time if it has none of its own, nanoseconds since the Unix epoch.
    pub time_ns: Option<u64>,
    /// Fields, which count before its own.
    pub fields: Vec<(&'a str, &'a str)>,
    /// The line. It may have line ends in it.
    pub text: &'a str,
}

impl PlacedLines {
    /// Adds a line. A text for which there is no room in a line ([`limits::LINE_BYTES`]) is cut.
    pub fn push(&mut self, line: &PlacedLine<'_>) -> Pushed {
        let time = line.time_ns.map(|time_ns| time_ns.to_string()).unwrap_or_default();
        let mut head =
            format!("{}{END}{}{END}{}{END}{time}{END}", printable(line.place), line.number, printable(line.object));
        for (name, value) in &line.fields {
            head.push_str(&printable(name));
            head.push(VALUE);
            head.push_str(&printable(value));
            head.push(FIELD);
        }
        head.push(END);
        let Some(room) = limits::LINE_BYTES.checked_sub(head.len() + 1) else { return Pushed::TooLarge };
        let (mark, text, is_cut) = if line.text.contains(['\n', '\r']) {
            let Some((quoted, is_cut)) = quoted(line.text, room) else { return Pushed::TooLarge };
            (ESCAPED, Cow::Owned(quoted), is_cut)
        } else {
            let fitting = &line.text[..line.text.floor_char_boundary(room)];
            (PLAIN, Cow::Borrowed(fitting), fitting.len() < line.text.len())
        };
        let pushed = self.lines.push(&[mark.encode_utf8(&mut [0; 4]).as_bytes(), head.as_bytes(), text.as_bytes()]);
        self.cut += u64::from(is_cut && pushed == Pushed::Added);
        pushed
    }

    /// Texts that were cut.
    pub const fn cut(&self) -> u64 {
        self.cut
    }

    /// Whether there is no line.
    pub const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Returns the lines as a chunk.
    pub fn into_bytes(self) -> Vec<u8> {
        self.lines.into_bytes()
    }
}

/// A line, taken apart.
struct Parts<'a> {
    place: &'a str,
    number: u64,
    object: &'a str,
    time_ns: Option<u64>,
    fields: &'a str,
    /// As it stands in the line.
    text: &'a str,
    is_escaped: bool,
}

impl<'a> Parts<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let (is_escaped, rest) = match line.strip_prefix(PLAIN) {
            Some(rest) => (false, rest),
            None => (true, line.strip_prefix(ESCAPED)?),
        };
        let mut parts = rest.splitn(PARTS, END);
        let (place, number, object) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
        let (time, fields, text) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self { place, number, object, time_ns: time.parse().ok(), fields, text, is_escaped })
    }

    /// Returns the text as it was read.
    fn text(&self) -> Cow<'a, str> {
        if !self.is_escaped {
            return Cow::Borrowed(self.text);
        }
        serde_json::from_str(self.text).map_or(Cow::Borrowed(self.text), Cow::Owned)
    }
}

/// Returns a decoder for [`PlacedLines`], the text of each of which `inner` decodes.
pub fn placed_decoder(inner: Arc<dyn Decoder>) -> Arc<dyn Decoder> {
    Arc::new(OfPlaces(inner))
}

struct OfPlaces(Arc<dyn Decoder>);

impl Decoder for OfPlaces {
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a> {
        let Some(parts) = Parts::of(line) else { return self.0.decode(line) };
        let mut record = match parts.text() {
            Cow::Borrowed(text) => self.0.decode(text),
            Cow::Owned(text) => owned(self.0.decode(&text)),
        };
        if !parts.object.is_empty() {
            record.object = Some(Cow::Borrowed(parts.object));
        }
        record.time_ns = record.time_ns.or(parts.time_ns);
        let fields = parts.fields.split(FIELD).filter_map(|field| field.split_once(VALUE));
        let fields = fields.map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value)));
        record.fields.splice(..0, fields);
        record
    }

    /// A text of several lines is escaped, whatever the format.
    fn escapes(&self) -> bool {
        true
    }

    fn facts(&self) -> bool {
        self.0.facts()
    }

    /// The line before may be of another place.
    fn inherits_time(&self) -> bool {
        false
    }

    fn may_have_time(&self, _: &[u8]) -> bool {
        true
    }

    /// The same line with its text as it was read.
    fn written<'a>(&self, line: &'a str) -> Cow<'a, str> {
        match Parts::of(line) {
            Some(parts) if parts.is_escaped => {
                let head = &line[ESCAPED.len_utf8()..line.len() - parts.text.len()];
                Cow::Owned(format!("{PLAIN}{head}{}", parts.text()))
            }
            _ => Cow::Borrowed(line),
        }
    }

    fn evidence<'a>(&self, written: &'a str) -> LineEvidence<'a> {
        match Parts::of(written) {
            Some(Parts { place, number, text, .. }) => LineEvidence { place: Some((place, number)), text },
            None => LineEvidence { place: None, text: written },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Format;

    const LINE: PlacedLine<'static> = PlacedLine {
        place: "agent/web-1:/var/log/app.log",
        number: 17,
        object: "web-1",
        time_ns: Some(7),
        fields: Vec::new(),
        text: "",
    };

    fn pushed(line: &PlacedLine<'_>) -> String {
        let mut lines = PlacedLines::default();
        assert_eq!(lines.push(line), Pushed::Added);
        let text = String::from_utf8(lines.into_bytes()).expect("text");
        let line = text.strip_suffix('\n').expect("a line").to_owned();
        assert!(!line.contains('\n') && line.len() <= limits::LINE_BYTES, "{line}");
        line
    }

    #[test]
    fn evidence_is_the_line_and_its_place_and_the_object_is_what_the_carrier_says() {
        let decoder = placed_decoder(Format::Auto.decoder(0));
        for text in ["<34>Oct 11 22:14:15 db-9 su: denied", "two\nlines \"quoted\" \u{1f} and \\n", "\u{1f}\u{1e}"] {
            let fields = vec![("site", "ber\u{1e}lin"), ("file", "/var/log/app.log")];
            let line = pushed(&PlacedLine { text, fields, ..LINE });
            let record = decoder.decode(&line);
            assert_eq!(record.object.as_deref(), Some("web-1"));
            assert!(record.time_ns.is_some());
            assert_eq!(record.fields[0], ("site".into(), "ber\u{fffd}lin".into()));
            let expected = Format::Auto.decoder(0).decode(text).message.map(Cow::into_owned);
            assert_eq!(record.message.as_deref(), expected.as_deref());
            let written = decoder.written(&line).into_owned();
            let evidence = decoder.evidence(&written);
            assert_eq!(evidence, LineEvidence { place: Some((LINE.place, 17)), text });
            assert_eq!(decoder.decode(&written), record);
        }
        // The time of the line itself counts.
        let line = pushed(&PlacedLine { text: "2026-11-28T10:00:00Z db-9 app: x", ..LINE });
        assert_eq!(decoder.decode(&line).time_ns, Some(1_795_860_000_000_000_000));
        assert_eq!(decoder.decode("no such line").message.as_deref(), Some("no such line"));
        assert_eq!(decoder.evidence("no such line"), LineEvidence { place: None, text: "no such line" });
    }

    #[test]
    fn a_text_without_room_is_cut() {
        let mut lines = PlacedLines::default();
        for text in ["ä".repeat(limits::LINE_BYTES), "\n".repeat(limits::LINE_BYTES)] {
            assert_eq!(lines.push(&PlacedLine { text: &text, ..LINE }), Pushed::Added);
        }
        assert_eq!(lines.cut(), 2);
        let bytes = lines.into_bytes();
        assert!(bytes.split(|byte| *byte == b'\n').all(|line| line.len() <= limits::LINE_BYTES));
        let place = "x".repeat(limits::LINE_BYTES);
        assert_eq!(PlacedLines::default().push(&PlacedLine { place: &place, ..LINE }), Pushed::TooLarge);
    }
}
