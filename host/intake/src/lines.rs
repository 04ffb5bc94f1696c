//! Whole lines out of a stream of bytes, in chunks as the engine takes them.

use std::io::{self, Read};

use lifesigns_model::limits::CHUNK_BYTES;
use memchr::{memchr, memrchr};

/// Buffers that are kept for reuse.
const SPARES: usize = 4;
/// A chunk of less than this part of the bound is small.
const SMALL: usize = 16;

/// Cuts a stream into chunks of whole lines, each of at most [`CHUNK_BYTES`] bytes. One read goes
/// straight into the chunk; only the unfinished last line is copied on to the next one.
///
/// A chunk comes as soon as one read has finished a line, so that a slow pipe is not held back. A
/// line longer than [`CHUNK_BYTES`] is cut there: it ends its chunk without a line end, what follows
/// up to its line end is skipped, and it is counted.
#[derive(Debug)]
pub struct LineChunks<R> {
    reader: R,
    buffer: LineBuffer,
    ended: bool,
}

impl<R: Read> LineChunks<R> {
    /// The lines of `reader`.
    pub fn new(reader: R) -> Self {
        Self { reader, buffer: LineBuffer::new(CHUNK_BYTES), ended: false }
    }

    /// The next chunk; blocks for it. `None` at the end of the stream, after its last line, which
    /// may have no line end.
    ///
    /// # Errors
    /// When the stream cannot be read. Interrupted reads are repeated.
    pub fn next_chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        while !self.ended {
            match self.buffer.pull(&mut self.reader)? {
                Pulled::Chunk(bytes) => return Ok(Some(bytes)),
                Pulled::Nothing => {}
                Pulled::End => {
                    self.ended = true;
                    return Ok(self.buffer.rest());
                }
            }
        }
        Ok(None)
    }

    /// Lines that were cut so far.
    pub const fn cut_lines(&self) -> u64 {
        self.buffer.cut_lines()
    }

    /// Hands a chunk's memory back for another one. Best at the length that it came with: what it
    /// lacks has to be zeroed again.
    pub fn recycle(&mut self, bytes: Vec<u8>) {
        self.buffer.recycle(bytes);
    }
}

impl<R: Read> Iterator for LineChunks<R> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_chunk().transpose()
    }
}

/// What one read gave.
pub(crate) enum Pulled {
    /// Whole lines.
    Chunk(Vec<u8>),
    /// Bytes, but no line has ended.
    Nothing,
    /// No bytes.
    End,
}

/// Bytes that have been read and are no whole line yet.
#[derive(Debug)]
pub(crate) struct LineBuffer {
    /// Always at full length, so that nothing has to be cleared before a read.
    bytes: Vec<u8>,
    filled: usize,
    /// A line was cut and its end has not been seen.
    skipping: bool,
    /// A byte of the line that was cut has been skipped, so it is counted.
    counted: bool,
    cut_lines: u64,
    spares: Vec<Vec<u8>>,
    chunk_bytes: usize,
}

impl LineBuffer {
    pub(crate) fn new(chunk_bytes: usize) -> Self {
        let bytes = vec![0; chunk_bytes];
        Self { bytes, filled: 0, skipping: false, counted: false, cut_lines: 0, spares: Vec::new(), chunk_bytes }
    }

    pub(crate) const fn cut_lines(&self) -> u64 {
        self.cut_lines
    }

    /// Bytes of the unfinished last line.
    pub(crate) const fn pending(&self) -> usize {
        self.filled
    }

    pub(crate) fn recycle(&mut self, bytes: Vec<u8>) {
        if self.spares.len() < SPARES && bytes.capacity() >= self.chunk_bytes {
            self.spares.push(bytes);
        }
    }

    /// Reads once.
    pub(crate) fn pull(&mut self, reader: &mut impl Read) -> io::Result<Pulled> {
        let count = loop {
            match reader.read(&mut self.bytes[self.filled..]) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        if count == 0 {
            return Ok(Pulled::End);
        }
        let (start, end) = (self.filled, self.filled + count);
        self.filled = end;
        if self.skipping && !self.skip() {
            return Ok(Pulled::Nothing);
        }
        let from = start.min(self.filled);
        if let Some(last) = memrchr(b'\n', &self.bytes[from..self.filled]) {
            return Ok(Pulled::Chunk(self.take(from + last + 1)));
        }
        if self.filled == self.chunk_bytes {
            self.skipping = true;
            self.counted = false;
            return Ok(Pulled::Chunk(self.take(self.chunk_bytes)));
        }
        Ok(Pulled::Nothing)
    }

    /// Drops what belongs to a line that was cut; returns whether its end has been seen.
    fn skip(&mut self) -> bool {
        let end = memchr(b'\n', &self.bytes[..self.filled]);
        if !self.counted && end != Some(0) {
            self.counted = true;
            self.cut_lines += 1;
        }
        self.skipping = end.is_none();
        let start = end.map_or(self.filled, |end| end + 1);
        self.bytes.copy_within(start..self.filled, 0);
        self.filled -= start;
        end.is_some()
    }

    /// Takes the first `len` bytes; the others go on. Few bytes are copied rather than handed over
    /// in a buffer of full size.
    fn take(&mut self, len: usize) -> Vec<u8> {
        let rest = len..self.filled;
        self.filled -= len;
        if len <= self.chunk_bytes / SMALL {
            let taken = self.bytes[..len].to_vec();
            self.bytes.copy_within(rest, 0);
            return taken;
        }
        let mut next = self.spares.pop().unwrap_or_else(|| vec![0; self.chunk_bytes]);
        next.resize(self.chunk_bytes, 0);
        next[..self.filled].copy_from_slice(&self.bytes[rest]);
        let mut taken = std::mem::replace(&mut self.bytes, next);
        taken.truncate(len);
        taken
    }

    /// The unfinished last line, if there is one.
    pub(crate) fn rest(&mut self) -> Option<Vec<u8>> {
        self.skipping = false;
        (self.filled > 0).then(|| self.take(self.filled))
    }

    /// Forgets everything that has been read.
    pub(crate) fn forget(&mut self) {
        self.filled = 0;
        self.skipping = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives at most as many bytes a read as the list says, round and round.
    struct Drip<'a>(&'a [u8], Vec<usize>, usize);

    impl Read for Drip<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.2 += 1;
            let most = self.1[self.2 % self.1.len()].min(buffer.len()).min(self.0.len());
            buffer[..most].copy_from_slice(&self.0[..most]);
            self.0 = &self.0[most..];
            Ok(most)
        }
    }

    /// What must come: every line, cut at `limit`.
    fn naive(bytes: &[u8], limit: usize) -> (Vec<Vec<u8>>, u64) {
        let mut lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        if lines.last().is_some_and(Vec::is_empty) {
            lines.pop();
        }
        let cut = lines.iter().filter(|line| line.len() > limit).count();
        lines.iter_mut().for_each(|line| line.truncate(limit));
        (lines, cut as u64)
    }

    proptest! {
        #[test]
        fn agrees_with_a_naive_split(
            lines in prop::collection::vec("[a-c]{0,24}", 0..20), ended: bool,
            reads in prop::collection::vec(1_usize..20, 1..5), recycle: bool,
        ) {
            let text = lines.join("\n") + if ended { "\n" } else { "" };
            let mut chunks = LineChunks {
                reader: Drip(text.as_bytes(), reads, 0),
                buffer: LineBuffer::new(16),
                ended: false,
            };
            let mut found = Vec::new();
            while let Some(chunk) = chunks.next_chunk().expect("it reads") {
                prop_assert!(!chunk.is_empty() && chunk.len() <= 16);
                let whole = chunk.strip_suffix(b"\n").unwrap_or(&chunk);
                found.extend(whole.split(|byte| *byte == b'\n').map(<[u8]>::to_vec));
                if recycle {
                    chunks.recycle(chunk);
                }
            }
            prop_assert_eq!((found, chunks.cut_lines()), naive(text.as_bytes(), 16));
        }
    }
}
