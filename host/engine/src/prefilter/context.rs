//! The data that a thread reuses from scan to scan: counters and scratch memory.

use super::{filter, patterns};

/// The accumulated cost of scanning. The caller keeps one per thread, or per source, and may reset it.
#[derive(Debug, Default)]
pub struct ScanContext {
    /// Bytes scanned.
    pub bytes: u64,
    /// Candidates that were verified because the filter reported a gram.
    pub verifications: u64,
    /// Spans (of 8 KiB, or 2 KiB for literals under 7 bytes) that exceeded their budget and were searched by the
    /// automaton.
    pub fallbacks: u64,
    /// The number of occurrences of a literal in a line that are reported; further ones may be omitted. 0 reports
    /// all.
    pub most_per_line: u32,
    /// The line in which each literal was found last.
    pub(super) seen: patterns::Seen,
    /// A folded copy of the piece being scanned.
    pub(super) folded: Vec<u8>,
    /// The probes of the span being scanned at which grams may be.
    pub(super) found: Option<Box<filter::Found>>,
}
