//! The scanner: prefilter before parse. A chunk is searched once for all rules' literals; only lines
//! around a hit are decoded. It has no state, so chunks can be scanned in parallel.

use std::sync::Arc;

use lifesigns_model::{EventSource, limits};
use memchr::{memchr, memchr_iter, memrchr};

use crate::{
    RuleSet,
    escape::{Backslashes, GoQuotedLines},
    line::{LineBounds, LineScanner, MOST_PER_LINE},
    literal::DEEP,
    prefilter::{Hit, ScanContext},
    scan_cost::ScanCharge,
    scanned::{KeptRoom, ScannedChunk},
};

/// Hits that a scanner keeps room for.
const MOST_HITS: usize = 1 << 18;

/// Memory that a scanner keeps from chunk to chunk.
#[derive(Default)]
pub(crate) struct Scanner {
    hits: Vec<Hit>,
    forced: Vec<u32>,
    work: ScanContext,
    line: LineScanner,
    /// What was kept of the last chunk.
    last: KeptRoom,
}

impl Scanner {
    /// Scans whole lines of one source. With the time, rules are charged for the work.
    pub(crate) fn scan(
        &mut self,
        rules: Arc<RuleSet>,
        source: Arc<EventSource>,
        bytes: &[u8],
        now_ns: Option<u64>,
    ) -> ScannedChunk {
        let mut out = ScannedChunk::new(rules, source);
        out.scan_counts.bytes = bytes.len() as u64;
        out.reserve(&self.last);
        let rules = Arc::clone(&out.rules);
        self.hits.clear();
        // Memory that one hostile chunk took is given back.
        self.hits.shrink_to(MOST_HITS);
        self.work.most_per_line = MOST_PER_LINE;
        let (verifications, fallbacks) = (self.work.verifications, self.work.fallbacks);
        rules.index.prefilter.scan(bytes, &mut self.hits, &mut self.work);
        out.scan_counts.verifications = self.work.verifications - verifications;
        out.scan_counts.fallbacks = self.work.fallbacks - fallbacks;
        self.force_escaped_lines(&rules, &out, bytes);
        self.line.begin(&rules, now_ns);
        if rules.index.without_literals.is_empty() {
            self.wanted_lines(&rules, bytes, &mut out);
        } else {
            self.all_lines(&rules, bytes, &mut out);
        }
        out.scan_counts.cut += cut_lines(bytes);
        out.last_time_ns = self.line.last_time(out.source.decoder.as_ref(), bytes);
        self.last = out.kept_room();
        out
    }

    /// Charges rules for the last chunk.
    pub(crate) fn charge(&mut self, rules: &RuleSet, now_ns: u64) -> Vec<ScanCharge> {
        self.line.bill.charge(rules, now_ns)
    }

    /// Finds the lines whose decoded text may contain what their raw text does not.
    fn force_escaped_lines(&mut self, rules: &RuleSet, out: &ScannedChunk, bytes: &[u8]) {
        self.forced.clear();
        if !out.source.decoder.escapes() {
            return;
        }
        let index = &rules.index;
        let mut go_quoted = GoQuotedLines::default();
        let mut backslashes = Backslashes::new(bytes);
        while let Some(at) = backslashes.next() {
            let deep = index.nested && bytes[at..].starts_with(DEEP);
            if index.needs_unescaped || deep || index.escapes.hides(bytes, at, &mut go_quoted) {
                self.forced.push(at as u32);
                backslashes.skip_to(memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end));
            }
        }
    }

    /// Visits the lines around hits and forced positions, in order.
    fn wanted_lines(&mut self, rules: &RuleSet, bytes: &[u8], out: &mut ScannedChunk) {
        let (mut hit, mut forced) = (0, 0);
        let mut lines = LineCounter::new(bytes);
        loop {
            let next_hit = self.hits.get(hit).map(|hit| hit.start as usize);
            let next_forced = self.forced.get(forced).map(|at| *at as usize);
            let at = match (next_hit, next_forced) {
                (Some(hit), Some(forced)) => hit.min(forced),
                (Some(at), None) | (None, Some(at)) => at,
                (None, None) => break,
            };
            let start = memrchr(b'\n', &bytes[..at]).map_or(0, |end| end + 1);
            let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
            let first = hit;
            // A hit on the line end itself belongs to no line's text, but must be passed.
            while self.hits.get(hit).is_some_and(|hit| (hit.start as usize) <= end) {
                hit += 1;
            }
            let is_forced = next_forced.is_some_and(|at| at < end);
            forced += usize::from(is_forced);
            let number = lines.up_to(start);
            let positions = LineBounds { start, end, number, forced: is_forced };
            self.line.visit(rules, bytes, positions, &self.hits[first..hit], out);
        }
        out.scan_counts.lines = u64::from(lines.finish());
    }

    /// Visits every line: some rule wants to see all of them.
    fn all_lines(&mut self, rules: &RuleSet, bytes: &[u8], out: &mut ScannedChunk) {
        let (mut start, mut number, mut hit, mut forced) = (0, 0, 0, 0);
        while start < bytes.len() {
            let end = memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |end| start + end);
            let first = hit;
            // A hit on the line end itself belongs to no line's text, but must be passed.
            while self.hits.get(hit).is_some_and(|hit| (hit.start as usize) <= end) {
                hit += 1;
            }
            let is_forced = self.forced.get(forced).is_some_and(|at| (*at as usize) < end);
            forced += usize::from(is_forced);
            let positions = LineBounds { start, end, number, forced: is_forced };
            self.line.visit(rules, bytes, positions, &self.hits[first..hit], out);
            start = end + 1;
            number += 1;
        }
        out.scan_counts.lines = u64::from(number);
    }
}

/// Counts line ends incrementally, so that each byte is counted once.
struct LineCounter<'a> {
    bytes: &'a [u8],
    at: usize,
    lines: u32,
}

impl<'a> LineCounter<'a> {
    const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, lines: 0 }
    }

    /// The number of line ends before `position`.
    fn up_to(&mut self, position: usize) -> u32 {
        self.lines += memchr_iter(b'\n', &self.bytes[self.at..position]).count() as u32;
        self.at = position;
        self.lines
    }

    /// The number of lines; a last one without an end counts.
    fn finish(mut self) -> u32 {
        let unfinished = self.bytes.last().is_some_and(|last| *last != b'\n');
        self.up_to(self.bytes.len()) + u32::from(unfinished)
    }
}

/// How many lines are longer than the bound. Such a line covers a whole block of half the bound, so
/// only blocks without a line end need a closer look.
fn cut_lines(bytes: &[u8]) -> u64 {
    const BLOCK: usize = limits::LINE_BYTES / 2;
    let (mut cut, mut at) = (0, 0);
    while at + BLOCK <= bytes.len() {
        if memchr(b'\n', &bytes[at..at + BLOCK]).is_some() {
            at += BLOCK;
            continue;
        }
        let start = memrchr(b'\n', &bytes[..at]).map_or(0, |end| end + 1);
        let end = memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |end| at + end);
        cut += u64::from(end - start > limits::LINE_BYTES);
        at = (end / BLOCK + 1) * BLOCK;
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_over_the_bound_are_counted_wherever_they_stand() {
        let long = |extra: usize| vec![b'x'; limits::LINE_BYTES + extra];
        for before in [0, 1, 1000, limits::LINE_BYTES / 2 - 1, limits::LINE_BYTES] {
            let mut bytes = vec![b'\n'; before];
            bytes.extend(long(0));
            bytes.push(b'\n');
            assert_eq!(cut_lines(&bytes), 0, "{before}");
            bytes.extend(long(1));
            assert_eq!(cut_lines(&bytes), 1, "{before}");
            bytes.push(b'\n');
            bytes.extend(long(500_000));
            bytes.push(b'\n');
            assert_eq!(cut_lines(&bytes), 2, "{before}");
        }
    }

    #[test]
    fn line_numbers_count_from_the_start_of_the_chunk() {
        let bytes = b"a\nb\n\nc";
        let mut lines = LineCounter::new(bytes);
        assert_eq!(lines.up_to(2), 1);
        assert_eq!(lines.up_to(5), 3);
        assert_eq!(lines.finish(), 4);
        assert_eq!(LineCounter::new(b"a\n").finish(), 1);
        assert_eq!(LineCounter::new(b"").finish(), 0);
    }
}
