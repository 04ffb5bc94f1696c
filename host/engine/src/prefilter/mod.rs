//! One pass for all rules' literals: finds which of thousands of literals occur in a chunk, and where.
//!
//! A literal is searched for by the cheapest of four methods: a few literals by `memmem` or Teddy, short ones by Teddy, long
//! ones by a stride-4 filter of 4-byte grams (many short ones by the same at stride 1), and the rest by an Aho-Corasick
//! automaton. All methods report the same exact hits.

mod automaton;
mod choice;
mod context;
mod filter;
mod grams;
mod literal;
mod patterns;
mod short;
mod single;
mod traffic;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use automaton::Automaton;
pub use context::ScanContext;
use grams::{DenseGrams, Grams, LongGrams};
pub use literal::{Hit, LITERAL_MAX_BYTES, LITERALS_MAX_BYTES, Literal, PrefilterError};
use patterns::Patterns;
use short::Short;
use single::Single;
use traffic::Traffic;

/// Up to this number of literals of one kind, one `memmem` each is fastest.
const SINGLES_MAX: usize = 2;
/// Up to this number of literals in all, Teddy is faster than the gram filter, however long they are.
const FEW_MAX: usize = 8;
/// Bytes of a sample that are read: more would change the build time, but not the choice.
const SAMPLE_MAX_BYTES: usize = 1 << 20;
/// The budget of a span of haystack, in weighted verifications: about the cost of the automaton, which takes over when
/// it is spent.
const BUDGET_PER_KIB: u32 = 512;
/// Bytes that must have been scanned before [`Prefilter::stale`] decides.
const STALE_MIN_BYTES: u64 = 256 << 10;
/// Verifications that a span searched by the automaton counts for.
const STALE_FALLBACK: u64 = 2 * BUDGET_PER_KIB as u64;
/// Verifications per KiB up to which a rebuild is never worth its cost.
const STALE_FLOOR_PER_KIB: f64 = 8.0;

/// The number of literals by search method, for display.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PrefilterStats {
    /// Literals as given, duplicates counted.
    pub literals: usize,
    /// Distinct literals; the counts below are of these.
    pub distinct: usize,
    /// Found by `memmem`, one each.
    pub single: usize,
    /// 7 bytes or longer: found by probing every fourth byte for their grams.
    pub grams: usize,
    /// 4 to 6 bytes, and too many for Teddy: found by probing every byte.
    pub dense_grams: usize,
    /// Shorter than 7 bytes, or few in all: found by Teddy, or those under 4 bytes by a small automaton if they are too many for it.
    pub short: usize,
    /// Found by the Aho-Corasick automaton because their grams are overloaded.
    pub fallback: usize,
    /// Memory of all tables, in bytes.
    pub memory_bytes: usize,
}

/// An immutable index of literals; share it between threads.
#[derive(Debug)]
pub struct Prefilter {
    patterns: Patterns,
    singles: Vec<Single>,
    short: Option<Short>,
    grams: Option<LongGrams>,
    dense_grams: Option<DenseGrams>,
    fallback: Option<Automaton>,
    /// Verifications per KiB that the sample costs.
    expected_per_kib: f64,
}

impl Prefilter {
    /// Builds the index. `sample` is recent traffic, which may be empty; it tells which windows of a literal are rare.
    /// At most its first MiB is read.
    ///
    /// # Errors
    /// A literal is empty or too long, or the set is too large; see [`PrefilterError`].
    pub fn new(literals: &[Literal<'_>], sample: &[u8]) -> Result<Self, PrefilterError> {
        Self::with_budget(literals, sample, BUDGET_PER_KIB)
    }

    fn with_budget(literals: &[Literal<'_>], sample: &[u8], budget_per_kib: u32) -> Result<Self, PrefilterError> {
        let patterns = Patterns::new(literals)?;
        let sample = &sample[..sample.len().min(SAMPLE_MAX_BYTES)];
        let are_few = patterns.count() <= FEW_MAX && patterns.all().all(|p| patterns.suits_single(p));
        let (long, short): (Vec<u32>, Vec<u32>) =
            patterns.all().partition(|&p| !are_few && patterns.len(p) >= LongGrams::MIN_BYTES);
        let few = |list: &[u32]| list.len() <= SINGLES_MAX && list.iter().all(|&p| patterns.suits_single(p));

        let mut singles = Vec::new();
        let mut take = |list: Vec<u32>| {
            if !few(&list) {
                return list;
            }
            singles.extend(list.iter().map(|&p| Single::new(&patterns, p)));
            Vec::new()
        };
        let (long, short) = (take(long), take(short));

        // Teddy is faster than probing every byte, but holds a limited number of literals.
        let (dense, short) = if Short::carries(&patterns, &short) {
            (Vec::new(), short)
        } else {
            short.into_iter().partition(|&p| patterns.len(p) >= DenseGrams::MIN_BYTES)
        };

        let (mut grams, mut dense_grams, mut overloaded) = (None, None, Vec::new());
        if !long.is_empty() || !dense.is_empty() {
            let traffic = Traffic::new(sample);
            let mut rest;
            (grams, overloaded) = Grams::new(&patterns, &long, &traffic, budget_per_kib);
            (dense_grams, rest) = Grams::new(&patterns, &dense, &traffic, budget_per_kib);
            overloaded.append(&mut rest);
        }
        let short = if short.is_empty() { None } else { Some(Short::new(&patterns, short)?) };
        let fallback = if overloaded.is_empty() { None } else { Some(Automaton::new(&patterns, overloaded)?) };
        let expected_per_kib = if sample.is_empty() {
            0.0
        } else {
            grams.as_ref().map_or(0.0, LongGrams::expected_per_kib)
                + dense_grams.as_ref().map_or(0.0, DenseGrams::expected_per_kib)
        };
        Ok(Self { patterns, singles, short, grams, dense_grams, fallback, expected_per_kib })
    }

    /// Appends every occurrence of every literal to `hits`, overlapping ones too, sorted by start and literal; of one
    /// literal in one line at most [`ScanContext::most_per_line`]. `haystack` is a whole chunk of at most 4 GiB.
    /// Duplicated literals report each of their indexes.
    pub fn scan(&self, haystack: &[u8], hits: &mut Vec<Hit>, work: &mut ScanContext) {
        debug_assert!(u32::try_from(haystack.len()).is_ok(), "a haystack of more than 4 GiB");
        let first = hits.len();
        work.bytes += haystack.len() as u64;
        work.seen.begin(work.most_per_line, self.patterns.count());
        for single in &self.singles {
            single.scan(haystack, &self.patterns, hits, &mut work.seen);
        }
        if let Some(short) = &self.short {
            short.scan(haystack, &self.patterns, hits, &mut work.folded, &mut work.seen);
        }
        if let Some(grams) = &self.grams {
            grams.scan(haystack, &self.patterns, hits, work);
        }
        if let Some(grams) = &self.dense_grams {
            grams.scan(haystack, &self.patterns, hits, work);
        }
        if let Some(fallback) = &self.fallback {
            fallback.scan(haystack, &self.patterns, hits, &mut work.seen);
        }
        hits[first..].sort_unstable();
    }

    /// Returns whether `work` shows that the windows chosen at build no longer suit the traffic: verifications per KiB
    /// rose until a rebuild with a fresh sample is worth its cost.
    #[must_use]
    pub fn stale(&self, work: &ScanContext) -> bool {
        let kib = work.bytes as f64 / 1024.0;
        let spent = work.verifications + work.fallbacks * STALE_FALLBACK;
        work.bytes >= STALE_MIN_BYTES && spent as f64 > kib * (2.0 * self.expected_per_kib + STALE_FLOOR_PER_KIB)
    }

    /// Returns the counts by method, for display.
    #[must_use]
    pub fn stats(&self) -> PrefilterStats {
        let short = self.short.as_ref();
        let (grams, dense) = (self.grams.as_ref(), self.dense_grams.as_ref());
        let fallback = self.fallback.as_ref();
        PrefilterStats {
            literals: self.patterns.literals(),
            distinct: self.patterns.count(),
            single: self.singles.len(),
            grams: grams.map_or(0, Grams::count),
            dense_grams: dense.map_or(0, Grams::count),
            short: short.map_or(0, Short::count),
            fallback: fallback.map_or(0, Automaton::count),
            memory_bytes: self.patterns.memory_bytes()
                + short.map_or(0, Short::memory_bytes)
                + grams.map_or(0, Grams::memory_bytes)
                + dense.map_or(0, Grams::memory_bytes)
                + fallback.map_or(0, Automaton::memory_bytes),
        }
    }
}
