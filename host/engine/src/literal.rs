//! Literals, and what of a literal can be looked for in raw bytes.
//!
//! A literal is about the *decoded* message, the prefilter sees *raw* bytes. Formats with backslash
//! escapes (JSON, logfmt's Go quoting) write `"`, `\` and control characters as two-byte escapes,
//! so of a literal that contains such a character only a piece without them stands in the raw line.
//! That piece is the trigger; the whole literal is then looked for in the decoded message. What
//! other escapes can hide (`\u0041`, `\/`), no trigger finds: such lines are always decoded.

use crate::prefilter::Literal;

/// A shorter trigger is found too often to be worth it.
const TRIGGER_BYTES: usize = 4;

/// A literal with its case rule.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LiteralKey {
    pub(crate) text: String,
    pub(crate) ignore_case: bool,
}

impl LiteralKey {
    /// Whether the literal stands anywhere in `message`.
    pub(crate) fn is_in(&self, message: &str) -> bool {
        if !self.ignore_case {
            return memchr::memmem::find(message.as_bytes(), self.text.as_bytes()).is_some();
        }
        let (text, literal) = (message.as_bytes(), self.text.as_bytes());
        let first = literal[0];
        let mut from = 0;
        while let Some(at) =
            memchr::memchr2(first.to_ascii_lowercase(), first.to_ascii_uppercase(), &text[from..]).map(|at| from + at)
        {
            match text.get(at..at + literal.len()) {
                Some(piece) if piece.eq_ignore_ascii_case(literal) => return true,
                Some(_) => from = at + 1,
                None => return false,
            }
        }
        false
    }
}

/// What the prefilter looks for.
pub(crate) struct Pattern {
    /// The bytes to look for: the literal or a piece of it.
    bytes: Vec<u8>,
    /// The whole literal; `None` for the keys that mark lines with facts.
    pub(crate) literal: Option<LiteralKey>,
    /// The bytes are the whole literal.
    pub(crate) whole: bool,
    /// No piece is long enough: lines with any escape must be decoded to find it.
    pub(crate) needs_unescaped: bool,
    /// Whose interest it is.
    pub(crate) interests: Vec<u32>,
}

impl Pattern {
    /// A JSON key of lines with facts.
    pub(crate) fn facts(key: &str) -> Self {
        Self { bytes: key.into(), literal: None, whole: true, needs_unescaped: false, interests: Vec::new() }
    }

    /// As the prefilter takes it.
    pub(crate) fn literal(&self) -> Literal<'_> {
        let ignore_case = self.literal.as_ref().is_some_and(|literal| literal.ignore_case);
        Literal { bytes: &self.bytes, ignore_case }
    }
}

/// Chooses what to look for in raw bytes.
pub(crate) fn trigger(literal: &LiteralKey) -> Pattern {
    let written = |byte: u8| byte == b'"' || byte == b'\\' || byte.is_ascii_control();
    let bytes = literal.text.as_bytes();
    let whole = !bytes.iter().any(|byte| written(*byte));
    let longest = bytes.split(|byte| written(*byte)).max_by_key(|piece| piece.len()).unwrap_or_default();
    let usable = whole || longest.len() >= TRIGGER_BYTES;
    Pattern {
        bytes: if usable { longest.to_vec() } else { bytes.to_vec() },
        literal: Some(literal.clone()),
        whole: whole || !usable,
        needs_unescaped: !usable,
        interests: Vec::new(),
    }
}

/// Whether the byte after a backslash writes one of the characters that no trigger contains.
pub(crate) const fn is_simple_escape(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | b'n' | b't' | b'r' | b'b' | b'f' | b'a' | b'v')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str, ignore_case: bool) -> LiteralKey {
        LiteralKey { text: text.into(), ignore_case }
    }

    #[test]
    fn the_trigger_is_the_longest_piece_that_no_escape_touches() {
        let plain = trigger(&key("containers/create", false));
        assert!(plain.whole && !plain.needs_unescaped);
        let quoted = trigger(&key("parsed scheme: \"unix\"", false));
        assert_eq!(quoted.bytes, b"parsed scheme: ");
        assert!(!quoted.whole && !quoted.needs_unescaped);
        let short = trigger(&key("a\"b", false));
        assert_eq!(short.bytes, b"a\"b");
        assert!(short.needs_unescaped);
    }

    #[test]
    fn case_is_folded_only_when_asked() {
        assert!(key("Docker", false).is_in("a Docker b"));
        assert!(!key("Docker", false).is_in("a docker b"));
        assert!(key("Docker", true).is_in("dock dOCKER"));
        assert!(!key("Docker", true).is_in("docke"));
    }
}
