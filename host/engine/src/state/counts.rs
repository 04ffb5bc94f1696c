//! A sliding sum over event time that can be undone step by step.

use std::collections::VecDeque;

use lifesigns_model::limits;

use super::NS_PER_MS;

/// A counter's additions, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) entries: VecDeque<(u64, u32)>,
    sum: u64,
    pub(super) window_ns: u64,
}

/// What one call did to a counter.
#[derive(Clone, Debug)]
pub(super) struct CountsUndo {
    inserted: u64,
    evicted: Vec<(u64, u32)>,
    window_ns: u64,
}

impl Counts {
    /// What is left of a counter: its additions, oldest first, and its longest window.
    pub(super) fn of(entries: VecDeque<(u64, u32)>, window_ns: u64) -> Self {
        let sum = entries.iter().map(|(_, amount)| u64::from(*amount)).sum();
        Self { entries, sum, window_ns }
    }

    /// What its additions take in memory, more or less.
    pub(super) fn bytes(&self) -> usize {
        self.entries.len() * size_of::<(u64, u32)>()
    }

    /// The sum of the window that ends at `time_ns`.
    pub(super) fn sum(&self, time_ns: u64, window_ms: u64) -> u64 {
        self.sum_between(time_ns, window_ms.saturating_mul(NS_PER_MS))
    }

    /// Adds `amount` at `time_ns` and returns the sum of the window that ends there.
    pub(super) fn count(&mut self, time_ns: u64, amount: u32, window_ms: u64) -> (u64, CountsUndo) {
        let window_ns = window_ms.saturating_mul(NS_PER_MS);
        let mut undo = CountsUndo { inserted: time_ns, evicted: Vec::new(), window_ns: self.window_ns };
        self.window_ns = self.window_ns.max(window_ns);
        let at = match self.entries.back() {
            Some((last, _)) if *last > time_ns => self.entries.partition_point(|(time, _)| *time <= time_ns),
            _ => self.entries.len(),
        };
        self.entries.insert(at, (time_ns, amount));
        self.sum += u64::from(amount);
        let newest = self.entries.back().map_or(time_ns, |(last, _)| (*last).max(time_ns));
        while let Some(eviction_candidates) = self.entries.front().copied()
            && (newest - eviction_candidates.0 >= self.window_ns || self.entries.len() > limits::COUNTS)
        {
            self.entries.pop_front();
            self.sum -= u64::from(eviction_candidates.1);
            undo.evicted.push(eviction_candidates);
        }
        let everything = newest == time_ns && window_ns == self.window_ns;
        let sum = if everything { self.sum } else { self.sum_between(time_ns, window_ns) };
        (sum, undo)
    }

    fn sum_between(&self, end_ns: u64, window_ns: u64) -> u64 {
        if window_ns == 0 {
            return 0;
        }
        let from = match end_ns.checked_sub(window_ns) {
            Some(before) => self.entries.partition_point(|(time, _)| *time <= before),
            None => 0,
        };
        let to = self.entries.partition_point(|(time, _)| *time <= end_ns);
        let sum = |from, to| self.entries.range(from..to).map(|(_, amount)| u64::from(*amount)).sum::<u64>();
        // Mostly nearly everything is inside.
        if to - from > self.entries.len() / 2 {
            self.sum - sum(0, from) - sum(to, self.entries.len())
        } else {
            sum(from, to)
        }
    }

    pub(super) fn undo(&mut self, undo: CountsUndo) {
        for entry in undo.evicted.into_iter().rev() {
            self.sum += u64::from(entry.1);
            self.entries.push_front(entry);
        }
        // Of equal times the last one was inserted last.
        let at = self.entries.partition_point(|(time, _)| *time <= undo.inserted);
        if let Some((_, amount)) = at.checked_sub(1).and_then(|at| self.entries.remove(at)) {
            self.sum -= u64::from(amount);
        }
        self.window_ns = undo.window_ns;
    }
}
