//! Frequencies of grams in recent traffic, so that literals are found by their rare grams.

use super::filter::{gram, mix};

const COUNTERS_LOG: u32 = 18;
const SCALE_BYTES: u64 = 1 << 20;

/// The sample that is used when there is none: words that are common in logs.
const TYPICAL: &str = include_str!("typical.txt");

/// Frequencies of the grams and byte pairs of a sample.
#[derive(Debug)]
pub(super) struct Traffic {
    /// Grams by hash; a collision only makes a gram appear more frequent than it is.
    grams: Vec<u32>,
    /// Byte pairs, folded.
    pairs: Vec<u32>,
    bytes: u64,
}

impl Traffic {
    pub(super) fn new(sample: &[u8]) -> Self {
        let sample = if sample.is_empty() { TYPICAL.as_bytes() } else { sample };
        let mut traffic =
            Self { grams: vec![0; 1 << COUNTERS_LOG], pairs: vec![0; 1 << 16], bytes: sample.len().max(1) as u64 };
        for (at, window) in sample.windows(4).enumerate() {
            let gram = gram([window[0], window[1], window[2], window[3]]);
            traffic.grams[Self::counter(gram)] += 1;
            // Pairs are few and frequent: a quarter of them is enough.
            if at % 4 == 0 {
                traffic.pairs[gram as u16 as usize] += 4;
            }
        }
        traffic
    }

    #[inline]
    fn counter(gram: u32) -> usize {
        (mix(gram) >> (32 - COUNTERS_LOG)) as usize
    }

    /// Returns the number of occurrences of the gram in a MiB.
    #[inline]
    pub(super) fn per_mib(&self, gram: u32) -> u64 {
        u64::from(self.grams[Self::counter(gram)]) * SCALE_BYTES / self.bytes
    }

    /// Returns how common the rarest byte pair of the gram is, 0 to 20. It distinguishes grams that are not in the
    /// sample: ` the` is likely in later traffic, `q7#z` is not.
    #[inline]
    pub(super) fn commonness(&self, gram: u32) -> u64 {
        let pair = |shift: u32| self.pairs[(gram >> shift) as u16 as usize];
        let rarest = u64::from(pair(0).min(pair(8)).min(pair(16)));
        u64::from((1 + rarest * SCALE_BYTES / self.bytes).ilog2()).min(20)
    }
}
