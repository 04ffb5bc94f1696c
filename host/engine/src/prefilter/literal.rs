//! The literals of a prefilter, their limits, and their occurrences.

/// Maximum length of a literal of [`Prefilter::new`](super::Prefilter::new), in bytes.
pub const LITERAL_MAX_BYTES: usize = 1024;
/// Maximum length of all literals of one prefilter together, in bytes.
pub const LITERALS_MAX_BYTES: usize = 256 << 20;
/// Maximum length of a needle of `memmem`, and of Teddy for a few literals, in bytes: the search starts again after each
/// hit, so a long needle that overlaps itself would cost its length per byte.
pub(super) const SINGLE_MAX_BYTES: usize = 64;

/// A literal to search for.
#[derive(Clone, Copy, Debug)]
pub struct Literal<'a> {
    /// 1 to [`LITERAL_MAX_BYTES`] bytes.
    pub bytes: &'a [u8],
    /// ASCII letters match in either case; other bytes, UTF-8 letters among them, match exactly.
    pub ignore_case: bool,
}

/// One occurrence of one literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hit {
    /// Offset of its first byte in the haystack.
    pub start: u32,
    /// Index of the literal in the list given to [`Prefilter::new`](super::Prefilter::new).
    pub literal: u32,
}

/// Why a set of literals cannot be indexed.
#[derive(Debug, thiserror::Error)]
pub enum PrefilterError {
    /// A literal is empty: it would occur everywhere.
    #[error("literal {literal} is empty; give it at least one byte")]
    Empty {
        /// Its index.
        literal: usize,
    },
    /// A literal is longer than [`LITERAL_MAX_BYTES`].
    #[error("literal {literal} has {bytes} bytes; at most {LITERAL_MAX_BYTES} are allowed")]
    TooLong {
        /// Its index.
        literal: usize,
        /// Its length.
        bytes: usize,
    },
    /// All literals together are longer than [`LITERALS_MAX_BYTES`].
    #[error("the literals have more than {LITERALS_MAX_BYTES} bytes together")]
    TooMuch,
    /// The automaton for short or overloaded literals could not be built.
    #[error("the literals need too large an automaton")]
    Automaton(#[from] aho_corasick::BuildError),
}
