//! Escapes in raw lines: whether one may hide a piece of what the prefilter searches for. Formats write characters as
//! `\/` or `\u0041`, and a literal with such a character does not stand in the raw line as it is.

use lifesigns_model::{ByteBlock, escaped_number};
use memchr::{memchr, memchr_iter, memmem, memrchr};

use crate::literal::Pattern;

/// Bytes of escapes by number: `\x41` and `\101`, `\u0041`, `\U00000041`.
const NUMBER_BYTES: [usize; 3] = [4, 6, 10];
/// Number of symbols.
const SYMBOLS: usize = 128;

/// A character as the index knows it: ASCII in lower case, or one of the symbols below, whose places control characters
/// would have; those are in nothing that is searched for.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Symbol(u8);

impl Symbol {
    /// What is before the first character and behind the last.
    const EDGE: Self = Self(0);
    const NOT_ASCII: Self = Self(1);
    const ANY: Self = Self(2);
    const CONTROL: Self = Self(3);

    fn of(byte: u8) -> Self {
        match byte {
            0x80.. => Self::NOT_ASCII,
            0..b' ' | 0x7f => Self::CONTROL,
            _ => Self(byte.to_ascii_lowercase()),
        }
    }

    const fn number(self) -> usize {
        self.0 as usize
    }

    const fn bit(self) -> SymbolSet {
        1 << self.0
    }
}

/// A set of symbols, a bit for each.
type SymbolSet = u128;

/// Each character of what the prefilter searches for, with the one before it and the one behind it.
pub(crate) struct EscapeIndex {
    /// For each symbol, and each that is before it, those that are behind it: what is asked of one symbol lies together.
    behind: Box<[[SymbolSet; SYMBOLS]]>,
    /// All symbols of what is searched for.
    known: SymbolSet,
}

impl EscapeIndex {
    pub(crate) fn new(patterns: &[Pattern]) -> Self {
        let mut index = Self { behind: vec![[0; SYMBOLS]; SYMBOLS].into(), known: 0 };
        for text in patterns.iter().map(Pattern::bytes) {
            for (at, byte) in text.iter().enumerate() {
                let before = at.checked_sub(1).map_or(Symbol::EDGE, |before| Symbol::of(text[before]));
                let behind = text.get(at + 1).map_or(Symbol::EDGE, |behind| Symbol::of(*behind));
                let symbol = Symbol::of(*byte);
                index.known |= symbol.bit();
                for before in [before, Symbol::ANY] {
                    index.behind[symbol.number()][before.number()] |= behind.bit() | Symbol::ANY.bit();
                }
            }
        }
        index
    }

    /// Whether the escape whose backslash is at `at` may stand for a character of what is searched for.
    pub(crate) fn hides(&self, bytes: &[u8], at: usize, go_quoted: &mut GoQuotedLines) -> bool {
        let escape = &bytes[at..];
        match escape.get(1) {
            None => true,
            // By far the most: quotes, backslashes and control characters are in nothing that is searched for.
            Some(b'"' | b'\\' | b'n' | b't' | b'r') => false,
            Some(character @ (b'/' | b'\'' | b']')) => self.has(bytes, at, u32::from(*character), 2),
            // What is no number stays as it is: `C:\users`.
            Some(b'u') => escaped_number(escape).is_some_and(|(code, len)| self.has(bytes, at, code, len)),
            // The other numbers are escapes only in Go's quotes, and what is no escape (`C:\Windows`) stays as it is.
            Some(_) => escaped_number(escape)
                .is_some_and(|(code, len)| self.has(bytes, at, code, len) && go_quoted.contains(bytes, at)),
        }
    }

    /// Whether a character between those around the escape at `at` is searched for.
    fn has(&self, bytes: &[u8], at: usize, code: u32, len: usize) -> bool {
        let symbol = u8::try_from(code).map_or(Symbol::NOT_ASCII, Symbol::of);
        // It may make another escape of what follows.
        if symbol == Symbol(b'\\') {
            return true;
        }
        // Most are in nothing that is searched for, whatever is around them.
        if self.known & symbol.bit() == 0 {
            return false;
        }
        let rows = &self.behind[symbol.number()];
        let after_before = rows[before(bytes, at).number()] | rows[Symbol::EDGE.number()];
        let behind = behind(bytes, at + len).bit() | Symbol::EDGE.bit();
        match symbol {
            // Several bytes, each of which is a character here.
            Symbol::NOT_ASCII => {
                let ends = rows[Symbol::ANY.number()] & behind != 0;
                ends && after_before & Symbol::ANY.bit() != 0
            }
            _ => after_before & behind != 0,
        }
    }
}

/// The character before the backslashes of which the last is at `at`.
fn before(bytes: &[u8], at: usize) -> Symbol {
    let text = &bytes[..at];
    let text = &text[..text.iter().rposition(|byte| *byte != b'\\').map_or(0, |last| last + 1)];
    let Some(last) = text.last() else { return Symbol::CONTROL };
    // It may be the end of an escape by number.
    if last.is_ascii_hexdigit() && NUMBER_BYTES.iter().any(|len| ends_with_number(text, *len)) {
        Symbol::ANY
    } else {
        Symbol::of(*last)
    }
}

/// Returns whether the last `len` bytes of `text` are an escape by number.
fn ends_with_number(text: &[u8], len: usize) -> bool {
    let Some(start) = text.len().checked_sub(len) else { return false };
    text[start] == b'\\' && escaped_number(&text[start..]).is_some_and(|(_, found)| found == len)
}

/// The character at `at`, behind an escape.
fn behind(bytes: &[u8], at: usize) -> Symbol {
    match bytes.get(at) {
        None => Symbol::CONTROL,
        Some(b'\\') => Symbol::ANY,
        Some(byte) => Symbol::of(*byte),
    }
}

/// The backslashes of a chunk, in order: where one is, others are near.
pub(crate) struct Backslashes<'a> {
    bytes: &'a [u8],
    /// Where a block begins, and which of its bytes are still to come.
    block: usize,
    left: u64,
    /// What is behind the block.
    behind: usize,
}

impl<'a> Backslashes<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, block: 0, left: 0, behind: 0 }
    }

    /// Goes on at `at`, or behind it.
    pub(crate) fn skip_to(&mut self, at: usize) {
        if at < self.behind {
            self.left &= u64::MAX << (at - self.block);
        } else {
            (self.left, self.behind) = (0, at);
        }
    }
}

impl Iterator for Backslashes<'_> {
    type Item = usize;

    #[inline]
    fn next(&mut self) -> Option<usize> {
        if self.left == 0 {
            self.block = self.behind + memchr(b'\\', &self.bytes[self.behind..])?;
            self.behind = self.bytes.len().min(self.block + ByteBlock::BYTES);
            let mut last = [0; ByteBlock::BYTES];
            let block = self.bytes[self.block..].first_chunk().unwrap_or_else(|| {
                let rest = &self.bytes[self.block..];
                last[..rest.len()].copy_from_slice(rest);
                &last
            });
            self.left = ByteBlock::new(block).equal(b'\\');
        }
        let at = self.block + self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Some(at)
    }
}

/// Finds the lines of a chunk that may have a value in Go's quotes. Looks at each line once, however many escapes are
/// in it.
#[derive(Default)]
pub(crate) struct GoQuotedLines {
    /// The end of the last line that was looked at; 0 before the first.
    end: usize,
    has_quotes: bool,
}

impl GoQuotedLines {
    /// Returns whether the line of the byte at `at` may have such a value. `at` must not decrease.
    pub(crate) fn contains(&mut self, bytes: &[u8], at: usize) -> bool {
        if at >= self.end {
            let start = memrchr(b'\n', &bytes[..at]).map_or(0, |end| end + 1);
            self.end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
            let line = &bytes[start..self.end];
            // `\u` may hide the quote or the equals sign.
            self.has_quotes = has_go_quotes(line) || memmem::find(line, b"\\u").is_some();
        }
        self.has_quotes
    }
}

/// Whether an equals sign is before a quote, which is itself escaped where the text is nested.
fn has_go_quotes(line: &[u8]) -> bool {
    memchr_iter(b'=', line).any(|equals| {
        let value = line[equals + 1..].iter().find(|byte| **byte != b'\\');
        value == Some(&b'"')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::literal::{LiteralKey, triggers};

    fn index(literals: &[&str]) -> EscapeIndex {
        let keys = literals.iter().map(|text| LiteralKey { text: (*text).to_owned(), ignore_case: false });
        EscapeIndex::new(&keys.flat_map(|key| triggers(&key)).collect::<Vec<_>>())
    }

    /// Whether any escape in a text hides a piece of a literal.
    fn hides(index: &EscapeIndex, text: &str) -> bool {
        let mut go_quoted = GoQuotedLines::default();
        memchr_iter(b'\\', text.as_bytes()).any(|at| index.hides(text.as_bytes(), at, &mut go_quoted))
    }

    #[test]
    fn an_escape_hides_what_is_between_its_neighbours_in_a_literal() {
        let index = index(&["containers/create", "/x", "y/", "né"]);
        for (text, expected) in [
            (r"containers\/create", true),
            (r"CONTAINERS\u002fCREATE", true),
            (r"containers\\\/create", true),
            (r"container\u0073\/create", true),
            (r"containers\/\u0063reate", true),
            (r"containers\/json", false),
            (r"usr\/create", false),
            (r"a\/x", true),
            (r"y\/a", true),
            (r"z\u0079\/a", true),
            (r"\/v1.41\/create", false),
            (r"\u0073\/create", true),
            (r"\x73\/create", true),
            (r"\163\/create", true),
            (r"\U00000073\/create", true),
            (r"\1634\/create", false),
            (r"\n\/x", true),
            (r"a\/", false),
            (r"\/", false),
            (r"n\u00e9", true),
            (r"n\u00e8", true),
            (r"m\u00e9", false),
            (r"a \u0026 \u003cb\u003e\u000a", false),
            (r"\u005cu0063", true),
            (r"\", true),
        ] {
            assert_eq!(hides(&index, text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_escape_and_what_writes_no_text_hides_nothing() {
        let index = index(&["aAbcdefghijklmnopqrstuvwxyz", "A", "\u{86}"]);
        for text in [r#"\""#, r"\n", r"\Windows", r"C:\users\unix", r"\xyz", r"\12", r"\x86 \101 \U00000041"] {
            assert!(!hides(&index, text), "{text}");
        }
        for text in [r#"a="\x86""#, r#"a="\101""#, r#"a="\U00000041""#, r"a=\u0022\101", r"\u0041"] {
            assert!(hides(&index, text), "{text}");
        }
    }

    /// Chunks of all lengths around those of blocks, with few and with many backslashes, from each position on.
    #[test]
    fn each_backslash_comes_once_and_in_order() {
        for len in (0..70).chain([126, 127, 128, 129, 200]) {
            for every in [1, 2, 7, 63, 64, 65, 150] {
                let bytes: Vec<u8> = (0..len).map(|at| if at % every == every / 2 { b'\\' } else { b'a' }).collect();
                let all: Vec<usize> = memchr_iter(b'\\', &bytes).collect();
                assert!(Backslashes::new(&bytes).eq(all.iter().copied()), "{len} {every}");
                for to in 0..=len {
                    let mut backslashes = Backslashes::new(&bytes);
                    let first = backslashes.next();
                    backslashes.skip_to(to.max(first.map_or(0, |first| first + 1)).min(len));
                    assert!(backslashes.eq(all.iter().copied().skip(1).filter(|at| *at >= to)), "{len} {every} {to}");
                }
            }
        }
    }

    #[test]
    fn numbers_count_only_in_lines_with_a_quoted_value() {
        let text = b"C:\\x86\nmsg=\"a\\x41\"\n{\"log\":\"msg=\\\"\\x41\"}\na=b \\101";
        let mut lines = GoQuotedLines::default();
        let escapes = memchr_iter(b'\\', text).filter(|at| escaped_number(&text[*at..]).is_some());
        let answers: Vec<bool> = escapes.map(|at| lines.contains(text, at)).collect();
        assert_eq!(answers, [false, true, true, false]);
    }
}
