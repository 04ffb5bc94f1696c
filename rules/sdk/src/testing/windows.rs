//! Counters and distinct counts over sliding windows of event time.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::Range,
};

/// Additions that a counter remembers.
const ADDITIONS: usize = 65_536;
/// Values that a distinct count remembers, and earlier notes of values that were noted again.
const VALUES: usize = 4096;

/// The times of a window that ends with `now_ns`.
fn window(now_ns: u64, window_ns: u64) -> Range<u64> {
    match now_ns.checked_sub(window_ns) {
        Some(before_ns) => before_ns.saturating_add(1)..now_ns.saturating_add(1),
        None => 0..now_ns.saturating_add(1),
    }
}

/// The additions to a counter, by time.
#[derive(Clone, Default)]
pub(super) struct Counter {
    additions: VecDeque<(u64, u32)>,
    longest_ns: u64,
}

impl Counter {
    pub(super) fn add(&mut self, now_ns: u64, amount: u32, window_ns: u64) {
        self.longest_ns = self.longest_ns.max(window_ns);
        let at = self.additions.partition_point(|(time_ns, _)| *time_ns <= now_ns);
        self.additions.insert(at, (now_ns, amount));
        let newest_ns = self.additions.back().map_or(now_ns, |(time_ns, _)| *time_ns);
        let oldest_ns = window(newest_ns, self.longest_ns).start;
        while self.additions.len() > ADDITIONS || self.additions.front().is_some_and(|(at_ns, _)| *at_ns < oldest_ns) {
            self.additions.pop_front();
        }
    }

    pub(super) fn sum(&self, now_ns: u64, window_ns: u64) -> u64 {
        let times = window(now_ns, window_ns);
        let place = |time_ns: u64| self.additions.partition_point(|(at_ns, _)| *at_ns < time_ns);
        let inside = self.additions.range(place(times.start)..place(times.end));
        inside.map(|(_, amount)| u64::from(*amount)).sum()
    }
}

/// The values of a distinct count, each by the time of its latest note, and their earlier notes.
#[derive(Clone, Default)]
pub(super) struct DistinctCount {
    latest: BTreeMap<String, u64>,
    by_time: BTreeSet<(u64, String)>,
    earlier: BTreeSet<(u64, String)>,
    longest_ns: u64,
}

impl DistinctCount {
    pub(super) fn note(&mut self, now_ns: u64, value: &str, window_ns: u64) {
        self.longest_ns = self.longest_ns.max(window_ns);
        match self.latest.get(value).copied() {
            Some(latest_ns) if latest_ns >= now_ns => {
                if latest_ns > now_ns {
                    self.earlier.insert((now_ns, value.to_owned()));
                }
            }
            before => {
                if let Some(before_ns) = before {
                    self.by_time.remove(&(before_ns, value.to_owned()));
                    self.earlier.insert((before_ns, value.to_owned()));
                }
                self.by_time.insert((now_ns, value.to_owned()));
                self.latest.insert(value.to_owned(), now_ns);
            }
        }
        let newest_ns = self.by_time.last().map_or(now_ns, |(time_ns, _)| *time_ns);
        let oldest_ns = window(newest_ns, self.longest_ns).start;
        for (_, value) in forget(&mut self.by_time, oldest_ns) {
            self.latest.remove(&value);
        }
        forget(&mut self.earlier, oldest_ns);
    }

    pub(super) fn len(&self, now_ns: u64, window_ns: u64) -> u64 {
        let times = window(now_ns, window_ns);
        let notes = self.by_time.iter().chain(&self.earlier).filter(|(time_ns, _)| times.contains(time_ns));
        notes.map(|(_, value)| value).collect::<BTreeSet<_>>().len() as u64
    }
}

/// Removes and returns the notes before `oldest_ns`, and the oldest of too many.
fn forget(notes: &mut BTreeSet<(u64, String)>, oldest_ns: u64) -> Vec<(u64, String)> {
    let mut gone = Vec::new();
    while notes.len() > VALUES || notes.first().is_some_and(|(time_ns, _)| *time_ns < oldest_ns) {
        gone.extend(notes.pop_first());
    }
    gone
}
