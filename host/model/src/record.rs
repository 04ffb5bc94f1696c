//! One decoded line, and the port that decoders implement.

use std::borrow::Cow;

use crate::LineEvidence;

/// One decoded line. Texts borrow from the line where they occur there unchanged.
#[derive(Debug, Default, PartialEq)]
pub struct LogRecord<'a> {
    /// Event time in nanoseconds since the Unix epoch, if the line has one.
    pub time_ns: Option<u64>,
    /// The object, if the line names one.
    pub object: Option<Cow<'a, str>>,
    /// The program that wrote it, if the line names one.
    pub app: Option<Cow<'a, str>>,
    /// The message; `None` for a line that only carries facts.
    pub message: Option<Cow<'a, str>>,
    /// Fields, in the line's order; of equal names the first counts.
    pub fields: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// Facts about the object, if the line carries any.
    pub facts: Option<Facts<'a>>,
    /// The line began like its format but does not follow it; it was decoded as a plain line.
    pub malformed: bool,
}

/// Facts that one line carries.
#[derive(Debug, Default, PartialEq)]
pub struct Facts<'a> {
    /// What the object is: `vm`, `host`, `container` or free text.
    pub kind: Option<Cow<'a, str>>,
    /// The object that it belongs to.
    pub parent: Option<Cow<'a, str>>,
    /// Properties; `None` removes one.
    pub properties: Vec<(Cow<'a, str>, Option<Cow<'a, str>>)>,
    /// Metric samples.
    pub metrics: Vec<(Cow<'a, str>, f64)>,
}

/// The beginnings, in a raw line, of a message that is written as a list of bytes (journald does that):
/// nothing of its text stands in the line, so such lines are always decoded. A decoder reads no list
/// of bytes that begins otherwise.
pub const BYTE_LIST_MARKS: [&str; 3] = ["\"MESSAGE\":[", "\"MESSAGE\": [", "\"MESSAGE\" : ["];

/// Turns a line into a record. Pure: the same line always gives the same record.
pub trait Decoder: Send + Sync {
    /// Decodes one line, without its line end. Never fails: what is not of the format is a plain
    /// line, marked as malformed if it began like the format.
    fn decode<'a>(&self, line: &'a str) -> LogRecord<'a>;

    /// Whether a decoded message can contain text that does not stand in the raw line as it is,
    /// because the format has backslash escapes. Lists of bytes are another matter: see
    /// [`BYTE_LIST_MARKS`].
    fn escapes(&self) -> bool;

    /// Whether lines can carry facts. Such a line has a key `"properties"` or `"metrics"`.
    fn facts(&self) -> bool;

    /// Returns whether `line`, as it is in the file and without its line end, may have a time of its own. `true` may
    /// be wrong; `false` means that [`Decoder::decode`] finds none. It saves decoding lines that are only searched for
    /// a time, and should cost less.
    fn may_have_time(&self, line: &[u8]) -> bool;

    /// Returns a position in a line of `lines`, which are as in the file, so that no line behind that one has a time;
    /// `None` if none has. The line itself may have none.
    fn last_sign_of_time(&self, lines: &[u8]) -> Option<usize> {
        lines.len().checked_sub(1)
    }

    /// Whether a line without a time has that of the line before it. Otherwise it has that of its arrival.
    fn inherits_time(&self) -> bool {
        true
    }

    /// Returns what is kept of a line: the part that its author wrote, and what is needed to decode it again.
    fn written<'a>(&self, line: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(line)
    }

    /// Returns what is shown of a line, of what [`Decoder::written`] returned.
    fn evidence<'a>(&self, written: &'a str) -> LineEvidence<'a> {
        LineEvidence { place: None, text: written }
    }
}
