//! Finds literals by 4-byte grams: probes every `STRIDE` bytes, looks the gram up where a bit is set, and compares.
//!
//! A pattern is found by `STRIDE` neighbouring windows, one for each alignment. Each occurrence therefore meets exactly
//! one probe, and no occurrence is reported twice.

use std::ops::Range;
use std::sync::OnceLock;

use super::automaton::Automaton;
use super::choice::Chooser;
use super::context::ScanContext;
use super::filter::{Filter, SPAN_PROBES, gram, mix};
use super::literal::Hit;
use super::patterns::{Patterns, Seen};
use super::traffic::Traffic;

/// The index of literals for which every fourth byte is probed.
pub(super) type LongGrams = Grams<4>;
/// The index of literals for which every byte is probed.
pub(super) type DenseGrams = Grams<1>;

/// A pattern behind a gram.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Another gram of the pattern, compared before the pattern's own bytes are fetched.
    check: u32,
    pattern: u32,
    /// The position of the looked-up gram in the pattern.
    position: u16,
    /// The position of `check` in the pattern.
    check_position: u16,
}

/// A gram and its entries; `count` is 0 in a free slot.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    gram: u32,
    first: u32,
    count: u32,
}

#[derive(Debug)]
pub(super) struct Grams<const STRIDE: usize> {
    filter: Filter,
    /// Open addressing; a power of two long and never full.
    slots: Vec<Slot>,
    entries: Vec<Entry>,
    /// The patterns and the position of their first window, sorted by pattern.
    chosen: Vec<(u32, u16)>,
    /// The budget of a span, in weighted verifications.
    budget: u32,
    /// Verifications per KiB of the traffic for which the windows were chosen.
    expected_per_kib: f64,
    /// Maximum number of bytes of a pattern before and after the probe that meets it.
    reach: (usize, usize),
    /// An automaton of all the patterns, for spans that exceed the budget; built when the first one does.
    linear: OnceLock<Option<Automaton>>,
}

impl<const STRIDE: usize> Grams<STRIDE> {
    /// The length of the shortest pattern that has a window for each alignment.
    pub(super) const MIN_BYTES: usize = STRIDE + 3;
    /// Bytes of a span, which has a budget of its own.
    const SPAN_BYTES: usize = SPAN_PROBES * STRIDE;

    /// Makes the index of `members`; returns also those that it cannot hold.
    pub(super) fn new(
        patterns: &Patterns,
        members: &[u32],
        traffic: &Traffic,
        budget_per_kib: u32,
    ) -> (Option<Self>, Vec<u32>) {
        let (mut chosen, overloaded) = Chooser::<STRIDE>::new(traffic).choose_all(patterns, members);
        if chosen.is_empty() {
            return (None, overloaded);
        }
        chosen.sort_unstable();
        let mut listed = Vec::with_capacity(chosen.len() * STRIDE);
        for &(pattern, window) in &chosen {
            let bytes = patterns.bytes(pattern);
            listed.extend((window..window + STRIDE as u16).map(|position| entry(pattern, bytes, position)));
        }
        listed.sort_unstable_by_key(|&(gram, entry)| (gram, entry.pattern));
        let groups = || listed.chunk_by(|a, b| a.0 == b.0);
        let count = groups().count();
        let before = chosen.iter().map(|&(_, window)| usize::from(window) + STRIDE - 1).max();
        let after = chosen.iter().map(|&(p, window)| patterns.len(p) - usize::from(window)).max();
        let cost = |group: &[(u32, Entry)]| traffic.per_mib(group[0].0) * (1 + group.len() as u64);
        let expected_per_kib = groups().map(cost).sum::<u64>() as f64;
        let grams = Self {
            filter: Filter::new(count, groups().map(|group| group[0].0)),
            slots: slots(count, groups().map(|group| (group[0].0, group.len()))),
            entries: listed.iter().map(|&(_, entry)| entry).collect(),
            chosen,
            budget: budget_per_kib * (Self::SPAN_BYTES >> 10) as u32,
            expected_per_kib: expected_per_kib / (STRIDE as f64 * 1024.0),
            reach: (before.unwrap_or(0), after.unwrap_or(0)),
            linear: OnceLock::new(),
        };
        (Some(grams), overloaded)
    }

    pub(super) fn count(&self) -> usize {
        self.chosen.len()
    }

    pub(super) fn expected_per_kib(&self) -> f64 {
        self.expected_per_kib
    }

    pub(super) fn memory_bytes(&self) -> usize {
        let linear = self.linear.get().and_then(Option::as_ref).map_or(0, Automaton::memory_bytes);
        self.filter.memory_bytes()
            + self.slots.capacity() * size_of::<Slot>()
            + self.entries.capacity() * size_of::<Entry>()
            + self.chosen.capacity() * size_of::<(u32, u16)>()
            + linear
    }

    pub(super) fn scan(&self, haystack: &[u8], patterns: &Patterns, hits: &mut Vec<Hit>, work: &mut ScanContext) {
        let mut found = work.found.take().unwrap_or_else(|| Box::new([0; _]));
        let mut budget = self.budget;
        for from in (0..haystack.len()).step_by(Self::SPAN_BYTES) {
            let to = haystack.len().min(from + Self::SPAN_BYTES);
            let count = self.filter.probe::<STRIDE>(&haystack[from..], &mut found);
            let seen = &mut work.seen;
            let mut visit = Visit { grams: self, haystack, patterns, hits, seen, left: i64::from(budget), looked: 0 };
            let spent_at = visit.all(from, &found[..count]);
            work.verifications += visit.looked;
            // Neighbouring spans are alike: skip the probing of the next one.
            budget = if spent_at.is_some() { self.budget / 2 } else { self.budget };
            if let Some(at) = spent_at {
                work.fallbacks += 1;
                self.scan_linear(haystack, at..to, patterns, hits, &mut work.seen);
            }
        }
        work.found = Some(found);
    }

    /// Reports exactly what the probes in `probes` would: the patterns whose single probe lies there.
    #[cold]
    fn scan_linear(
        &self,
        haystack: &[u8],
        probes: Range<usize>,
        patterns: &Patterns,
        hits: &mut Vec<Hit>,
        seen: &mut Seen,
    ) {
        let build = || Automaton::new(patterns, self.chosen.iter().map(|&(p, _)| p).collect()).ok();
        let Some(linear) = self.linear.get_or_init(build) else {
            // The automaton would be too large: the slow way is exact.
            let mut visit = Visit { grams: self, haystack, patterns, hits, seen, left: i64::MAX, looked: 0 };
            probes.step_by(STRIDE).for_each(|at| visit.probe(at));
            return;
        };
        let range = probes.start.saturating_sub(self.reach.0)..haystack.len().min(probes.end + self.reach.1);
        linear.each(haystack, range, patterns, |pattern, start| {
            let Ok(index) = self.chosen.binary_search_by_key(&pattern, |&(p, _)| p) else { return };
            let probe = (start + usize::from(self.chosen[index].1)).next_multiple_of(STRIDE);
            if probes.contains(&probe) {
                patterns.report(pattern, haystack, start, hits, seen);
            }
        });
    }

    /// Returns the entries behind a gram.
    #[inline]
    fn lookup(&self, gram: u32) -> &[Entry] {
        let mask = self.slots.len() - 1;
        let mut at = slot_of(gram, mask);
        loop {
            let slot = self.slots[at & mask];
            if slot.count == 0 {
                return &[];
            }
            if slot.gram == gram {
                return &self.entries[slot.first as usize..][..slot.count as usize];
            }
            at += 1;
        }
    }
}

/// A walk over the probes of one span.
struct Visit<'a, const STRIDE: usize> {
    grams: &'a Grams<STRIDE>,
    haystack: &'a [u8],
    patterns: &'a Patterns,
    hits: &'a mut Vec<Hit>,
    seen: &'a mut Seen,
    /// The rest of the budget.
    left: i64,
    /// Number of entries and grams that were looked up.
    looked: u64,
}

impl<const STRIDE: usize> Visit<'_, STRIDE> {
    /// Visits the found probes of the span that begins at `from`. If the budget does not suffice for all of them,
    /// returns the offset behind the last one visited.
    fn all(&mut self, from: usize, found: &[u16]) -> Option<usize> {
        for &number in found {
            let at = from + usize::from(number) * STRIDE;
            self.probe(at);
            if self.left < 0 {
                return Some(at + STRIDE);
            }
        }
        None
    }

    /// Looks the gram at `at` up and compares the patterns behind it.
    #[inline]
    fn probe(&mut self, at: usize) {
        let Some(&bytes) = self.haystack[at..].first_chunk() else { return };
        let entries = self.grams.lookup(gram(bytes));
        self.looked += 1 + entries.len() as u64;
        self.left -= 1 + entries.len() as i64;
        for entry in entries {
            self.compare(entry, at);
        }
    }

    #[inline]
    fn compare(&mut self, entry: &Entry, at: usize) {
        let Some(start) = at.checked_sub(usize::from(entry.position)) else { return };
        let Some(rest) = self.haystack.get(start + usize::from(entry.check_position)..) else { return };
        let Some(&check) = rest.first_chunk() else { return };
        if gram(check) != entry.check {
            return;
        }
        self.left -= self.patterns.len(entry.pattern) as i64 / 64;
        if self.patterns.is_at(entry.pattern, self.haystack, start) {
            self.patterns.report(entry.pattern, self.haystack, start, self.hits, self.seen);
        }
    }
}

/// Returns the gram of a pattern at `position`, and its entry. The check is the nearest gram that shares no byte with
/// it, or as few as the length allows.
fn entry(pattern: u32, bytes: &[u8], position: u16) -> (u32, Entry) {
    let at = usize::from(position);
    let end = bytes.len() - 4;
    let check_at = if at + 4 <= end {
        at + 4
    } else if at >= 4 {
        at - 4
    } else if end - at >= at {
        end
    } else {
        0
    };
    let gram_at = |at: usize| gram([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    (gram_at(at), Entry { check: gram_at(check_at), pattern, position, check_position: check_at as u16 })
}

/// Makes the open-addressing table of grams, which are given with their numbers of entries, in the entries' order.
fn slots(count: usize, groups: impl Iterator<Item = (u32, usize)>) -> Vec<Slot> {
    let mut slots = vec![Slot::default(); (count * 3 / 2 + 1).next_power_of_two()];
    let mask = slots.len() - 1;
    let mut first = 0;
    for (gram, count) in groups {
        let mut at = slot_of(gram, mask);
        while slots[at].count != 0 {
            at = (at + 1) & mask;
        }
        slots[at] = Slot { gram, first, count: count as u32 };
        first += count as u32;
    }
    slots
}

/// Returns the slot at which the search for a gram begins.
#[inline]
fn slot_of(gram: u32, mask: usize) -> usize {
    (mix(gram) >> 3 ^ gram) as usize & mask
}
