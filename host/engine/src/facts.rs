//! The facts about one object: properties and metrics with the times from which they hold.

use lifesigns_model::{ObjectFacts, limits};

/// How many changes of one fact are remembered for as-of reads.
const HISTORY: usize = 32;
/// Up to this many facts of an object take no more room than they need.
const FEW: usize = 8;

/// The same value, observed at least at both ends and never contradicted in between.
#[derive(Debug)]
struct Run<T> {
    first_ns: u64,
    last_ns: u64,
    /// `None`: the property was removed.
    value: Option<T>,
}

/// A fact's values over time, oldest first. The value as of a time is the latest observation up to
/// then, whenever it arrived.
#[derive(Debug)]
struct History<T> {
    runs: Vec<Run<T>>,
    /// Older changes were forgotten; the oldest one kept stands for them.
    truncated: bool,
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self { runs: Vec::new(), truncated: false }
    }
}

impl<T: PartialEq + Clone> History<T> {
    /// One past the run that holds as of a time; 0 if there is none.
    fn after(&self, time_ns: u64) -> usize {
        match self.runs.last() {
            Some(run) if run.first_ns <= time_ns => self.runs.len(),
            _ => self.runs.partition_point(|run| run.first_ns <= time_ns),
        }
    }

    fn as_of(&self, time_ns: u64) -> Option<&T> {
        match self.after(time_ns) {
            0 if self.truncated => self.runs.first()?.value.as_ref(),
            0 => None,
            after => self.runs[after - 1].value.as_ref(),
        }
    }

    /// Sets a value as of a time. Returns whether it differs from the one known as of then.
    fn set(&mut self, time_ns: u64, value: Option<T>) -> bool {
        let at = self.after(time_ns);
        if let Some(run) = at.checked_sub(1).map(|at| &mut self.runs[at])
            && run.value == value
        {
            run.last_ns = run.last_ns.max(time_ns);
            return false;
        }
        if self.as_of(time_ns) == value.as_ref() {
            return false;
        }
        self.insert(at, time_ns, value);
        while self.runs.len() > HISTORY {
            self.runs.remove(0);
            self.truncated = true;
        }
        true
    }

    /// Puts a run of one observation behind the first `at` runs. If it came late, into the middle of
    /// the run before it, that run's later end keeps its value.
    fn insert(&mut self, at: usize, time_ns: u64, value: Option<T>) {
        let new = Run { first_ns: time_ns, last_ns: time_ns, value };
        let Some(before) = at.checked_sub(1).map(|at| &mut self.runs[at]) else {
            if self.runs.is_empty() {
                // Most facts never change.
                self.runs.reserve_exact(1);
            }
            self.runs.insert(at, new);
            return;
        };
        let later = (before.last_ns > time_ns).then(|| {
            let (last_ns, value) = (before.last_ns, before.value.clone());
            Run { first_ns: last_ns, last_ns, value }
        });
        if before.first_ns == time_ns {
            *before = new;
            self.runs.splice(at..at, later);
        } else {
            if before.last_ns >= time_ns {
                before.last_ns = before.first_ns;
            }
            self.runs.splice(at..at, [new].into_iter().chain(later));
        }
    }

    /// Since when the fact has been gone, if it is.
    fn gone_since(&self) -> Option<u64> {
        self.runs.last().filter(|run| run.value.is_none()).map(|run| run.first_ns)
    }
}

/// The outcome of setting a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FactOutcome {
    /// It differs from what was known as of its time.
    Changed,
    /// It was known.
    Known,
    /// The object has too many facts already.
    LeftOut,
}

/// All facts about one object. There are very many objects, and most have few facts.
#[derive(Debug, Default)]
pub(crate) struct FactHistory {
    properties: FactTable<Box<str>>,
    metrics: FactTable<f64>,
}

/// The values of facts over time, in the order of the facts' names.
#[derive(Debug)]
struct FactTable<T>(Vec<(Box<str>, History<T>)>);

impl<T> Default for FactTable<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> FactTable<T> {
    fn position(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(name))
    }

    fn get(&self, name: &str) -> Option<&History<T>> {
        let at = self.position(name).ok()?;
        Some(&self.0[at].1)
    }
}

impl FactHistory {
    /// A property as of a time.
    pub(crate) fn property(&self, name: &str, time_ns: u64) -> Option<&str> {
        self.properties.get(name)?.as_of(time_ns).map(AsRef::as_ref)
    }

    /// A metric as of a time.
    pub(crate) fn metric(&self, name: &str, time_ns: u64) -> Option<f64> {
        self.metrics.get(name)?.as_of(time_ns).copied()
    }

    /// Notes a property.
    pub(crate) fn set_property(&mut self, name: &str, value: Option<&str>, time_ns: u64) -> FactOutcome {
        if value.is_none() && self.properties.get(name).is_none() {
            return FactOutcome::Known;
        }
        note(&mut self.properties, name, value.map(Into::into), time_ns)
    }

    /// Sets facts of which no rule is notified.
    pub(crate) fn set_all(&mut self, facts: &ObjectFacts) {
        for (name, value) in &facts.properties {
            self.set_property(name, value.as_deref(), facts.time_ns);
        }
        for (name, value) in &facts.metrics {
            self.set_metric(name, *value, facts.time_ns);
        }
    }

    /// Notes a metric sample.
    pub(crate) fn set_metric(&mut self, name: &str, value: f64, time_ns: u64) -> FactOutcome {
        note(&mut self.metrics, name, Some(value), time_ns)
    }
}

fn note<T: PartialEq + Clone>(facts: &mut FactTable<T>, name: &str, value: Option<T>, time_ns: u64) -> FactOutcome {
    if facts.get(name).is_none() {
        if !make_room(facts) {
            return FactOutcome::LeftOut;
        }
        let at = facts.position(name).unwrap_or_else(|at| at);
        if facts.0.len() < FEW {
            facts.0.reserve_exact(1);
        }
        facts.0.insert(at, (name.into(), History::default()));
    }
    let Ok(at) = facts.position(name) else { return FactOutcome::LeftOut };
    let history = &mut facts.0[at].1;
    if history.set(time_ns, value) { FactOutcome::Changed } else { FactOutcome::Known }
}

/// Makes room for one more name by dropping the one that was removed longest ago. Returns whether there
/// is room.
fn make_room<T: PartialEq + Clone>(facts: &mut FactTable<T>) -> bool {
    if facts.0.len() < limits::OBJECT_FACTS {
        return true;
    }
    let gone = facts.0.iter().enumerate();
    let gone = gone.filter_map(|(at, (name, history))| Some((history.gone_since()?, name, at)));
    let Some((.., at)) = gone.min() else { return false };
    facts.0.remove(at);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(facts: &mut FactHistory, value: Option<&str>, time_ns: u64) -> bool {
        facts.set_property("env", value, time_ns) == FactOutcome::Changed
    }

    #[test]
    fn late_facts_do_not_rewrite_what_came_after_them() {
        let mut facts = FactHistory::default();
        assert!(set(&mut facts, Some("test"), 10));
        assert!(set(&mut facts, Some("production"), 30));
        assert!(!set(&mut facts, Some("production"), 40), "no change");
        assert!(set(&mut facts, Some("playground"), 20), "late");
        let as_of = |time| facts.property("env", time);
        assert_eq!(as_of(9), None);
        assert_eq!(as_of(10), Some("test"));
        assert_eq!(as_of(29), Some("playground"));
        assert_eq!(as_of(35), Some("production"));
    }

    #[test]
    fn a_late_fact_does_not_overrule_what_was_observed_again_after_it() {
        let mut facts = FactHistory::default();
        assert!(set(&mut facts, Some("a"), 10));
        assert!(!set(&mut facts, Some("a"), 20), "no change");
        assert!(set(&mut facts, Some("b"), 15), "late");
        for (time, value) in [(10, "a"), (14, "a"), (15, "b"), (17, "b"), (20, "a"), (25, "a")] {
            assert_eq!(facts.property("env", time), Some(value), "{time}");
        }
        // Of two observations of one time the one that came last counts; the later one stays.
        assert!(set(&mut facts, Some("c"), 20) && !set(&mut facts, Some("c"), 30));
        assert!(set(&mut facts, None, 20));
        for (time, value) in [(17, Some("b")), (20, None), (29, None), (30, Some("c"))] {
            assert_eq!(facts.property("env", time), value, "{time}");
        }
    }

    #[test]
    fn what_is_known_is_the_latest_observation_in_whatever_order_they_come() {
        let mut random = 7_u64;
        for _ in 0..2000 {
            let mut facts = FactHistory::default();
            let mut seen: Vec<(u64, u64)> = Vec::new();
            for _ in 0..8 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (time, value) = (10 * (1 + (random >> 33) % 20), (random >> 60) % 2);
                seen.push((time, value));
                facts.set_metric("load", value as f64, time);
                // The time at which a value was last observed, or first in its row, is never forgotten.
                let last = seen.iter().map(|(time, _)| *time).max().unwrap_or(0);
                let latest = seen.iter().rev().find(|(time, _)| *time == last).map(|(_, value)| *value as f64);
                assert_eq!(facts.metric("load", last), latest, "{seen:?}");
                assert_eq!(facts.metric("load", time), Some(value as f64), "{seen:?}");
            }
        }
    }

    #[test]
    fn a_removed_property_is_gone_from_then_on() {
        let mut facts = FactHistory::default();
        assert!(!set(&mut facts, None, 5));
        set(&mut facts, Some("test"), 10);
        assert!(set(&mut facts, None, 20));
        assert_eq!(facts.property("env", 15), Some("test"));
        assert_eq!(facts.property("env", 20), None);
    }

    #[test]
    fn history_is_bounded_and_its_oldest_value_stands_for_the_rest() {
        let mut facts = FactHistory::default();
        for time in 1..=100 {
            facts.set_metric("load", time as f64, time);
        }
        assert_eq!(facts.metric("load", 100), Some(100.0));
        assert_eq!(facts.metric("load", 1), Some((100 - HISTORY + 1) as f64));
        for time in (100..200).step_by(2) {
            facts.set_metric("load", 1.0, time);
            facts.set_metric("load", 0.0, time - 1);
            assert!(facts.metrics.get("load").unwrap().runs.len() <= HISTORY);
        }
    }

    #[test]
    fn names_are_bounded_and_removed_ones_make_room() {
        let mut facts = FactHistory::default();
        for number in 0..limits::OBJECT_FACTS {
            assert_eq!(facts.set_property(&format!("name-{number}"), Some("x"), 1), FactOutcome::Changed);
        }
        assert_eq!(facts.set_property("more", Some("x"), 2), FactOutcome::LeftOut);
        assert_eq!(facts.property("more", 2), None);
        facts.set_property("name-7", None, 3);
        facts.set_property("name-8", None, 4);
        assert_eq!(facts.set_property("more", Some("x"), 5), FactOutcome::Changed);
        assert_eq!((facts.property("name-7", 1), facts.property("name-8", 1)), (None, Some("x")));
        assert_eq!(facts.set_property("name-9", Some("y"), 5), FactOutcome::Changed, "those that are there go on");
    }
}
