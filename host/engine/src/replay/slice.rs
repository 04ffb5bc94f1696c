//! A slice of a replay: lines in order, that shards take before the next slice begins.

use std::sync::Arc;

use crate::{scanned::ScannedChunk, shard_of};

/// Shards of a replay. Part of what makes its output what it is: a rule that fails is put into
/// quarantine by shard.
pub(super) const SHARDS: usize = 4;
/// Lines between two writes: as many for each interest and shard, so that rules see several lines at once, within
/// bounds, so that what is between two writes is small.
const INTEREST_LINES: usize = 16;
const LEAST_LINES: usize = 1 << 13;
const MOST_LINES: usize = 1 << 16;
/// Bytes of raw lines between two writes.
const SLICE_BYTES: usize = 8 << 20;

/// A line of a slice.
#[derive(Clone, Copy)]
pub(super) struct SliceLine {
    /// In [`Slice::chunks`].
    pub(super) chunk: u32,
    /// In the chunk's lines.
    pub(super) line: u32,
    pub(super) shard: u32,
}

/// See the module.
#[derive(Default)]
pub(super) struct Slice {
    pub(super) chunks: Vec<Arc<ScannedChunk>>,
    pub(super) lines: Vec<SliceLine>,
    /// When all lines are evaluated, event time advances to this.
    pub(super) until_ns: u64,
    bytes: usize,
    interests: InterestSet,
}

/// The interests that lines are of.
#[derive(Default)]
struct InterestSet {
    bits: Vec<u64>,
    count: usize,
}

impl InterestSet {
    fn insert(&mut self, interest: u32) {
        let (word, bit) = (interest as usize / 64, 1_u64 << (interest % 64));
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        self.count += usize::from(self.bits[word] & bit == 0);
        self.bits[word] |= bit;
    }
}

impl Slice {
    pub(super) const fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        let most_lines = self.interests.count.saturating_mul(SHARDS * INTEREST_LINES).clamp(LEAST_LINES, MOST_LINES);
        self.lines.len() >= most_lines || self.bytes >= SLICE_BYTES
    }

    /// The lines that are pushed next are of this chunk.
    pub(super) fn begin(&mut self, chunk: &Arc<ScannedChunk>) {
        if !self.chunks.last().is_some_and(|last| Arc::ptr_eq(last, chunk)) {
            self.chunks.push(Arc::clone(chunk));
        }
    }

    /// Adds a line of the last chunk.
    pub(super) fn push(&mut self, line: u32) {
        let chunk = self.chunks.len() - 1;
        let scanned = &self.chunks[chunk];
        let scanned_line = &scanned.lines[line as usize];
        self.bytes += scanned_line.raw.len as usize;
        for interest in &scanned.hits[scanned_line.hits.start as usize..scanned_line.hits.end as usize] {
            self.interests.insert(*interest);
        }
        let shard = match self.lines.last() {
            Some(before) if before.chunk as usize == chunk && self.is_same_object(*before, line) => before.shard,
            _ => shard_of(scanned.object(scanned_line), SHARDS) as u32,
        };
        self.lines.push(SliceLine { chunk: chunk as u32, line, shard });
    }

    fn is_same_object(&self, before: SliceLine, line: u32) -> bool {
        let scanned = &self.chunks[before.chunk as usize];
        scanned.object(&scanned.lines[before.line as usize]) == scanned.object(&scanned.lines[line as usize])
    }
}
