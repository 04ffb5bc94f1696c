//! What a daemon sends of a container's output: frames of two streams, or the bytes of a terminal; each line with the
//! daemon's time before it.

use lifesigns_intake::parse_time;
use lifesigns_model::limits::LINE_BYTES;
use memchr::memchr;

/// The head of a frame: the stream, three zeros, the length.
const HEAD_BYTES: usize = 8;
/// The longest frame; the daemon's have some 16 KiB.
const FRAME_BYTES: usize = 1 << 20;

/// What came is no output of a container.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the daemon sends what is no output of a container")]
pub(crate) struct InvalidFrame;

/// A container's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutputStream {
    /// Standard output, and everything of a terminal.
    Out,
    Err,
}

impl OutputStream {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Out => "stdout",
            Self::Err => "stderr",
        }
    }
}

/// A piece of output as the daemon stored it: a line, or a part of a long one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutputPiece<'a> {
    pub(crate) stream: OutputStream,
    /// When the daemon read it; `None` if it does not say so.
    pub(crate) time_ns: Option<u64>,
    /// Without the time.
    pub(crate) text: &'a [u8],
    /// Whether the line ends here.
    pub(crate) is_end: bool,
}

/// A piece before its time is read: its stream, its bytes, and its length with its head.
type RawPiece<'b> = (OutputStream, &'b [u8], usize);

/// Takes the output of one container apart.
#[derive(Debug)]
pub(crate) struct OutputFrames {
    is_terminal: bool,
    bytes: Vec<u8>,
}

impl OutputFrames {
    pub(crate) const fn new(is_terminal: bool) -> Self {
        Self { is_terminal, bytes: Vec::new() }
    }

    /// Adds what was read, and hands on all pieces that are whole.
    pub(crate) fn read(&mut self, bytes: &[u8], mut piece: impl FnMut(OutputPiece<'_>)) -> Result<(), InvalidFrame> {
        self.bytes.extend_from_slice(bytes);
        let mut at = 0;
        while let Some((stream, payload, length)) = self.next(&self.bytes[at..])? {
            let is_end = payload.ends_with(b"\n");
            let payload = payload.strip_suffix(b"\n").unwrap_or(payload);
            let (time_ns, text) = timed(payload.strip_suffix(b"\r").unwrap_or(payload));
            piece(OutputPiece { stream, time_ns, text, is_end });
            at += length;
        }
        self.bytes.drain(..at);
        Ok(())
    }

    /// Returns the next piece if it is whole.
    fn next<'b>(&self, bytes: &'b [u8]) -> Result<Option<RawPiece<'b>>, InvalidFrame> {
        if self.is_terminal {
            // A longer line is cut at the same place however it arrives.
            let end = match memchr(b'\n', &bytes[..bytes.len().min(LINE_BYTES + 1)]) {
                Some(end) => end + 1,
                None if bytes.len() > LINE_BYTES => LINE_BYTES,
                None => return Ok(None),
            };
            return Ok(Some((OutputStream::Out, &bytes[..end], end)));
        }
        let Some((head, rest)) = bytes.split_first_chunk::<HEAD_BYTES>() else { return Ok(None) };
        let [stream, 0, 0, 0, length @ ..] = *head else { return Err(InvalidFrame) };
        let length = u32::from_be_bytes(length) as usize;
        let stream = match stream {
            0 | 1 => OutputStream::Out,
            2 => OutputStream::Err,
            _ => return Err(InvalidFrame),
        };
        if length > FRAME_BYTES {
            return Err(InvalidFrame);
        }
        Ok(rest.get(..length).map(|payload| (stream, payload, HEAD_BYTES + length)))
    }
}

/// Splits the daemon's time from a text.
fn timed(payload: &[u8]) -> (Option<u64>, &[u8]) {
    let Some(end) = memchr(b' ', payload) else { return (None, payload) };
    match str::from_utf8(&payload[..end]).ok().and_then(parse_time) {
        Some(time_ns) => (Some(time_ns), &payload[end + 1..]),
        None => (None, payload),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(stream: u8, text: &str) -> Vec<u8> {
        let mut frame = vec![stream, 0, 0, 0];
        frame.extend((text.len() as u32).to_be_bytes());
        frame.extend_from_slice(text.as_bytes());
        frame
    }

    type Piece = (&'static str, Option<u64>, String, bool);

    /// What comes of the bytes when they arrive in pieces of this length.
    fn pieces(is_terminal: bool, bytes: &[u8], length: usize) -> Result<Vec<Piece>, InvalidFrame> {
        let (mut frames, mut found) = (OutputFrames::new(is_terminal), Vec::new());
        for bytes in bytes.chunks(length) {
            frames.read(bytes, |piece| {
                let text = String::from_utf8_lossy(piece.text).into_owned();
                found.push((piece.stream.as_str(), piece.time_ns, text, piece.is_end));
            })?;
        }
        Ok(found)
    }

    #[test]
    fn frames_are_lines_and_parts_of_both_streams_however_they_arrive() {
        let sent = [
            frame(1, "1970-01-01T00:00:01.000000007Z one two\n"),
            frame(2, "1970-01-01T00:00:02.000000000Z part"),
            frame(1, "1970-01-01T00:00:02.000000000Z \n"),
            frame(2, "1970-01-01T00:00:02.000000000Z end\n"),
            frame(1, "no time\n"),
            frame(1, ""),
        ];
        let expected = [
            ("stdout", Some(1_000_000_007), "one two".to_owned(), true),
            ("stderr", Some(2_000_000_000), "part".to_owned(), false),
            ("stdout", Some(2_000_000_000), String::new(), true),
            ("stderr", Some(2_000_000_000), "end".to_owned(), true),
            ("stdout", None, "no time".to_owned(), true),
            ("stdout", None, String::new(), false),
        ];
        for length in [1, 3, 8, 1000] {
            assert_eq!(pieces(false, &sent.concat(), length).as_deref(), Ok(&expected[..]), "{length}");
        }
    }

    #[test]
    fn the_lines_of_a_terminal_have_no_frames() {
        let sent = b"1970-01-01T00:00:01.000000000Z one\r\n1970-01-01T00:00:02.000000000Z two\r\nrest";
        let expected = [
            ("stdout", Some(1_000_000_000), "one".to_owned(), true),
            ("stdout", Some(2_000_000_000), "two".to_owned(), true),
        ];
        assert_eq!(pieces(true, sent, 5).as_deref(), Ok(&expected[..]));
        let endless = vec![b'x'; 3 * LINE_BYTES];
        let found = pieces(true, &endless, 1000).expect("whatever a terminal sends is text");
        assert!(!found.is_empty() && found.iter().all(|piece| !piece.3));
        let lines = [&endless[..LINE_BYTES], b"\n", &endless[..2 * LINE_BYTES + 9], b"\r\n"].concat();
        let lengths = [LINE_BYTES, LINE_BYTES, LINE_BYTES, 9];
        for length in [1000, LINE_BYTES - 1, LINE_BYTES, LINE_BYTES + 1, lines.len()] {
            let found = pieces(true, &lines, length).expect("whatever a terminal sends is text");
            assert!(found.iter().map(|piece| piece.2.len()).eq(lengths), "{length}");
            assert!(found.iter().map(|piece| piece.3).eq([true, false, false, true]), "{length}");
        }
    }

    #[test]
    fn what_is_no_frame_ends_the_reading() {
        for wrong in [&[1, 0, 0, 0, 255, 255, 255, 255][..], &[3, 0, 0, 0, 0, 0, 0, 1], b"HTTP/1.1"] {
            assert_eq!(pieces(false, wrong, 8), Err(InvalidFrame), "{wrong:?}");
        }
    }
}
