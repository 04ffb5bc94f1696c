//! Where in a chunk the last line is that may have a time, found without looking at each line: bytes that a time cannot
//! do without are looked for in all lines at once, from the end.

use lifesigns_model::ByteBlock;
use memchr::memrchr;

use super::{front, time_hint};

/// Returns a position in the last line of `bytes` that may have a time, for any of the decoders. Lines end with `\n` or `\r\n`.
pub(super) fn last(bytes: &[u8]) -> Option<usize> {
    let (blocks, rest) = bytes.as_chunks::<{ ByteBlock::BYTES }>();
    let line_end = end_of_line(bytes, bytes.len());
    let mut search = Search { bytes, line_end, line_start: None, behind: Behind::default() };
    if !rest.is_empty() {
        let mut last = [0; ByteBlock::BYTES];
        last[..rest.len()].copy_from_slice(rest);
        let found = search.block(blocks.len() * ByteBlock::BYTES, &last);
        if found.is_some() {
            return found;
        }
    }
    for (number, block) in blocks.iter().enumerate().rev() {
        let found = search.block(number * ByteBlock::BYTES, block);
        if found.is_some() {
            return found;
        }
    }
    search.front(0)
}

/// Sets of the block behind the one that is looked at.
#[derive(Default)]
struct Behind {
    digits: u64,
    colons: u64,
}

struct Search<'a> {
    bytes: &'a [u8],
    /// The end of the line that is looked at, without its `\r`, and its start once that was asked for.
    line_end: usize,
    line_start: Option<usize>,
    behind: Behind,
}

impl Search<'_> {
    /// Looks at a block that begins at `base`; the one behind it was looked at before.
    fn block(&mut self, base: usize, block: &[u8; ByteBlock::BYTES]) -> Option<usize> {
        let sets = ByteBlock::new(block);
        let (digits, colons, dots) = (sets.digits(), sets.equal(b':'), sets.equal(b'.'));
        let digit = |by| ahead(digits, self.behind.digits, by);
        // What is before the block is not known here: it is as a time needs it.
        let after_digits = digits << 1 | 1;
        let after_two = after_digits & (digits << 2 | 0b11);
        let clocks = colons & ahead(colons, self.behind.colons, 3) & after_two;
        let clocks = clocks & digit(1) & digit(2) & digit(4) & digit(5);
        let epochs = dots & after_two & (digits << 3 | 0b111) & (digits << 4 | 0b1111);
        // Nine digits, by the first of them.
        let mut numbers = digits & digit(4) & digit(8) & !(digits << 1);
        if numbers != 0 {
            numbers &= digit(1) & digit(2) & digit(3) & digit(5) & digit(6) & digit(7);
        }
        let exponents = sets.letter(b'e') & (after_digits | dots << 1);
        let others = sets.equal(b'\n') | sets.equal(b'\\') | sets.equal(b'[');
        let mut marks = clocks | epochs | numbers | exponents | others;
        self.behind = Behind { digits, colons };
        while marks != 0 {
            let bit = marks.ilog2() as usize;
            marks ^= 1 << bit;
            let found = self.mark(base + bit);
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Looks at a byte that may be a part of a time; those behind it are not.
    fn mark(&mut self, at: usize) -> Option<usize> {
        let is_sign = match self.bytes[at] {
            b'\n' => {
                let found = self.front(at + 1);
                (self.line_end, self.line_start) = (end_of_line(self.bytes, at), None);
                return found;
            }
            b'\\' => time_hint::is_hiding_escape(&self.bytes[at..self.line_end]),
            b'[' => time_hint::is_byte_list(self.bytes, at),
            b'.' => time_hint::is_unnamed_epoch(&self.bytes[..self.line_end], at),
            b':' => {
                let start = self.line_start();
                time_hint::is_clock(&self.bytes[start..self.line_end], at - start)
            }
            b'e' | b'E' => self.is_value(time_hint::number_start(&self.bytes[..at])),
            _ => self.is_value(at),
        };
        is_sign.then_some(at)
    }

    /// Whether the number at `at` is an epoch under the key of a time.
    fn is_value(&self, at: usize) -> bool {
        let Some(separator) = time_hint::separator_before(&self.bytes[..at]) else { return false };
        time_hint::is_under_time_key(&self.bytes[..self.line_end], separator)
    }

    /// Returns `start` if a line begins there that may begin with a time.
    fn front(&self, start: usize) -> Option<usize> {
        let line = &self.bytes[start..self.line_end];
        (!line.is_empty() && front::may_begin_with_time(line)).then_some(start)
    }

    fn line_start(&mut self) -> usize {
        let before = &self.bytes[..self.line_end];
        *self.line_start.get_or_insert_with(|| memrchr(b'\n', before).map_or(0, |end| end + 1))
    }
}

/// Returns where the line ends that `\n`, or the end of the bytes, follows at `at`: a `\r` there is no part of it.
fn end_of_line(bytes: &[u8], at: usize) -> usize {
    at - usize::from(bytes[..at].ends_with(b"\r"))
}

/// Returns where a set has a position `by` behind; `behind` is the same set of the next block.
const fn ahead(set: u64, behind: u64, by: u32) -> u64 {
    set >> by | behind << (64 - by)
}
