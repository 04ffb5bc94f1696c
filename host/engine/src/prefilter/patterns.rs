//! The distinct literals: their bytes in one arena, and the caller's indexes that each stands for.

use std::borrow::Cow;
use std::collections::HashMap;

use super::literal::{Hit, LITERAL_MAX_BYTES, LITERALS_MAX_BYTES, Literal, PrefilterError, SINGLE_MAX_BYTES};

#[derive(Debug, Clone, Copy)]
struct Span {
    offset: u32,
    len: u16,
    ignore_case: bool,
}

/// Distinct literals, by dense index.
#[derive(Debug)]
pub(super) struct Patterns {
    arena: Vec<u8>,
    spans: Vec<Span>,
    /// The caller's indexes, grouped by pattern.
    ids: Vec<u32>,
    /// The end of each pattern's group in `ids`.
    id_ends: Vec<u32>,
}

impl Patterns {
    pub(super) fn new(literals: &[Literal<'_>]) -> Result<Self, PrefilterError> {
        check(literals)?;
        let mut known: HashMap<(Cow<'_, [u8]>, bool), u32, foldhash::fast::RandomState> =
            HashMap::with_capacity_and_hasher(literals.len(), foldhash::fast::RandomState::default());
        let mut patterns = Self { arena: Vec::new(), spans: Vec::new(), ids: Vec::new(), id_ends: Vec::new() };
        let mut pattern_of = Vec::with_capacity(literals.len());
        for literal in literals {
            let bytes = if literal.ignore_case {
                Cow::Owned(literal.bytes.to_ascii_lowercase())
            } else {
                Cow::Borrowed(literal.bytes)
            };
            let next = patterns.spans.len() as u32;
            let pattern = *known.entry((bytes, literal.ignore_case)).or_insert_with_key(|(bytes, ignore_case)| {
                let (offset, len) = (patterns.arena.len() as u32, bytes.len() as u16);
                patterns.arena.extend_from_slice(bytes);
                patterns.spans.push(Span { offset, len, ignore_case: *ignore_case });
                next
            });
            pattern_of.push(pattern);
        }
        patterns.group_ids(&pattern_of);
        Ok(patterns)
    }

    fn group_ids(&mut self, pattern_of: &[u32]) {
        let mut ends = vec![0u32; self.spans.len()];
        for &pattern in pattern_of {
            ends[pattern as usize] += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum - *end;
        }
        self.ids = vec![0; pattern_of.len()];
        for (id, &pattern) in pattern_of.iter().enumerate() {
            let end = &mut ends[pattern as usize];
            self.ids[*end as usize] = id as u32;
            *end += 1;
        }
        self.id_ends = ends;
    }

    pub(super) fn all(&self) -> impl Iterator<Item = u32> + use<> {
        0..self.spans.len() as u32
    }

    pub(super) fn count(&self) -> usize {
        self.spans.len()
    }

    pub(super) fn literals(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.arena.capacity() + self.spans.capacity() * size_of::<Span>() + (self.ids.len() + self.id_ends.len()) * 4
    }

    pub(super) fn len(&self, pattern: u32) -> usize {
        usize::from(self.spans[pattern as usize].len)
    }

    /// Returns its bytes, in lower case if it ignores case.
    #[inline]
    pub(super) fn bytes(&self, pattern: u32) -> &[u8] {
        let span = self.spans[pattern as usize];
        &self.arena[span.offset as usize..][..usize::from(span.len)]
    }

    pub(super) fn ignores_case(&self, pattern: u32) -> bool {
        self.spans[pattern as usize].ignore_case
    }

    /// Returns whether `memmem`, or Teddy however long it is, may search for it.
    pub(super) fn suits_single(&self, pattern: u32) -> bool {
        !self.ignores_case(pattern) && self.len(pattern) <= SINGLE_MAX_BYTES
    }

    /// Returns whether the pattern occurs at `start`, by its own case rule.
    #[inline]
    pub(super) fn is_at(&self, pattern: u32, haystack: &[u8], start: usize) -> bool {
        let bytes = self.bytes(pattern);
        let Some(text) = haystack.get(start..start + bytes.len()) else { return false };
        if self.ignores_case(pattern) { text.eq_ignore_ascii_case(bytes) } else { text == bytes }
    }

    /// Reports the pattern at `start` under each of the caller's indexes, unless it has reached the limit for this
    /// line.
    #[inline]
    pub(super) fn report(&self, pattern: u32, haystack: &[u8], start: usize, hits: &mut Vec<Hit>, seen: &mut Seen) {
        if seen.is_enough(pattern, haystack, start) {
            return;
        }
        let pattern = pattern as usize;
        let first = if pattern == 0 { 0 } else { self.id_ends[pattern - 1] };
        let ids = &self.ids[first as usize..self.id_ends[pattern] as usize];
        hits.extend(ids.iter().map(|&literal| Hit { start: start as u32, literal }));
    }
}

/// Counts the reports of each pattern in the line in which it was found last.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// The limit per line; 0 reports each occurrence.
    most: u32,
    by_pattern: Vec<InLine>,
    /// The line that was looked up last.
    line: (u32, u32),
}

#[derive(Debug, Clone, Copy, Default)]
struct InLine {
    /// The line's first byte, and one past its last.
    line: (u32, u32),
    times: u32,
}

impl Seen {
    /// Begins a new haystack.
    pub(super) fn begin(&mut self, most: u32, patterns: usize) {
        self.most = most;
        self.line = (0, 0);
        self.by_pattern.clear();
        if most > 0 {
            self.by_pattern.resize(patterns, InLine::default());
        }
    }

    #[inline]
    fn is_enough(&mut self, pattern: u32, haystack: &[u8], start: usize) -> bool {
        if self.most == 0 {
            return false;
        }
        let at = start as u32;
        let seen = &mut self.by_pattern[pattern as usize];
        if !(seen.line.0..seen.line.1).contains(&at) {
            if !(self.line.0..self.line.1).contains(&at) {
                self.line = line_of(haystack, start);
            }
            *seen = InLine { line: self.line, times: 0 };
        }
        seen.times += 1;
        seen.times > self.most
    }
}

/// Returns the line around `at`, with its line end.
fn line_of(haystack: &[u8], at: usize) -> (u32, u32) {
    let start = memchr::memrchr(b'\n', &haystack[..at]).map_or(0, |end| end + 1);
    let end = memchr::memchr(b'\n', &haystack[at..]).map_or(haystack.len(), |end| at + end + 1);
    (start as u32, end as u32)
}

fn check(literals: &[Literal<'_>]) -> Result<(), PrefilterError> {
    let mut total = 0;
    for (literal, Literal { bytes, .. }) in literals.iter().enumerate() {
        match bytes.len() {
            0 => return Err(PrefilterError::Empty { literal }),
            1..=LITERAL_MAX_BYTES => total += bytes.len(),
            bytes => return Err(PrefilterError::TooLong { literal, bytes }),
        }
    }
    if total > LITERALS_MAX_BYTES { Err(PrefilterError::TooMuch) } else { Ok(()) }
}
