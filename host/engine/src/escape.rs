//! Escapes in raw lines: whether one may hide a piece of what the prefilter searches for. Formats write characters as
//! `\/` or `\u0041`, and a literal with such a character does not stand in the raw line as it is.

use lifesigns_model::escaped_number;
use memchr::{memchr, memchr_iter, memmem, memrchr};

use crate::literal::Pattern;

/// Bytes of escapes by number: `\x41` and `\101`, `\u0041`, `\U00000041`.
const NUMBER_BYTES: [usize; 3] = [4, 6, 10];
/// Bits of a symbol.
const SYMBOL_BITS: usize = 7;

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
}

/// Each character of what the prefilter searches for, with the one before it and the one behind it.
pub(crate) struct EscapeIndex(Box<[u64]>);

impl EscapeIndex {
    pub(crate) fn new(patterns: &[Pattern]) -> Self {
        let mut index = Self(vec![0; 1 << (3 * SYMBOL_BITS - 6)].into());
        for text in patterns.iter().map(Pattern::bytes) {
            for (at, byte) in text.iter().enumerate() {
                let before = at.checked_sub(1).map_or(Symbol::EDGE, |before| Symbol::of(text[before]));
                let behind = text.get(at + 1).map_or(Symbol::EDGE, |behind| Symbol::of(*behind));
                for before in [before, Symbol::ANY] {
                    for behind in [behind, Symbol::ANY] {
                        let (word, bit) = place(before, Symbol::of(*byte), behind);
                        index.0[word] |= bit;
                    }
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
            Some(character @ (b'/' | b'\'' | b']')) => self.has(bytes, at, u32::from(*character), 2),
            // What is no number stays as it is: `C:\users`.
            Some(b'u') => escaped_number(escape).is_some_and(|(code, len)| self.has(bytes, at, code, len)),
            // The other numbers are escapes only in Go's quotes. Quotes, backslashes and control characters are in
            // nothing that is searched for, and what is no escape (`C:\Windows`) stays as it is.
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
        if !self.holds(Symbol::ANY, symbol, Symbol::ANY) {
            return false;
        }
        let (before, behind) = (before(bytes, at), behind(bytes, at + len));
        match symbol {
            // Several bytes, each of which is a character here.
            Symbol::NOT_ASCII => {
                let begins = [before, Symbol::EDGE].map(|before| self.holds(before, Symbol::NOT_ASCII, Symbol::ANY));
                let ends = [behind, Symbol::EDGE].map(|behind| self.holds(Symbol::ANY, Symbol::NOT_ASCII, behind));
                (begins[0] || begins[1]) && (ends[0] || ends[1])
            }
            symbol => [before, Symbol::EDGE]
                .iter()
                .any(|before| [behind, Symbol::EDGE].iter().any(|behind| self.holds(*before, symbol, *behind))),
        }
    }

    fn holds(&self, before: Symbol, symbol: Symbol, behind: Symbol) -> bool {
        let (word, bit) = place(before, symbol, behind);
        self.0[word] & bit != 0
    }
}

fn place(before: Symbol, symbol: Symbol, behind: Symbol) -> (usize, u64) {
    let number =
        [before, symbol, behind].iter().fold(0, |number, symbol| number << SYMBOL_BITS | usize::from(symbol.0));
    (number / 64, 1 << (number % 64))
}

/// The character before the backslashes of which the last is at `at`.
fn before(bytes: &[u8], at: usize) -> Symbol {
    let text = &bytes[..at];
    let text = &text[..text.iter().rposition(|byte| *byte != b'\\').map_or(0, |last| last + 1)];
    let Some(last) = text.last() else { return Symbol::CONTROL };
    // It may be the end of an escape by number.
    if last.is_ascii_hexdigit() && NUMBER_BYTES.iter().any(|len| ends_with_number(text, len)) {
        Symbol::ANY
    } else {
        Symbol::of(*last)
    }
}

/// Returns whether the last `len` bytes of `text` are an escape by number.
fn ends_with_number(text: &[u8], len: &usize) -> bool {
    let start = text.len().checked_sub(*len).filter(|start| text[*start] == b'\\');
    start.is_some_and(|start| escaped_number(&text[start..]).is_some_and(|(_, found)| found == *len))
}

/// The character at `at`, behind an escape.
fn behind(bytes: &[u8], at: usize) -> Symbol {
    match bytes.get(at) {
        None => Symbol::CONTROL,
        Some(b'\\') => Symbol::ANY,
        Some(byte) => Symbol::of(*byte),
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

    #[test]
    fn numbers_count_only_in_lines_with_a_quoted_value() {
        let text = b"C:\\x86\nmsg=\"a\\x41\"\n{\"log\":\"msg=\\\"\\x41\"}\na=b \\101";
        let mut lines = GoQuotedLines::default();
        let escapes = memchr_iter(b'\\', text).filter(|at| escaped_number(&text[*at..]).is_some());
        let answers: Vec<bool> = escapes.map(|at| lines.contains(text, at)).collect();
        assert_eq!(answers, [false, true, true, false]);
    }
}
