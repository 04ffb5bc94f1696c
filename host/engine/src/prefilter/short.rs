//! Literals too short or too few for the gram filter: found by Teddy, or by an automaton if there are too many for it.

use aho_corasick::packed::{self, MatchKind, Searcher};
use aho_corasick::{BuildError, Span};

use super::automaton::Automaton;
use super::grams::LongGrams;
use super::literal::Hit;
use super::patterns::{Patterns, Seen};

/// Maximum number of literals for Teddy; for more the automaton is faster.
const TEDDY_MAX: usize = 64;
/// Bytes of a folded copy: pieces of this size stay in the first-level cache.
const PIECE_BYTES: usize = 16 << 10;

#[derive(Debug)]
pub(super) enum Short {
    Teddy(Box<Teddy>),
    Automaton(Automaton),
}

impl Short {
    /// Returns whether [`Short::new`] will use Teddy.
    pub(super) fn carries(patterns: &Patterns, members: &[u32]) -> bool {
        Teddy::new(patterns, members).is_some()
    }

    pub(super) fn new(patterns: &Patterns, members: Vec<u32>) -> Result<Self, BuildError> {
        Ok(match Teddy::new(patterns, &members) {
            Some(teddy) => Self::Teddy(Box::new(teddy)),
            None => Self::Automaton(Automaton::new(patterns, members)?),
        })
    }

    pub(super) fn count(&self) -> usize {
        match self {
            Self::Teddy(teddy) => teddy.members.len(),
            Self::Automaton(automaton) => automaton.count(),
        }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        match self {
            Self::Teddy(teddy) => teddy.searcher.memory_usage() + teddy.members.capacity() * 4,
            Self::Automaton(automaton) => automaton.memory_bytes(),
        }
    }

    pub(super) fn scan(
        &self,
        haystack: &[u8],
        patterns: &Patterns,
        hits: &mut Vec<Hit>,
        folded: &mut Vec<u8>,
        seen: &mut Seen,
    ) {
        match self {
            Self::Automaton(automaton) => automaton.scan(haystack, patterns, hits, seen),
            Self::Teddy(teddy) if teddy.folds => teddy.scan_folded(haystack, patterns, hits, folded, seen),
            Self::Teddy(teddy) => {
                teddy.each(haystack, |start| teddy.report_at(haystack, start, patterns, hits, seen));
            }
        }
    }
}

/// Teddy finds leftmost matches, that is, the first position at which *some* member starts. Comparing all members there
/// and continuing one byte later yields every occurrence.
#[derive(Debug)]
pub(super) struct Teddy {
    searcher: Searcher,
    /// Sorted by first byte (folded if `folds`).
    members: Vec<u32>,
    /// The end of the members with each first byte in `members`.
    ends: [u8; 256],
    /// Whether the haystack is folded first, because some members ignore case.
    folds: bool,
}

impl Teddy {
    fn new(patterns: &Patterns, members: &[u32]) -> Option<Self> {
        if members.len() > TEDDY_MAX {
            return None;
        }
        let folds = members.iter().any(|&p| patterns.ignores_case(p));
        let text = |p: u32| if folds { patterns.bytes(p).to_ascii_lowercase() } else { patterns.bytes(p).to_vec() };
        let mut builder = packed::Config::new().match_kind(MatchKind::LeftmostFirst).builder();
        let mut texts: Vec<Vec<u8>> = members.iter().map(|&p| text(p)).collect();
        texts.sort_unstable();
        texts.dedup();
        let searcher = builder.extend(texts).build()?;

        let mut members = members.to_vec();
        members.sort_unstable_by_key(|&p| text(p)[0]);
        let mut ends = [0; 256];
        for (byte, end) in ends.iter_mut().enumerate() {
            *end = members.partition_point(|&p| usize::from(text(p)[0]) <= byte) as u8;
        }
        Some(Self { searcher, members, ends, folds })
    }

    /// Calls `found` with each position at which a member starts, in its folded form if `folds`.
    fn each(&self, haystack: &[u8], mut found: impl FnMut(usize)) {
        let mut span = Span { start: 0, end: haystack.len() };
        while let Some(hit) = self.searcher.find_in(haystack, span) {
            found(hit.start());
            span.start = hit.start() + 1;
        }
    }

    fn scan_folded(
        &self,
        haystack: &[u8],
        patterns: &Patterns,
        hits: &mut Vec<Hit>,
        folded: &mut Vec<u8>,
        seen: &mut Seen,
    ) {
        for from in (0..haystack.len()).step_by(PIECE_BYTES) {
            let to = haystack.len().min(from + PIECE_BYTES + LongGrams::MIN_BYTES - 2);
            folded.clear();
            folded.extend_from_slice(&haystack[from..to]);
            folded.make_ascii_lowercase();
            self.each(folded, |start| {
                if start < PIECE_BYTES {
                    self.report_at(haystack, from + start, patterns, hits, seen);
                }
            });
        }
    }

    fn report_at(&self, haystack: &[u8], start: usize, patterns: &Patterns, hits: &mut Vec<Hit>, seen: &mut Seen) {
        let byte = if self.folds { haystack[start].to_ascii_lowercase() } else { haystack[start] };
        let first = if byte == 0 { 0 } else { self.ends[usize::from(byte) - 1] };
        for &pattern in &self.members[usize::from(first)..usize::from(self.ends[usize::from(byte)])] {
            if patterns.is_at(pattern, haystack, start) {
                patterns.report(pattern, haystack, start, hits, seen);
            }
        }
    }
}
