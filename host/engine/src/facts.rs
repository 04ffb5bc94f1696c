//! What is known about one object: properties and metrics with the times from which they hold.

use std::collections::HashMap;

/// How many changes of one fact are remembered for as-of reads.
const HISTORY: usize = 32;

/// A fact's values over time, oldest first.
#[derive(Debug)]
struct History<T> {
    /// From when each value holds. `None`: the property was removed then.
    changes: Vec<(u64, Option<T>)>,
    /// Older changes were forgotten; the oldest one kept stands for them.
    truncated: bool,
}

impl<T> Default for History<T> {
    fn default() -> Self {
        Self { changes: Vec::new(), truncated: false }
    }
}

impl<T: PartialEq> History<T> {
    fn as_of(&self, time_ns: u64) -> Option<&T> {
        let after = match self.changes.last() {
            Some((time, value)) if *time <= time_ns => return value.as_ref(),
            _ => self.changes.partition_point(|(time, _)| *time <= time_ns),
        };
        match after {
            0 if self.truncated => self.changes.first()?.1.as_ref(),
            0 => None,
            after => self.changes[after - 1].1.as_ref(),
        }
    }

    /// Notes a value; says whether it differs from what was known as of that time.
    fn set(&mut self, time_ns: u64, value: Option<T>) -> bool {
        if self.as_of(time_ns) == value.as_ref() {
            return false;
        }
        let at = self.changes.partition_point(|(time, _)| *time <= time_ns);
        if at > 0 && self.changes[at - 1].0 == time_ns {
            self.changes[at - 1].1 = value;
        } else {
            self.changes.insert(at, (time_ns, value));
        }
        if self.changes.len() > HISTORY {
            self.changes.remove(0);
            self.truncated = true;
        }
        true
    }
}

/// All facts about one object.
#[derive(Debug, Default)]
pub(crate) struct FactHistory {
    properties: HashMap<Box<str>, History<Box<str>>>,
    metrics: HashMap<Box<str>, History<f64>>,
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

    /// Notes a property; says whether it changed.
    pub(crate) fn set_property(&mut self, name: &str, value: Option<&str>, time_ns: u64) -> bool {
        if value.is_none() && !self.properties.contains_key(name) {
            return false;
        }
        self.properties.entry(name.into()).or_default().set(time_ns, value.map(Into::into))
    }

    /// Notes a metric sample.
    pub(crate) fn set_metric(&mut self, name: &str, value: f64, time_ns: u64) {
        self.metrics.entry(name.into()).or_default().set(time_ns, Some(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_facts_do_not_rewrite_what_came_after_them() {
        let mut facts = FactHistory::default();
        assert!(facts.set_property("env", Some("test"), 10));
        assert!(facts.set_property("env", Some("production"), 30));
        assert!(!facts.set_property("env", Some("production"), 40), "no change");
        assert!(facts.set_property("env", Some("playground"), 20), "late");
        let as_of = |time| facts.property("env", time);
        assert_eq!(as_of(9), None);
        assert_eq!(as_of(10), Some("test"));
        assert_eq!(as_of(29), Some("playground"));
        assert_eq!(as_of(35), Some("production"));
    }

    #[test]
    fn a_removed_property_is_gone_from_then_on() {
        let mut facts = FactHistory::default();
        assert!(!facts.set_property("env", None, 5));
        facts.set_property("env", Some("test"), 10);
        assert!(facts.set_property("env", None, 20));
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
    }
}
