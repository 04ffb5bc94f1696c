//! Literals, and the piece of a literal that can be searched for in raw bytes.
//!
//! A literal is about the *decoded* message, the prefilter sees *raw* bytes. Formats with backslash
//! escapes (JSON, logfmt's Go quoting) write `"`, `\` and control characters as two-byte escapes,
//! so of a literal that contains such a character only a piece without them stands in the raw line.
//! That piece is the trigger; the whole literal is then searched for in the decoded message. Where no
//! piece is long enough and only quotes are in the way, the literal is searched for as it is written in
//! one line and in lines in each other. What other escapes hide (`\u0041`, `\/`), no trigger finds: lines in which
//! one may hide a piece of a trigger are decoded (`escape`), and so are those with a message that is a list of bytes.

use aho_corasick::AhoCorasick;

use crate::cost_units::LITERAL_UNITS;
use crate::prefilter::{LITERAL_MAX_BYTES, Literal};

/// A shorter trigger is found too often to be worth it.
const TRIGGER_BYTES: usize = 4;
/// A shorter trigger is found so often that each way of writing the quotes is the better one.
const RARE_BYTES: usize = 8;
/// Backslashes before a quote in a JSON line, in a JSON text in that, and in a third one in that. A
/// line with more is decoded.
const NESTED_BACKSLASHES: [usize; 3] = [0, 1, 3];
/// A run of this many backslashes means deeper nesting than [`NESTED_BACKSLASHES`] covers.
pub(crate) const DEEP: &[u8] = &[b'\\'; 7];

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

/// A literal as the prefilter searches for it.
pub(crate) struct Pattern {
    /// The bytes to look for: the literal or a piece of it.
    bytes: Vec<u8>,
    /// The whole literal; `None` for the keys that mark lines with facts.
    pub(crate) literal: Option<LiteralKey>,
    /// The bytes are the whole literal.
    pub(crate) whole: bool,
    /// No piece is long enough: lines with any escape must be decoded to find it.
    pub(crate) needs_unescaped: bool,
    /// The bytes are the literal as lines in each other write it.
    pub(crate) nested: bool,
    /// Nothing of the message may stand in the raw line: it must be decoded to find any literal.
    pub(crate) hides: bool,
    /// Whose interest it is.
    pub(crate) interests: Vec<u32>,
    /// The whole literal in lower case, if it ignores case.
    folded: Option<String>,
}

/// A message, and the same in lower case once that is asked for.
pub(crate) struct Message<'a> {
    text: &'a str,
    folded: Option<String>,
}

impl<'a> Message<'a> {
    /// Returns the cost of one search for a literal in it, in [units](crate::cost_units): the search takes
    /// many bytes at a time.
    pub(crate) fn search_units(&self) -> u64 {
        LITERAL_UNITS + self.text.len() as u64 / 16
    }

    pub(crate) const fn new(text: &'a str) -> Self {
        Self { text, folded: None }
    }

    fn folded(&mut self) -> &str {
        self.folded.get_or_insert_with(|| self.text.to_ascii_lowercase())
    }
}

impl Pattern {
    /// A JSON key of lines with facts.
    pub(crate) fn facts(key: &str) -> Self {
        Self::mark(key, false)
    }

    /// What begins a message that is a list of bytes.
    pub(crate) fn byte_list(mark: &str) -> Self {
        Self::mark(mark, true)
    }

    fn mark(text: &str, hides: bool) -> Self {
        Self {
            bytes: text.into(),
            literal: None,
            whole: true,
            needs_unescaped: false,
            nested: false,
            hides,
            interests: Vec::new(),
            folded: None,
        }
    }

    /// Whether the whole literal stands anywhere in `message`; in time that is linear in its length.
    pub(crate) fn is_in(&self, message: &mut Message<'_>) -> bool {
        let Some(literal) = &self.literal else { return false };
        let (message, literal) = match &self.folded {
            Some(folded) => (message.folded(), folded),
            None => (message.text, &literal.text),
        };
        memchr::memmem::find(message.as_bytes(), literal.as_bytes()).is_some()
    }

    /// The bytes to look for.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// As the prefilter takes it.
    pub(crate) fn literal(&self) -> Literal<'_> {
        let ignore_case = self.literal.as_ref().is_some_and(|literal| literal.ignore_case);
        Literal { bytes: &self.bytes, ignore_case }
    }
}

/// Chooses what to look for in raw bytes: any of these shows where the literal may be.
pub(crate) fn triggers(literal: &LiteralKey) -> Vec<Pattern> {
    let written = |byte: u8| byte == b'"' || byte == b'\\' || byte.is_ascii_control();
    let bytes = literal.text.as_bytes();
    let whole = !bytes.iter().any(|byte| written(*byte));
    let longest = bytes.split(|byte| written(*byte)).max_by_key(|piece| piece.len()).unwrap_or_default();
    let only_quotes = !bytes.iter().any(|byte| written(*byte) && *byte != b'"');
    if !whole && only_quotes && longest.len() < RARE_BYTES {
        let nested: Vec<Pattern> = NESTED_BACKSLASHES.iter().map(|count| nested(literal, *count)).collect();
        if nested.iter().all(|pattern| pattern.bytes.len() <= LITERAL_MAX_BYTES) {
            return nested;
        }
    }
    let usable = whole || longest.len() >= TRIGGER_BYTES;
    vec![Pattern {
        bytes: if usable { longest.to_vec() } else { bytes.to_vec() },
        literal: Some(literal.clone()),
        whole: whole || !usable,
        needs_unescaped: !usable,
        nested: false,
        hides: false,
        interests: Vec::new(),
        folded: folded(literal),
    }]
}

/// Returns the literal with `backslashes` backslashes before each quote.
fn nested(literal: &LiteralKey, backslashes: usize) -> Pattern {
    let quote = ["\\".repeat(backslashes).as_str(), "\""].concat();
    Pattern {
        bytes: literal.text.replace('"', &quote).into_bytes(),
        literal: Some(literal.clone()),
        whole: backslashes == 0,
        needs_unescaped: false,
        nested: true,
        hides: false,
        interests: Vec::new(),
        folded: folded(literal),
    }
}

/// The literal in lower case, if it ignores case.
fn folded(literal: &LiteralKey) -> Option<String> {
    literal.ignore_case.then(|| literal.text.to_ascii_lowercase())
}

/// Those of `literals` that are needed to find a text that contains any of them: one that contains
/// another is not.
pub(crate) fn needed(literals: &[LiteralKey]) -> Vec<&LiteralKey> {
    if literals.len() < 2 {
        return literals.iter().collect();
    }
    let ignore_case = literals.iter().any(|literal| literal.ignore_case);
    let texts = literals.iter().map(|literal| &literal.text);
    let built = AhoCorasick::builder().ascii_case_insensitive(ignore_case).build(texts);
    let Ok(automaton) = built else { return literals.iter().collect() };
    let needed = (0..literals.len()).filter(|number| is_needed(literals, &automaton, *number));
    needed.map(|number| &literals[number]).collect()
}

/// Returns whether no other literal, or an equal one before it, is contained in the literal of this number.
fn is_needed(literals: &[LiteralKey], automaton: &AhoCorasick, number: usize) -> bool {
    let literal = &literals[number];
    let others = automaton.find_overlapping_iter(&literal.text).find(|found| {
        let other = &literals[found.pattern().as_usize()];
        // Of equal ones the first is needed.
        other.text.len() < literal.text.len() || found.pattern().as_usize() < number
    });
    others.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str, ignore_case: bool) -> LiteralKey {
        LiteralKey { text: text.into(), ignore_case }
    }

    #[test]
    fn the_trigger_is_the_longest_piece_that_no_escape_touches() {
        let plain = triggers(&key("containers/create", false));
        assert!(plain.len() == 1 && plain[0].whole && !plain[0].needs_unescaped);
        let quoted = triggers(&key("parsed scheme: \"unix\"", false));
        assert_eq!(quoted[0].bytes, b"parsed scheme: ");
        assert!(quoted.len() == 1 && !quoted[0].whole && !quoted[0].needs_unescaped);
        let short = triggers(&key("a\nb", false));
        assert_eq!(short[0].bytes, b"a\nb");
        assert!(short.len() == 1 && short[0].needs_unescaped);
    }

    #[test]
    fn short_pieces_between_quotes_are_looked_for_with_their_quotes() {
        let texts = |literal| triggers(&key(literal, false)).into_iter().map(|pattern| pattern.bytes);
        let written = [r#""id":"a""#, r#"\"id\":\"a\""#, r#"\\\"id\\\":\\\"a\\\""#];
        assert!(texts(r#""id":"a""#).eq(written.map(|text| text.as_bytes().to_vec())));
        let too_long = "\"a".repeat(400);
        assert_eq!(texts(&too_long).count(), 1);
    }

    #[test]
    fn a_literal_that_contains_another_is_not_needed() {
        let texts = |literals: &[LiteralKey]| -> Vec<String> {
            needed(literals).iter().map(|literal| literal.text.clone()).collect()
        };
        let nested: Vec<LiteralKey> = (7..1007).map(|len| key(&"a".repeat(len), false)).collect();
        assert_eq!(texts(&nested), ["aaaaaaa"]);
        let some = ["docker run", "docker", "a docker", "Docker", "docker", "run"].map(|text| key(text, false));
        assert_eq!(texts(&some), ["docker", "Docker", "run"]);
        let folded = ["docker run", "Docker", "docker"].map(|text| key(text, true));
        assert_eq!(texts(&folded), ["Docker"]);
    }

    #[test]
    fn the_whole_literal_is_looked_for_with_its_own_case() {
        for (literal, ignore_case, message, expected) in [
            ("say \"Docker\"", false, "I say \"Docker\"", true),
            ("say \"Docker\"", false, "I say \"docker\"", false),
            ("say \"Docker\"", true, "I SAY \"docker\"", true),
            ("say \"Docker\"", true, "I SAY docker", false),
        ] {
            for pattern in triggers(&key(literal, ignore_case)) {
                assert_eq!(pattern.is_in(&mut Message::new(message)), expected, "{literal} in {message}");
            }
        }
    }

    #[test]
    fn case_is_folded_only_when_asked() {
        assert!(key("Docker", false).is_in("a Docker b"));
        assert!(!key("Docker", false).is_in("a docker b"));
        assert!(key("Docker", true).is_in("dock dOCKER"));
        assert!(!key("Docker", true).is_in("docke"));
    }
}
