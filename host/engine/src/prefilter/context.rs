//! What one thread keeps from scan to scan: counters and scratch memory.

use super::{filter, patterns};

/// The cost of scanning so far; the caller keeps one per thread (or per source) and may reset it.
#[derive(Debug, Default)]
pub struct ScanContext {
    /// Bytes scanned.
    pub bytes: u64,
    /// Candidates that were verified because a gram seemed to be there.
    pub verifications: u64,
    /// Spans (of 8 KiB, or 2 KiB for literals under 7 bytes) that spent their budget and were left to the automaton.
    pub fallbacks: u64,
    /// The number of occurrences of a literal in a line that are reported; more may be left out. 0 for
    /// all of them.
    pub most_per_line: u32,
    /// Where literals have been found last.
    pub(super) seen: patterns::Seen,
    /// A folded copy of the piece being scanned.
    pub(super) folded: Vec<u8>,
    /// Where in the span being scanned grams may be.
    pub(super) found: Option<Box<filter::Found>>,
}
