//! Lines of JSON over a stream: requests within a bound and a time, responses without either.

use std::{
    io::{self, BufWriter, Read, Write},
    os::unix::net::UnixStream,
    time::{Duration, Instant},
};

use serde::Serialize;

/// The longest request, its line end counted.
pub const REQUEST_BYTES: usize = 64 * 1024;

/// A request's line, or why there is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// The line without its end.
    Whole(Vec<u8>),
    /// The client is gone; what it left unfinished is not a request.
    End,
    /// It is longer than [`REQUEST_BYTES`].
    TooLong,
    /// It was not whole in time.
    TooLate,
}

/// Reads requests off a stream.
pub(crate) struct Lines<'a> {
    stream: &'a UnixStream,
    /// Read and not yet taken.
    rest: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(stream: &'a UnixStream) -> Self {
        Self { stream, rest: Vec::new() }
    }

    /// The next line. The whole of it has to come within `within`: a byte now and then does not
    /// keep a connection.
    pub(crate) fn next(&mut self, within: Duration) -> io::Result<Line> {
        let until = Instant::now() + within;
        let mut searched = 0;
        loop {
            if let Some(at) = self.rest[searched..].iter().position(|byte| *byte == b'\n') {
                let after = self.rest.split_off(searched + at + 1);
                let mut line = std::mem::replace(&mut self.rest, after);
                line.pop();
                return Ok(Line::Whole(line));
            }
            searched = self.rest.len();
            if searched >= REQUEST_BYTES {
                return Ok(Line::TooLong);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Line::TooLate);
            }
            self.stream.set_read_timeout(Some(left))?;
            let mut piece = [0; 4096];
            let room = piece.len().min(REQUEST_BYTES - searched);
            match self.stream.read(&mut piece[..room]) {
                Ok(0) => return Ok(Line::End),
                Ok(read) => self.rest.extend_from_slice(&piece[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                    return Ok(Line::TooLate);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

/// Writes one line of JSON, piece by piece: it is never whole in memory.
pub(crate) fn write<T: Serialize>(stream: &UnixStream, value: &T) -> io::Result<()> {
    let mut writer = BufWriter::with_capacity(64 * 1024, stream);
    serde_json::to_writer(&mut writer, value)?;
    writer.write_all(b"\n")?;
    writer.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn pair() -> (UnixStream, UnixStream) {
        UnixStream::pair().unwrap()
    }

    #[test]
    fn lines_come_one_by_one_however_they_are_cut() {
        let (mut near, far) = pair();
        near.write_all(b"one\ntwo\n\nhal").unwrap();
        let mut lines = Lines::new(&far);
        assert_eq!(lines.next(LONG).unwrap(), Line::Whole(b"one".to_vec()));
        assert_eq!(lines.next(LONG).unwrap(), Line::Whole(b"two".to_vec()));
        assert_eq!(lines.next(LONG).unwrap(), Line::Whole(Vec::new()));
        near.write_all(b"f\n").unwrap();
        assert_eq!(lines.next(LONG).unwrap(), Line::Whole(b"half".to_vec()));
        near.write_all(b"cut").unwrap();
        drop(near);
        assert_eq!(lines.next(LONG).unwrap(), Line::End);
    }

    #[test]
    fn the_bound_is_exact() {
        for (length, expected) in [(REQUEST_BYTES - 1, true), (REQUEST_BYTES, false)] {
            let (mut near, far) = pair();
            let writer = std::thread::spawn(move || {
                let mut line = vec![b'x'; length];
                line.push(b'\n');
                // The reader may be gone before the last byte.
                let _ = near.write_all(&line);
            });
            let line = Lines::new(&far).next(LONG).unwrap();
            assert_eq!(matches!(line, Line::Whole(whole) if whole.len() == length), expected, "{length}");
            drop(far);
            writer.join().unwrap();
        }
    }

    #[test]
    fn a_byte_now_and_then_does_not_keep_a_connection() {
        let (near, far) = pair();
        (&near).write_all(b"{").unwrap();
        assert_eq!(Lines::new(&far).next(Duration::from_millis(20)).unwrap(), Line::TooLate);
    }
}
