//! Lines out of a stream: octet-counted (RFC 6587, 3.4.1) or each with a trailer (3.4.2), a line end or NUL. The first
//! frame of a connection says which of the two; a count that is wrong costs the text up to the next trailer.

use memchr::memchr2;

use crate::batch::ReceivedLine;

/// Digits of a count: more is no count.
const COUNT_DIGITS: usize = 9;

/// How the frames of a connection look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    /// Nothing has come yet.
    Unknown,
    /// `LENGTH SP LINE`.
    Counted,
    /// `LINE TRAILER`. Either trailer ends a line: if the first one decided, a NUL in a text would join all later lines.
    Trailed,
}

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The beginning of a frame.
    Begin,
    /// The rest of a counted frame: this many bytes.
    Counted(usize),
    /// A line up to its end, and whether its frame was wrong.
    UpToEnd(bool),
}

/// Cuts a stream into lines. Holds no more than the beginning of one line.
#[derive(Debug)]
pub(crate) struct Framer {
    framing: Framing,
    step: Step,
    /// The beginning of a line, or of a count.
    partial: Vec<u8>,
    is_cut: bool,
    line_bytes: usize,
}

impl Framer {
    /// Lines longer than `line_bytes` are cut.
    pub(crate) const fn new(line_bytes: usize) -> Self {
        Self { framing: Framing::Unknown, step: Step::Begin, partial: Vec::new(), is_cut: false, line_bytes }
    }

    /// Takes what was read next, and gives `emit` each line that it finishes.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], mut emit: impl FnMut(ReceivedLine<'_>)) {
        while !bytes.is_empty() {
            bytes = match self.step {
                Step::Begin => self.begin(bytes),
                Step::Counted(left) => self.counted(bytes, left, &mut emit),
                Step::UpToEnd(is_malformed) => self.up_to_end(bytes, is_malformed, &mut emit),
            };
        }
    }

    /// Gives `emit` what is left when the stream has ended. Half of a counted frame is malformed, a last line
    /// without its end is not.
    pub(crate) fn end(&mut self, mut emit: impl FnMut(ReceivedLine<'_>)) {
        let is_malformed = match self.step {
            Step::Begin => self.framing != Framing::Unknown,
            Step::Counted(_) => true,
            Step::UpToEnd(is_malformed) => is_malformed,
        };
        if !self.partial.is_empty() {
            emit(ReceivedLine { bytes: &self.partial, is_cut: self.is_cut, is_malformed });
        }
        *self = Self::new(self.line_bytes);
    }

    /// Reads the beginning of a frame; returns the rest.
    fn begin<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        if self.framing == Framing::Trailed {
            self.step = Step::UpToEnd(false);
            return bytes;
        }
        let byte = bytes[0];
        if self.partial.is_empty() && matches!(byte, b'\n' | b'\r' | 0) {
            // A trailer that was not counted, or an empty line.
            return &bytes[1..];
        }
        if let Some((b' ', digits)) = self.partial.split_last() {
            if byte == b'<' || self.framing == Framing::Counted {
                let count = digits.iter().fold(0, |count, digit| count * 10 + usize::from(digit - b'0'));
                self.framing = Framing::Counted;
                self.partial.clear();
                self.step = Step::Counted(count);
                return bytes;
            }
        } else {
            let fits = byte.is_ascii_digit() && self.partial.len() < COUNT_DIGITS;
            let is_first_zero = byte == b'0' && self.partial.is_empty();
            if (fits && !is_first_zero) || (byte == b' ' && !self.partial.is_empty()) {
                self.partial.push(byte);
                return &bytes[1..];
            }
        }
        // No count. What was taken for one is the beginning of a line.
        let is_malformed = self.framing == Framing::Counted;
        if !is_malformed {
            self.framing = Framing::Trailed;
        }
        self.step = Step::UpToEnd(is_malformed);
        bytes
    }

    fn counted<'b>(&mut self, bytes: &'b [u8], left: usize, emit: &mut impl FnMut(ReceivedLine<'_>)) -> &'b [u8] {
        let (now, rest) = bytes.split_at(left.min(bytes.len()));
        self.step = if now.len() == left { Step::Begin } else { Step::Counted(left - now.len()) };
        if self.step == Step::Begin {
            self.finish(now, false, emit);
        } else {
            self.keep(now);
        }
        rest
    }

    fn up_to_end<'b>(
        &mut self,
        bytes: &'b [u8],
        is_malformed: bool,
        emit: &mut impl FnMut(ReceivedLine<'_>),
    ) -> &'b [u8] {
        let Some(end) = memchr2(b'\n', 0, bytes) else {
            self.keep(bytes);
            return &[];
        };
        self.step = Step::Begin;
        self.finish(&bytes[..end], is_malformed, emit);
        &bytes[end + 1..]
    }

    /// Keeps a part of a line, as far as lines may be long.
    fn keep(&mut self, part: &[u8]) {
        let room = self.line_bytes.saturating_sub(self.partial.len());
        self.is_cut |= part.len() > room;
        self.partial.extend_from_slice(&part[..part.len().min(room)]);
    }

    /// Emits the line that `part` is the last part of.
    fn finish(&mut self, part: &[u8], is_malformed: bool, emit: &mut impl FnMut(ReceivedLine<'_>)) {
        if self.partial.is_empty() {
            let is_cut = part.len() > self.line_bytes;
            emit(ReceivedLine { bytes: &part[..part.len().min(self.line_bytes)], is_cut, is_malformed });
            return;
        }
        self.keep(part);
        emit(ReceivedLine { bytes: &self.partial, is_cut: self.is_cut, is_malformed });
        // Memory that one long line took is given back.
        self.partial = Vec::new();
        self.is_cut = false;
    }
}

#[cfg(test)]
mod tests;
