//! Bytes that have been read and are no whole line yet. Here a source's encoding is undone, and what
//! is no text before a line is skipped.

use std::{
    io::{self, Read},
    mem,
};

use memchr::{memchr, memrchr};

use crate::encoding::{Encoding, Utf16};

/// Buffers that are kept for reuse.
const SPARES: usize = 4;
/// A chunk of less than this part of the bound is small.
const SMALL: usize = 16;
/// Room for the first read of a look. It grows while reads fill it, so that a file that brings a line now and
/// then costs no buffer of full size.
const FIRST_BYTES: usize = 16 << 10;
/// How much it grows.
const GROWTH: usize = 8;
/// What is read at once where it cannot be read in place.
const BLOCK_BYTES: usize = 64 << 10;
/// Bytes of the two longest characters, which one more byte of UTF-16 may complete.
const ROOM: usize = 8;
/// A head is decided by this many bytes.
const HEAD_BYTES: usize = 4;

/// What one read gave.
pub(crate) enum Pulled {
    /// Whole lines.
    Chunk(Vec<u8>),
    /// Bytes, but no line has ended.
    Nothing,
    /// No bytes.
    End,
}

/// See [`LineBuffer::save`].
#[derive(Debug)]
pub(crate) struct Unfinished {
    text: Vec<u8>,
    utf16: Utf16,
    before: usize,
    encoding: Option<Encoding>,
    skipping: bool,
    counted: bool,
    nul_bytes: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct LineBuffer {
    /// UTF-8, and room for the next read.
    bytes: Vec<u8>,
    filled: usize,
    /// The last read filled all the room that there was.
    was_filled: bool,
    /// A line was cut and its end has not been seen.
    skipping: bool,
    /// A byte of the line that was cut has been skipped, so it is counted.
    counted: bool,
    cut_lines: u64,
    spares: Vec<Vec<u8>>,
    /// What is read at once; the buffer grows beyond for a longer line.
    step_bytes: usize,
    chunk_bytes: usize,
    /// `None` until the first bytes have decided it.
    encoding: Option<Encoding>,
    utf16: Utf16,
    /// Bytes of the source before the unfinished last line's text that are not in it: NULs, a byte
    /// order mark.
    before: usize,
    nul_bytes: u64,
    read_bytes: u64,
}

impl LineBuffer {
    pub(crate) fn new(chunk_bytes: usize) -> Self {
        Self::in_steps(chunk_bytes, chunk_bytes)
    }

    /// Reads `step_bytes` at once, and lines of up to `chunk_bytes`.
    pub(crate) fn in_steps(step_bytes: usize, chunk_bytes: usize) -> Self {
        Self {
            bytes: Vec::new(),
            filled: 0,
            was_filled: false,
            skipping: false,
            counted: false,
            cut_lines: 0,
            spares: Vec::new(),
            step_bytes,
            chunk_bytes,
            encoding: None,
            utf16: Utf16::default(),
            before: 0,
            nul_bytes: 0,
            read_bytes: 0,
        }
    }

    pub(crate) const fn cut_lines(&self) -> u64 {
        self.cut_lines
    }

    pub(crate) const fn nul_bytes(&self) -> u64 {
        self.nul_bytes
    }

    /// Bytes that were read in all.
    pub(crate) const fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding.unwrap_or_default()
    }

    /// The source is read in this encoding; its head has been looked at.
    pub(crate) const fn set_encoding(&mut self, encoding: Encoding) {
        self.encoding = Some(encoding);
    }

    /// Bytes of the source that are read and not in a chunk yet.
    pub(crate) fn pending(&self) -> u64 {
        let text = self.encoding().len_of(&self.bytes[..self.filled]);
        (text + self.before + self.utf16.pending()) as u64
    }

    /// Forgets the unfinished last line if nothing of it but NULs has been read: they may be room that
    /// is written to later. Returns whether there was something to forget.
    pub(crate) fn forget_nuls(&mut self) -> bool {
        let nuls = self.filled == 0 && self.before > 0 && self.utf16.pending() == 0 && !self.skipping;
        if nuls {
            self.nul_bytes = self.nul_bytes.saturating_sub(self.before as u64);
            self.read_bytes = self.read_bytes.saturating_sub(self.before as u64);
            self.before = 0;
        }
        nuls
    }

    /// What has been read of the unfinished last line, to be [put back](Self::restore).
    pub(crate) fn save(&self) -> Unfinished {
        let (text, utf16) = (self.bytes[..self.filled].to_vec(), self.utf16.clone());
        let (before, encoding, skipping, counted) = (self.before, self.encoding, self.skipping, self.counted);
        Unfinished { text, utf16, before, encoding, skipping, counted, nul_bytes: self.nul_bytes }
    }

    /// Forgets what was read since it was saved.
    pub(crate) fn restore(&mut self, saved: Unfinished) {
        self.filled = saved.text.len();
        self.make_room(self.filled);
        self.bytes[..saved.text.len()].copy_from_slice(&saved.text);
        (self.utf16, self.before, self.encoding) = (saved.utf16, saved.before, saved.encoding);
        (self.skipping, self.counted, self.nul_bytes) = (saved.skipping, saved.counted, saved.nul_bytes);
    }

    pub(crate) fn recycle(&mut self, bytes: Vec<u8>) {
        if self.spares.len() < SPARES
            && bytes.capacity() >= self.step_bytes
            && self.step_bytes > self.chunk_bytes / SMALL
        {
            self.spares.push(bytes);
        }
    }

    /// Gives back all room but that of the unfinished last line, until the next read.
    pub(crate) fn park(&mut self) {
        self.bytes.truncate(self.filled);
        self.bytes.shrink_to_fit();
        self.was_filled = false;
        self.spares = Vec::new();
    }

    /// Makes the buffer at least this large.
    fn make_room(&mut self, len: usize) {
        if self.bytes.len() < len {
            self.bytes.resize(len, 0);
        }
    }

    /// Reads once.
    pub(crate) fn pull(&mut self, reader: &mut impl Read) -> io::Result<Pulled> {
        let start = self.filled;
        let count = match self.encoding {
            Some(Encoding::Utf16Le | Encoding::Utf16Be) => self.read_apart(reader)?,
            Some(Encoding::Utf8) | None => self.read_in_place(reader)?,
        };
        if count == 0 {
            return Ok(Pulled::End);
        }
        self.read_bytes += count as u64;
        let from = if self.encoding.is_some() {
            start
        } else if self.decide(false) {
            0
        } else {
            return Ok(Pulled::Nothing);
        };
        Ok(self.cut(from))
    }

    fn read_in_place(&mut self, reader: &mut impl Read) -> io::Result<usize> {
        if self.was_filled || self.bytes.len() == self.filled {
            let most = if self.filled < self.step_bytes { self.step_bytes } else { self.chunk_bytes };
            let larger = (self.bytes.len() * GROWTH).max(self.filled + FIRST_BYTES);
            self.make_room(larger.min(most));
        }
        // What turns out to be UTF-16 must have room as UTF-8.
        let most = match self.encoding {
            Some(_) => self.bytes.len(),
            None => self.filled + (self.step_bytes / 4).clamp(HEAD_BYTES, BLOCK_BYTES),
        };
        let room = most.min(self.bytes.len());
        let count = read(reader, &mut self.bytes[self.filled..room])?;
        self.filled += count;
        self.was_filled = self.filled == room;
        Ok(count)
    }

    /// Reads what may not stand as it is, no more than there is room for in UTF-8.
    fn read_apart(&mut self, reader: &mut impl Read) -> io::Result<usize> {
        let mut block = [0; BLOCK_BYTES];
        let most = ((self.chunk_bytes - self.filled) / ROOM).clamp(1, BLOCK_BYTES.min(self.step_bytes));
        let count = read(reader, &mut block[..most])?;
        self.decode(&block[..count]);
        Ok(count)
    }

    fn decode(&mut self, bytes: &[u8]) {
        let mut text = Vec::with_capacity(2 * bytes.len());
        self.utf16.push(self.encoding(), bytes, &mut text);
        let end = self.filled + text.len();
        self.make_room(end);
        self.bytes[self.filled..end].copy_from_slice(&text);
        self.filled = end;
    }

    /// Decides the encoding by what has been read of the source's head; returns whether it could.
    fn decide(&mut self, ended: bool) -> bool {
        let Some((encoding, bom)) = Encoding::of_head(&self.bytes[..self.filled], ended) else { return false };
        self.encoding = Some(encoding);
        self.before = bom;
        match encoding {
            Encoding::Utf8 => self.drop_front(bom),
            Encoding::Utf16Le | Encoding::Utf16Be => {
                let raw = self.bytes[bom..self.filled].to_vec();
                self.filled = 0;
                self.decode(&raw);
            }
        }
        true
    }

    fn drop_front(&mut self, len: usize) {
        self.bytes.copy_within(len..self.filled, 0);
        self.filled -= len;
    }

    /// Takes the whole lines out. What is at `from` and after it is new.
    fn cut(&mut self, from: usize) -> Pulled {
        let from = if self.skipping {
            if !self.skip() {
                return Pulled::Nothing;
            }
            0
        } else {
            from
        };
        self.skip_nuls(from);
        if let Some(last) = memrchr(b'\n', &self.bytes[from..self.filled]) {
            return Pulled::Chunk(self.take(from + last + 1));
        }
        let full = match self.encoding() {
            Encoding::Utf8 => self.filled == self.chunk_bytes,
            Encoding::Utf16Le | Encoding::Utf16Be => self.filled + ROOM > self.chunk_bytes,
        };
        if full {
            self.skipping = true;
            self.counted = false;
            self.before = 0;
            return Pulled::Chunk(self.take(self.filled));
        }
        Pulled::Nothing
    }

    /// Drops what belongs to a line that was cut; returns whether its end has been seen.
    fn skip(&mut self) -> bool {
        let end = memchr(b'\n', &self.bytes[..self.filled]);
        if !self.counted && end != Some(0) {
            self.counted = true;
            self.cut_lines += 1;
        }
        self.skipping = end.is_none();
        self.drop_front(end.map_or(self.filled, |end| end + 1));
        end.is_some()
    }

    /// Drops NULs at the starts of lines in what is new: the hole that a file has which was truncated
    /// under a writer that goes on at its old place.
    fn skip_nuls(&mut self, from: usize) {
        let new = &self.bytes[from..self.filled];
        if memchr(0, new).is_none() {
            if memchr(b'\n', new).is_some() {
                self.before = 0;
            }
            return;
        }
        let unit = self.encoding().unit_bytes();
        let (mut read, mut write, mut starts) = (from, from, from == 0);
        while read < self.filled {
            if starts {
                let nuls = self.bytes[read..self.filled].iter().take_while(|byte| **byte == 0).count();
                self.before += nuls * unit;
                self.nul_bytes += (nuls * unit) as u64;
                read += nuls;
            }
            let rest = &self.bytes[read..self.filled];
            let line = memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
            self.bytes.copy_within(read..read + line, write);
            read += line;
            write += line;
            starts = line > 0 && self.bytes[write - 1] == b'\n';
            if starts {
                self.before = 0;
            }
        }
        self.filled = write;
    }

    /// Takes the first `len` bytes; the others go on. Few bytes are copied rather than handed over
    /// in a buffer of full size.
    fn take(&mut self, len: usize) -> Vec<u8> {
        let rest = len..self.filled;
        self.filled -= len;
        let next_bytes = self.step_bytes.max(self.filled);
        if len <= self.chunk_bytes / SMALL {
            let taken = self.bytes[..len].to_vec();
            self.bytes.copy_within(rest, 0);
            if self.bytes.len() > 2 * next_bytes {
                self.bytes.truncate(next_bytes);
                self.bytes.shrink_to_fit();
            }
            return taken;
        }
        let mut next = self.spares.pop().unwrap_or_else(|| vec![0; next_bytes]);
        next.resize(next_bytes, 0);
        next[..self.filled].copy_from_slice(&self.bytes[rest]);
        let mut taken = mem::replace(&mut self.bytes, next);
        taken.truncate(len);
        taken
    }

    /// Returns the unfinished last line, if there is one.
    pub(crate) fn rest(&mut self) -> Option<Vec<u8>> {
        if self.encoding.is_none() && self.decide(true) {
            self.skip_nuls(0);
        }
        self.skipping = false;
        self.before = 0;
        self.utf16.forget();
        (self.filled > 0).then(|| self.take(self.filled))
    }

    /// Forgets the unfinished last line: what comes next is the start of another.
    pub(crate) fn forget_line(&mut self) {
        self.filled = 0;
        self.before = 0;
        self.skipping = false;
        self.utf16.forget();
    }

    /// Forgets everything that has been read: what comes next is the head of a source.
    pub(crate) fn forget(&mut self) {
        self.forget_line();
        self.encoding = None;
    }
}

fn read(reader: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
