//! How often grams occur in recent traffic, so that literals are found by what is rare in it.

use super::filter::{gram, mix};

const COUNTERS_LOG: u32 = 18;
const SCALE_BYTES: u64 = 1 << 20;

/// What stands in for a sample when there is none: the words that most logs are made of.
const TYPICAL: &str = include_str!("typical.txt");

/// Gram and byte pair frequencies of a sample.
#[derive(Debug)]
pub(super) struct Traffic {
    /// By hash; a collision only makes a gram look more frequent than it is.
    grams: Vec<u32>,
    /// By the two folded bytes.
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
            // Pairs are few and frequent: a quarter of them tells enough.
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

    /// How often the gram occurs in a MiB.
    #[inline]
    pub(super) fn per_mib(&self, gram: u32) -> u64 {
        u64::from(self.grams[Self::counter(gram)]) * SCALE_BYTES / self.bytes
    }

    /// How common the rarest byte pair of the gram is, 0 to 20: tells apart grams that the sample does not have, of
    /// which ` the` will come and `q7#z` will not.
    #[inline]
    pub(super) fn commonness(&self, gram: u32) -> u64 {
        let pair = |shift: u32| self.pairs[(gram >> shift) as u16 as usize];
        let rarest = u64::from(pair(0).min(pair(8)).min(pair(16)));
        u64::from((1 + rarest * SCALE_BYTES / self.bytes).ilog2()).min(20)
    }
}
