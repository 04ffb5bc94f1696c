//! Sliding windows over event time that can be undone step by step.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use lifesigns_model::limits;

const NS_PER_MS: u64 = 1_000_000;

/// A counter's additions, oldest first.
#[derive(Debug, Default)]
pub(super) struct Counts {
    entries: VecDeque<(u64, u32)>,
    sum: u64,
    window_ns: u64,
}

/// What one call did to a counter.
#[derive(Debug)]
pub(super) struct CountsUndo {
    inserted: Option<u64>,
    evicted: Vec<(u64, u32)>,
    window_ns: u64,
}

impl Counts {
    /// Adds `amount` at `time_ns` and returns the sum of the window that ends there.
    pub(super) fn count(&mut self, time_ns: u64, amount: u32, window_ms: u64) -> (u64, CountsUndo) {
        let window_ns = window_ms.saturating_mul(NS_PER_MS);
        let mut undo = CountsUndo { inserted: None, evicted: Vec::new(), window_ns: self.window_ns };
        self.window_ns = self.window_ns.max(window_ns);
        if amount > 0 {
            let at = match self.entries.back() {
                Some((last, _)) if *last > time_ns => self.entries.partition_point(|(time, _)| *time <= time_ns),
                _ => self.entries.len(),
            };
            self.entries.insert(at, (time_ns, amount));
            self.sum += u64::from(amount);
            undo.inserted = Some(time_ns);
        }
        let newest = self.entries.back().map_or(time_ns, |(last, _)| (*last).max(time_ns));
        while let Some(oldest) = self.entries.front().copied()
            && (newest - oldest.0 >= self.window_ns || self.entries.len() > limits::COUNTS)
        {
            self.entries.pop_front();
            self.sum -= u64::from(oldest.1);
            undo.evicted.push(oldest);
        }
        let everything = newest == time_ns && window_ns == self.window_ns;
        let sum = if everything { self.sum } else { self.sum_between(time_ns, window_ns) };
        (sum, undo)
    }

    fn sum_between(&self, end_ns: u64, window_ns: u64) -> u64 {
        let inside = |time: u64| time <= end_ns && end_ns - time < window_ns;
        self.entries.iter().filter(|(time, _)| inside(*time)).map(|(_, amount)| u64::from(*amount)).sum()
    }

    pub(super) fn undo(&mut self, undo: CountsUndo) {
        for entry in undo.evicted.into_iter().rev() {
            self.sum += u64::from(entry.1);
            self.entries.push_front(entry);
        }
        if let Some(time_ns) = undo.inserted {
            // Of equal times the last one was inserted last.
            let at = self.entries.partition_point(|(time, _)| *time <= time_ns);
            if let Some((_, amount)) = at.checked_sub(1).and_then(|at| self.entries.remove(at)) {
                self.sum -= u64::from(amount);
            }
        }
        self.window_ns = undo.window_ns;
    }
}

/// Different values and when each was last noted.
#[derive(Debug, Default)]
pub(super) struct Distincts {
    latest: HashMap<Arc<str>, u64>,
    by_time: BTreeSet<(u64, Arc<str>)>,
    window_ns: u64,
}

/// What one call did to a distinct count.
#[derive(Debug)]
pub(super) struct DistinctsUndo {
    /// The value, and when it had been noted before.
    noted: Option<(Arc<str>, Option<u64>)>,
    evicted: Vec<(u64, Arc<str>)>,
    window_ns: u64,
}

impl Distincts {
    /// Notes `value` at `time_ns` and returns how many values the window that ends there holds.
    pub(super) fn distinct(&mut self, time_ns: u64, value: Option<&str>, window_ms: u64) -> (u64, DistinctsUndo) {
        let window_ns = window_ms.saturating_mul(NS_PER_MS);
        let mut undo = DistinctsUndo { noted: None, evicted: Vec::new(), window_ns: self.window_ns };
        self.window_ns = self.window_ns.max(window_ns);
        if let Some(value) = value {
            undo.noted = self.note(time_ns, value);
        }
        let newest = self.by_time.last().map_or(time_ns, |(last, _)| (*last).max(time_ns));
        while let Some((oldest, _)) = self.by_time.first()
            && (newest - oldest >= self.window_ns || self.latest.len() > limits::DISTINCTS)
            && let Some(entry) = self.by_time.pop_first()
        {
            self.latest.remove(&entry.1);
            undo.evicted.push(entry);
        }
        let inside = |time: u64| time <= time_ns && time_ns - time < window_ns;
        let everything = newest == time_ns && window_ns == self.window_ns;
        let count =
            if everything { self.latest.len() } else { self.latest.values().filter(|time| inside(**time)).count() };
        (count as u64, undo)
    }

    fn note(&mut self, time_ns: u64, value: &str) -> Option<(Arc<str>, Option<u64>)> {
        let (value, before) = match self.latest.get_key_value(value) {
            // A late event does not take back that the value was seen after it.
            Some((_, before)) if *before >= time_ns => return None,
            Some((value, before)) => (Arc::clone(value), Some(*before)),
            None => (Arc::from(value), None),
        };
        if let Some(before) = before {
            self.by_time.remove(&(before, Arc::clone(&value)));
        }
        self.by_time.insert((time_ns, Arc::clone(&value)));
        self.latest.insert(Arc::clone(&value), time_ns);
        Some((value, before))
    }

    pub(super) fn undo(&mut self, undo: DistinctsUndo) {
        for (time_ns, value) in undo.evicted {
            self.latest.insert(Arc::clone(&value), time_ns);
            self.by_time.insert((time_ns, value));
        }
        if let Some((value, before)) = undo.noted {
            if let Some(now) = self.latest.remove(&value) {
                self.by_time.remove(&(now, Arc::clone(&value)));
            }
            if let Some(before) = before {
                self.latest.insert(Arc::clone(&value), before);
                self.by_time.insert((before, value));
            }
        }
        self.window_ns = undo.window_ns;
    }
}
