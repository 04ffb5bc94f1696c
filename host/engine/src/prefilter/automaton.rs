//! An Aho-Corasick automaton over some of the patterns: linear time for any traffic, for patterns that no faster
//! method can take.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError, Input};

use super::literal::Hit;
use super::patterns::{Patterns, Seen};

/// Patterns of up to this many bytes become a DFA, which takes about 1 KiB a byte at worst.
const DFA_MAX_BYTES: usize = 4 << 10;

#[derive(Debug)]
pub(super) struct Automaton {
    patterns: Vec<u32>,
    automaton: AhoCorasick,
    /// Whether the automaton ignores case, because some patterns do; case-sensitive patterns are then compared at
    /// their hits.
    folds: bool,
}

impl Automaton {
    pub(super) fn new(patterns: &Patterns, members: Vec<u32>) -> Result<Self, BuildError> {
        let folds = members.iter().any(|&p| patterns.ignores_case(p));
        let bytes: usize = members.iter().map(|&p| patterns.len(p)).sum();
        let kind = if bytes <= DFA_MAX_BYTES { AhoCorasickKind::DFA } else { AhoCorasickKind::ContiguousNFA };
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(folds)
            .kind(Some(kind))
            .build(members.iter().map(|&p| patterns.bytes(p)))?;
        Ok(Self { patterns: members, automaton, folds })
    }

    pub(super) fn count(&self) -> usize {
        self.patterns.len()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.automaton.memory_usage() + self.patterns.capacity() * 4
    }

    pub(super) fn scan(&self, haystack: &[u8], patterns: &Patterns, hits: &mut Vec<Hit>, seen: &mut Seen) {
        self.each(haystack, 0..haystack.len(), patterns, |pattern, start| {
            patterns.report(pattern, haystack, start, hits, seen);
        });
    }

    /// Calls `found` with the pattern and start of each occurrence that starts within `range`.
    pub(super) fn each(
        &self,
        haystack: &[u8],
        range: Range<usize>,
        patterns: &Patterns,
        mut found: impl FnMut(u32, usize),
    ) {
        for hit in self.automaton.find_overlapping_iter(Input::new(haystack).range(range)) {
            let pattern = self.patterns[hit.pattern().as_usize()];
            if !self.folds || patterns.is_at(pattern, haystack, hit.start()) {
                found(pattern, hit.start());
            }
        }
    }
}
