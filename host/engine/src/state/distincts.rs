//! A sliding count of different values over event time that can be undone step by step.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    ops::Bound,
    sync::Arc,
};

use lifesigns_model::limits;

use super::NS_PER_MS;

/// What a note takes in memory beside its text: two places in trees or tables, and the text's own head.
const NOTE_BYTES: usize = 96;

/// A value and a time at which it was noted.
pub(super) type Note = (u64, Arc<str>);

/// Different values and when each was noted. For events in the order of their time only the latest
/// note of a value matters; a late event needs the ones before it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Distincts {
    latest: HashMap<Arc<str>, u64>,
    by_time: BTreeSet<Note>,
    /// Notes of values that were noted again later.
    earlier: BTreeSet<Note>,
    pub(super) window_ns: u64,
    /// Text of all notes.
    text_bytes: usize,
}

/// A step of a call.
#[derive(Clone, Debug)]
enum Step {
    /// A value's latest note is this, and was that.
    Latest(Note, Option<u64>),
    /// A value is gone.
    Gone(Note),
    /// An earlier note was added.
    Added(Note),
    /// An earlier note is gone.
    Removed(Note),
}

/// What one call did to a distinct count.
#[derive(Clone, Debug)]
pub(super) struct DistinctsUndo {
    steps: Vec<Step>,
    window_ns: u64,
}

impl Distincts {
    /// What is left of a count: each value's latest note, its earlier ones, and its longest window.
    pub(super) fn of(latest: Vec<Note>, earlier: Vec<Note>, window_ns: u64) -> Self {
        Self {
            text_bytes: latest.iter().chain(&earlier).map(|(_, value)| value.len()).sum(),
            latest: latest.iter().map(|(time, value)| (Arc::clone(value), *time)).collect(),
            by_time: latest.into_iter().collect(),
            earlier: earlier.into_iter().collect(),
            window_ns,
        }
    }

    /// What its notes take in memory, more or less.
    pub(super) fn bytes(&self) -> usize {
        (self.by_time.len() + self.earlier.len()) * NOTE_BYTES + self.text_bytes
    }

    /// Each value's latest note, and the earlier ones that are remembered.
    pub(super) fn notes(&self) -> [&BTreeSet<Note>; 2] {
        [&self.by_time, &self.earlier]
    }

    /// How many values the window that ends at `time_ns` holds.
    pub(super) fn len(&self, time_ns: u64, window_ms: u64) -> u64 {
        let window_ns = window_ms.saturating_mul(NS_PER_MS);
        if window_ns == 0 {
            return 0;
        }
        let after = |time: u64| Bound::Included((time, Arc::from("")));
        let from = match time_ns.checked_sub(window_ns) {
            Some(before) => after(before.saturating_add(1)),
            None => Bound::Unbounded,
        };
        let newest = self.by_time.last().map_or(0, |(last, _)| *last);
        if newest <= time_ns {
            return self.by_time.range((from, Bound::Unbounded)).count() as u64;
        }
        let range = (from, Bound::Excluded((time_ns.saturating_add(1), Arc::from(""))));
        let inside = self.by_time.range(range.clone()).chain(self.earlier.range(range));
        inside.map(|(_, value)| value).collect::<HashSet<_>>().len() as u64
    }

    /// Notes `value` at `time_ns` and returns how many values the window that ends there holds.
    pub(super) fn distinct(&mut self, time_ns: u64, value: &str, window_ms: u64) -> (u64, DistinctsUndo) {
        let window_ns = window_ms.saturating_mul(NS_PER_MS);
        let mut undo = DistinctsUndo { steps: Vec::new(), window_ns: self.window_ns };
        self.window_ns = self.window_ns.max(window_ns);
        self.note(time_ns, value, &mut undo.steps);
        let newest = self.by_time.last().map_or(time_ns, |(last, _)| *last);
        let expired = |note: &Note| newest - note.0 >= self.window_ns;
        while self.by_time.first().is_some_and(|note| expired(note) || self.latest.len() > limits::DISTINCTS)
            && let Some(note) = self.by_time.pop_first()
        {
            self.latest.remove(&note.1);
            self.text_bytes -= note.1.len();
            undo.steps.push(Step::Gone(note));
        }
        while self.earlier.first().is_some_and(|note| expired(note) || self.earlier.len() > limits::DISTINCTS)
            && let Some(note) = self.earlier.pop_first()
        {
            self.text_bytes -= note.1.len();
            undo.steps.push(Step::Removed(note));
        }
        let everything = newest == time_ns && window_ns == self.window_ns;
        let count = if everything { self.latest.len() as u64 } else { self.len(time_ns, window_ms) };
        (count, undo)
    }

    fn note(&mut self, time_ns: u64, value: &str, steps: &mut Vec<Step>) {
        let known = self.latest.get_key_value(value).map(|(value, latest)| (Arc::clone(value), *latest));
        let (value, before) = match known {
            Some((_, latest)) if latest == time_ns => return,
            // A late event does not take back that the value was seen after it.
            Some((value, latest)) if latest > time_ns => return self.add_earlier((time_ns, value), steps),
            Some((value, latest)) => (value, Some(latest)),
            None => (Arc::from(value), None),
        };
        match before {
            Some(before) => {
                let note = (before, Arc::clone(&value));
                self.by_time.remove(&note);
                self.add_earlier(note, steps);
            }
            None => self.text_bytes += value.len(),
        }
        self.by_time.insert((time_ns, Arc::clone(&value)));
        self.latest.insert(Arc::clone(&value), time_ns);
        steps.push(Step::Latest((time_ns, value), before));
    }

    fn add_earlier(&mut self, note: Note, steps: &mut Vec<Step>) {
        if self.earlier.insert(note.clone()) {
            self.text_bytes += note.1.len();
            steps.push(Step::Added(note));
        }
    }

    pub(super) fn undo(&mut self, undo: DistinctsUndo) {
        for step in undo.steps.into_iter().rev() {
            match step {
                Step::Latest((now, value), before) => {
                    self.by_time.remove(&(now, Arc::clone(&value)));
                    match before {
                        Some(before) => {
                            self.by_time.insert((before, Arc::clone(&value)));
                            self.latest.insert(value, before);
                        }
                        None => {
                            self.text_bytes -= value.len();
                            self.latest.remove(&value);
                        }
                    }
                }
                Step::Gone((time_ns, value)) => {
                    self.text_bytes += value.len();
                    self.latest.insert(Arc::clone(&value), time_ns);
                    self.by_time.insert((time_ns, value));
                }
                Step::Added(note) => {
                    self.text_bytes -= note.1.len();
                    self.earlier.remove(&note);
                }
                Step::Removed(note) => {
                    self.text_bytes += note.1.len();
                    self.earlier.insert(note);
                }
            }
        }
        self.window_ns = undo.window_ns;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = NS_PER_MS;

    #[test]
    fn a_late_note_counts_at_its_own_time() {
        let mut values = Distincts::default();
        assert_eq!(values.distinct(100 * MS, "v", 20).0, 1);
        assert_eq!(values.distinct(85 * MS, "v", 20).0, 1, "late, of a value that was seen later");
        assert_eq!(values.distinct(90 * MS, "w", 20).0, 2, "v at 85 and w at 90");
        assert_eq!(values.len(89 * MS, 20), 1);
        assert_eq!(values.len(100 * MS, 20), 2);
        // In order, and then a late event between two notes of one value.
        assert_eq!(values.distinct(110 * MS, "v", 20).0, 1, "w has gone by");
        assert_eq!(values.distinct(105 * MS, "x", 10).0, 2, "v at 100 and x at 105");
    }

    #[test]
    fn undone_step_by_step_it_is_what_it_was() {
        let mut random = 3_u64;
        let mut values = Distincts::default();
        for round in 0..3000_u64 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let time_ns = (round / 4 + (random >> 33) % 50) * MS;
            let value = format!("value-{}", (random >> 40) % 12);
            let before = format!("{:?} {:?} {}", values.by_time, values.earlier, values.window_ns);
            let (_, undo) = values.distinct(time_ns, &value, 20 + (random >> 50) % 20);
            if random >> 63 == 0 {
                values.undo(undo);
                assert_eq!(format!("{:?} {:?} {}", values.by_time, values.earlier, values.window_ns), before);
                assert_eq!(values.latest.len(), values.by_time.len());
            }
            let text: usize = values.notes().iter().flat_map(|notes| notes.iter()).map(|(_, value)| value.len()).sum();
            assert_eq!(values.text_bytes, text);
        }
    }

    #[test]
    fn memory_is_bounded_by_the_latest_values_and_notes() {
        let mut values = Distincts::default();
        for time in 0..3 * limits::DISTINCTS as u64 {
            values.distinct(time, if time % 2 == 0 { "same" } else { "other" }, 1_000_000);
        }
        assert_eq!((values.latest.len(), values.earlier.len()), (2, limits::DISTINCTS));
        for time in 0..2 * limits::DISTINCTS as u64 {
            values.distinct(time, &format!("{time}"), 1_000_000);
        }
        assert_eq!((values.latest.len(), values.by_time.len()), (limits::DISTINCTS, limits::DISTINCTS));
    }
}
