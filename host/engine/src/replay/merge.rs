//! The merge of sources by event time, in bounded memory: which source is read next, and which lines are
//! complete up to a time. It depends on the chunks alone, not on when they come.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
};

use super::{
    input::MergeBounds,
    run::{LineKey, Run},
    slice::Slice,
    window::Watermark,
};
use crate::{ScanCounts, scanned::ScannedChunk, sequencer::SourceProgress};

/// A source in the merge.
struct MergedSource {
    progress: SourceProgress,
    watermark: Watermark,
    /// Bytes of its runs, and of those of their lines that are not merged.
    held_bytes: usize,
    live_bytes: usize,
    ended: bool,
}

/// What the merge does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MergeStep {
    /// It needs the next chunk of this input.
    Read(u32),
    /// Lines were added to the slice.
    Lines,
    /// All sources have ended, and all lines are out.
    End,
}

/// Lines that came too late to be in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LateLines {
    /// Lines that were read after a later one had been evaluated.
    pub lines: u64,
    /// The most by which the time of one is earlier, in nanoseconds.
    pub behind_ns: u64,
}

/// See the module.
pub(super) struct Merge {
    bounds: MergeBounds,
    sources: Vec<MergedSource>,
    /// Runs, by the key of their first line; the free ones are listed.
    runs: Vec<Option<Run>>,
    free: Vec<u32>,
    heads: BinaryHeap<Reverse<(LineKey, u32)>>,
    /// Sources that may be read, by watermark. What holds too many lines is not among them.
    readable: BTreeSet<(u64, u32)>,
    /// The last line that is out, in order.
    last: Option<LineKey>,
    pub(super) scan_counts: ScanCounts,
    pub(super) late: LateLines,
    /// The latest time of all lines.
    pub(super) end_ns: u64,
}

impl Merge {
    pub(super) fn new(inputs: usize, bounds: MergeBounds) -> Self {
        Self {
            bounds,
            sources: (0..inputs).map(|_| not_yet_merged(&bounds)).collect(),
            runs: Vec::new(),
            free: Vec::new(),
            heads: BinaryHeap::new(),
            readable: (0..inputs as u32).map(|input| (0, input)).collect(),
            last: None,
            scan_counts: ScanCounts::default(),
            late: LateLines::default(),
            end_ns: 0,
        }
    }

    /// Adds lines to the slice until it is full or something must be read.
    pub(super) fn step(&mut self, slice: &mut Slice) -> MergeStep {
        let unread = self.readable.first().copied();
        match self.heads.peek() {
            Some(Reverse((key, _))) if is_complete(*key, unread) => {
                self.emit(unread, slice);
                MergeStep::Lines
            }
            _ => unread.map_or(MergeStep::End, |(_, input)| MergeStep::Read(input)),
        }
    }

    /// Returns whether as much of the source has been read as lines may be out of order.
    pub(super) fn is_window_read(&self, input: u32) -> bool {
        self.sources[input as usize].watermark.is_known()
    }

    /// Returns the time up to which all lines are out; others may have the very next time.
    pub(super) fn complete_until_ns(&self) -> u64 {
        self.last.map_or(0, |key| key.time_ns.saturating_sub(1))
    }

    /// Takes the next chunk of a source, or its end.
    pub(super) fn read(&mut self, input: u32, chunk: Option<Box<ScannedChunk>>) {
        let source = &mut self.sources[input as usize];
        self.readable.remove(&(source.watermark.time_ns(), input));
        let Some(mut chunk) = chunk else {
            source.ended = true;
            return;
        };
        source.progress.assign_lines(&mut chunk, true, None);
        self.scan_counts += chunk.scan_counts;
        let last_time_ns = chunk.last_time_ns.unwrap_or_default();
        self.end_ns = self.end_ns.max(last_time_ns);
        if chunk.lines.is_empty() {
            source.watermark.read(chunk.scan_counts.bytes, last_time_ns);
        } else {
            let bytes = chunk.scan_counts.bytes;
            let run = Run::new(chunk, input);
            source.watermark.read(bytes, last_time_ns.min(run.typical_time_ns()));
            source.held_bytes += run.bytes;
            source.live_bytes += run.bytes;
            if let Some(last) = self.last {
                let (late, first_ns) = run.before(last);
                self.late.lines += late;
                let behind_ns = if late > 0 { last.time_ns - first_ns } else { 0 };
                self.late.behind_ns = self.late.behind_ns.max(behind_ns);
            }
            self.insert(run);
        }
        self.set_readable(input);
    }

    fn is_held_back(&self, input: u32) -> bool {
        self.sources[input as usize].held_bytes >= self.bounds.held_bytes
    }

    /// A source may be read if it holds few enough lines.
    fn set_readable(&mut self, input: u32) {
        let source = &self.sources[input as usize];
        if self.is_held_back(input) && source.live_bytes <= source.held_bytes / 2 {
            self.compact(input);
        }
        let source = &self.sources[input as usize];
        if !source.ended && !self.is_held_back(input) {
            self.readable.insert((source.watermark.time_ns(), input));
        }
    }

    fn insert(&mut self, run: Run) {
        let Some(key) = run.key() else { return };
        self.end_ns = self.end_ns.max(run.last_time_ns());
        let number = self.free.pop().unwrap_or_else(|| {
            self.runs.push(None);
            self.runs.len() as u32 - 1
        });
        self.runs[number as usize] = Some(run);
        self.heads.push(Reverse((key, number)));
    }

    /// Moves the first lines that are complete into the slice.
    fn emit(&mut self, unread: Option<(u64, u32)>, slice: &mut Slice) {
        let Some(Reverse((mut key, number))) = self.heads.pop() else { return };
        let next = self.heads.peek().map(|Reverse((key, _))| *key);
        let Some(run) = &mut self.runs[number as usize] else { return };
        slice.begin(&run.chunk);
        let input = run.input;
        let mut live_bytes = 0;
        let is_merged = loop {
            slice.push(run.take());
            live_bytes += run.line_bytes();
            self.last = self.last.max(Some(key));
            let Some(following) = run.key() else { break true };
            key = following;
            if slice.is_full() || next.is_some_and(|next| next < key) || !is_complete(key, unread) {
                self.heads.push(Reverse((key, number)));
                break false;
            }
        };
        let source = &mut self.sources[input as usize];
        source.live_bytes -= live_bytes;
        if is_merged {
            source.held_bytes -= run.bytes;
            self.runs[number as usize] = None;
            self.free.push(number);
        }
        if is_merged || self.is_held_back(input) {
            self.set_readable(input);
        }
    }

    /// Copies single lines that are held out of chunks that are held for them alone.
    fn compact(&mut self, input: u32) {
        let source = &mut self.sources[input as usize];
        (source.held_bytes, source.live_bytes) = (0, 0);
        for slot in &mut self.runs {
            if let Some(run) = slot.take_if(|run| run.input == input) {
                let run = run.compact();
                source.held_bytes += run.bytes;
                source.live_bytes += run.bytes;
                *slot = Some(run);
            }
        }
    }
}

fn not_yet_merged(bounds: &MergeBounds) -> MergedSource {
    MergedSource {
        progress: SourceProgress::default(),
        watermark: Watermark::new(bounds.disorder_bytes),
        held_bytes: 0,
        live_bytes: 0,
        ended: false,
    }
}

/// Whether no line that is unread comes before `key`; `unread` is the source with the earliest watermark.
fn is_complete(key: LineKey, unread: Option<(u64, u32)>) -> bool {
    unread.is_none_or(|unread| unread >= (key.time_ns, key.input))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lifesigns_model::{EventSource, Span};

    use super::*;
    use crate::{RuleSet, scanned::ScannedLine, test_source::plain_source};

    /// Bytes of a line in a source.
    const LINE_BYTES: u64 = 40;

    fn chunk(rules: &Arc<RuleSet>, source: &Arc<EventSource>, times_ns: &[u64]) -> ScannedChunk {
        let mut chunk = ScannedChunk::new(Arc::clone(rules), Arc::clone(source));
        for (number, time_ns) in times_ns.iter().enumerate() {
            let raw = Span::push(&mut chunk.text, &format!("{time_ns:040}"));
            chunk.lines.push(ScannedLine { number: number as u32, time_ns: Some(*time_ns), raw, ..ScannedLine::EMPTY });
        }
        chunk.scan_counts.lines = times_ns.len() as u64;
        chunk.scan_counts.bytes = times_ns.len() as u64 * LINE_BYTES;
        chunk.last_time_ns = times_ns.last().copied();
        chunk
    }

    /// Merges sources of chunks of times; returns the times as they come out, the late lines, and the most that
    /// a source held.
    fn merged(sources: &[Vec<Vec<u64>>], bounds: MergeBounds) -> (Vec<u64>, LateLines, usize) {
        let rules = Arc::new(RuleSet::new(Vec::new(), &[]).expect("no literal"));
        let source = plain_source();
        let mut chunks: Vec<_> = sources.iter().map(|chunks| chunks.iter()).collect();
        let mut merge = Merge::new(sources.len(), bounds);
        let (mut out, mut most_held, mut slice) = (Vec::new(), 0, Slice::default());
        loop {
            match merge.step(&mut slice) {
                MergeStep::Read(input) => {
                    let next = chunks[input as usize].next();
                    merge.read(input, next.map(|times| Box::new(chunk(&rules, &source, times))));
                    most_held = merge.sources.iter().map(|source| source.held_bytes).fold(most_held, usize::max);
                }
                MergeStep::Lines => {
                    let slice = std::mem::take(&mut slice);
                    for at in &slice.lines {
                        let chunk = &slice.chunks[at.chunk as usize];
                        let line = &chunk.lines[at.line as usize];
                        let time_ns = line.time_ns.unwrap_or_default();
                        assert_eq!(line.raw.str(&chunk.text), format!("{time_ns:040}"));
                        out.push(time_ns);
                    }
                }
                MergeStep::End => {
                    assert!(merge.sources.iter().all(|source| source.ended && source.held_bytes == 0));
                    return (out, merge.late, most_held);
                }
            }
        }
    }

    #[test]
    fn lines_far_ahead_hold_neither_their_source_nor_their_chunks() {
        let ahead = 1 << 60;
        let source = |first: u64| {
            let times =
                |chunk: u64| (0..10).map(move |line| if line == 9 { ahead + chunk } else { first + 20 * chunk + line });
            (0..500).map(|chunk| times(chunk).collect()).collect::<Vec<Vec<u64>>>()
        };
        let sources = [source(0), source(5)];
        let held_bytes = 500_000;
        let (out, late, most_held) = merged(&sources, MergeBounds { disorder_bytes: 10 * LINE_BYTES, held_bytes });
        let mut expected: Vec<u64> = sources.iter().flatten().flatten().copied().collect();
        expected.sort_unstable();
        assert!(out == expected && late == LateLines::default(), "{late:?}");
        assert!(most_held < held_bytes + 10_000, "{most_held}");
    }

    #[test]
    fn a_source_in_reverse_order_is_held_within_its_bound_and_holds_no_other_up() {
        let forwards = (0..400).map(|chunk| (0..10).map(|line| 1000 + chunk * 10 + line).collect()).collect();
        let backwards = (0..400).map(|chunk| (0..10).map(|line| 9000 - chunk * 10 - line).collect()).collect();
        let sources: [Vec<Vec<u64>>; 2] = [forwards, backwards];
        let held_bytes = 60_000;
        let (out, late, most_held) = merged(&sources, MergeBounds { disorder_bytes: 1 << 30, held_bytes });
        assert!(most_held < held_bytes + 10_000, "{most_held}");
        assert!(late.lines > 3000, "{late:?}");
        // All lines of the source that is in order come before what is late.
        assert!(out[..4000].is_sorted() && out[..4000].iter().all(|time_ns| *time_ns < 5000));
        let mut sorted = out;
        sorted.sort_unstable();
        let mut expected: Vec<u64> = sources.into_iter().flatten().flatten().collect();
        expected.sort_unstable();
        assert_eq!(sorted, expected);
    }
}
