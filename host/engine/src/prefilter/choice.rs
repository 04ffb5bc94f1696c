//! Selects the bytes by which a literal is found: neighbouring 4-byte windows, one for each alignment of the stride,
//! that are rare in the traffic and shared with few other literals.

use super::filter::{gram, mix};
use super::patterns::Patterns;
use super::traffic::Traffic;

/// Maximum number of patterns behind a gram that occurs in the traffic.
const HOT_LOAD_MAX: u16 = 16;
/// Maximum number of patterns behind a gram that does not occur in the traffic.
const COLD_LOAD_MAX: u16 = 128;
/// Occurrences per MiB from which a gram counts as occurring in the traffic.
const HOT_PER_MIB: u64 = 4;
/// Number of windows of a long literal that are considered.
const WINDOWS_MAX: usize = 256;
const LOADS_LOG: u32 = 18;

/// Costs, in units of about a sixteenth of a nanosecond per MiB of traffic.
const COST_LOOKUP: u64 = 48;
const COST_COMPARE: u64 = 12;
const COST_NEW_GRAM: u64 = 64;
const COST_COLD_LOAD: u64 = 4;
const COST_COMMON: u64 = 2;
const OVERLOADED: u64 = u64::MAX / 8;

/// Assigns windows to one pattern after another.
pub(super) struct Chooser<'a, const STRIDE: usize> {
    traffic: &'a Traffic,
    /// Number of patterns that are assigned to each gram so far, by hash.
    loads: Vec<u16>,
    costs: Vec<u64>,
}

impl<'a, const STRIDE: usize> Chooser<'a, STRIDE> {
    pub(super) fn new(traffic: &'a Traffic) -> Self {
        Self { traffic, loads: vec![0; 1 << LOADS_LOG], costs: Vec::new() }
    }

    /// Returns the patterns with the position of their first window, and the patterns whose grams are all overloaded.
    pub(super) fn choose_all(mut self, patterns: &Patterns, members: &[u32]) -> (Vec<(u32, u16)>, Vec<u32>) {
        // The shortest patterns first: they have the fewest windows to choose from.
        let mut order = members.to_vec();
        order.sort_by_key(|&p| patterns.len(p));
        let mut chosen = Vec::with_capacity(order.len());
        let mut overloaded = Vec::new();
        for pattern in order {
            match self.choose(patterns.bytes(pattern)) {
                Some(position) => chosen.push((pattern, position)),
                None => overloaded.push(pattern),
            }
        }
        (chosen, overloaded)
    }

    fn choose(&mut self, bytes: &[u8]) -> Option<u16> {
        let bytes = &bytes[..bytes.len().min(WINDOWS_MAX + STRIDE - 1)];
        debug_assert!(bytes.len() >= STRIDE + 3, "a literal of {} bytes", bytes.len());
        let mut costs = std::mem::take(&mut self.costs);
        costs.clear();
        costs.extend(bytes.windows(4).map(|w| self.cost(gram([w[0], w[1], w[2], w[3]]))));
        let sums = costs.windows(STRIDE).map(|costs| costs.iter().sum::<u64>());
        let best = sums.enumerate().min_by_key(|&(_, sum)| sum);
        self.costs = costs;
        let (position, _) = best.filter(|&(_, sum)| sum < OVERLOADED)?;
        for w in bytes[position..][..STRIDE + 3].windows(4) {
            self.loads[Self::slot(gram([w[0], w[1], w[2], w[3]]))] += 1;
        }
        Some(position as u16)
    }

    fn slot(gram: u32) -> usize {
        (mix(gram) >> (32 - LOADS_LOG)) as usize
    }

    fn cost(&self, gram: u32) -> u64 {
        let per_mib = self.traffic.per_mib(gram);
        let load = self.loads[Self::slot(gram)];
        let limit = if per_mib >= HOT_PER_MIB { HOT_LOAD_MAX } else { COLD_LOAD_MAX };
        if load >= limit {
            return OVERLOADED;
        }
        // The lookups of a gram that is already in the index are paid for.
        let (hot, cold) = match load {
            0 => (COST_LOOKUP + COST_COMPARE, COST_NEW_GRAM),
            _ => (COST_COMPARE * (2 + u64::from(load)), COST_COLD_LOAD * u64::from(load)),
        };
        per_mib * hot + cold + COST_COMMON * self.traffic.commonness(gram)
    }
}
