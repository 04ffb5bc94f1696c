//! Whole lines out of a stream of bytes, in chunks as the engine takes them.

use std::io::{self, Read};

use lifesigns_model::limits::CHUNK_BYTES;

use crate::{
    buffer::{LineBuffer, Pulled},
    encoding::Encoding,
};

/// Cuts a stream into chunks of whole lines, each of at most [`CHUNK_BYTES`] bytes. One read goes
/// straight into the chunk; only the unfinished last line is copied on to the next one.
///
/// A chunk comes as soon as one read has finished a line, so that a slow pipe is not held back. A
/// line longer than [`CHUNK_BYTES`] is cut there: it ends its chunk without a line end, what follows
/// up to its line end is skipped, and it is counted.
///
/// Chunks are UTF-8 as far as the stream is: a byte order mark is skipped, UTF-16 is recognised at the
/// stream's head and decoded, and NUL bytes before a line are skipped and counted.
#[derive(Debug)]
pub struct LineChunks<R> {
    reader: R,
    buffer: LineBuffer,
    ended: bool,
}

impl<R: Read> LineChunks<R> {
    /// Returns the lines of `reader`.
    pub fn new(reader: R) -> Self {
        Self { reader, buffer: LineBuffer::new(CHUNK_BYTES), ended: false }
    }

    /// Returns the lines of `reader` in chunks that are read in steps of `step_bytes`: none is longer, unless
    /// one line is.
    pub fn in_steps(reader: R, step_bytes: usize) -> Self {
        let step_bytes = step_bytes.min(CHUNK_BYTES);
        Self { reader, buffer: LineBuffer::in_steps(step_bytes, CHUNK_BYTES), ended: false }
    }

    /// Returns the lines of a reader that begins in the middle of a source in this encoding.
    #[must_use]
    pub const fn continued(mut self, encoding: Encoding) -> Self {
        self.buffer.set_encoding(encoding);
        self
    }

    /// Returns the next chunk; blocks for it. `None` at the end of the stream, after its last line, which may have no
    /// line end.
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

    /// How the stream is read; UTF-8 until its first bytes have come.
    pub fn encoding(&self) -> Encoding {
        self.buffer.encoding()
    }

    /// NUL bytes before lines that were skipped so far.
    pub const fn nul_bytes(&self) -> u64 {
        self.buffer.nul_bytes()
    }

    /// Bytes of the stream that the chunks so far are made of.
    pub fn consumed_bytes(&self) -> u64 {
        self.buffer.read_bytes() - self.buffer.pending()
    }

    /// Gives back all memory but that of the unfinished last line, until the next chunk.
    pub(crate) fn park(&mut self) {
        self.buffer.park();
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
