//! The line that alerts show, kept without its chunk.

/// A line by itself, which holds neither its chunk nor the chunk's acknowledgement.
pub(crate) struct OwnedEvidence {
    /// The source's name.
    pub(crate) source: String,
    /// The source's rank.
    pub(crate) rank: u32,
    /// The line's number in the source, from 1.
    pub(crate) line: u64,
    /// The raw line.
    pub(crate) text: String,
}
