//! A test bench for a rule's unit tests: native, in memory, one event at a time.
//!
//! State has the limits, windows and evictions of the contract. Interests are not checked: the rule is shown
//! every event of the test; the cases in `cases/`, which run through the whole host, check them.

mod memory;
mod windows;

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use self::memory::Memory;
use crate::{
    Alert, Kinds, Rule, alerts,
    native::{Columns, Native},
};

/// A rule with its state and the facts of its objects, which last as long as the bench.
pub struct Bench<R> {
    rule: Native<R>,
    host: Memory,
    time_ns: u64,
    fields: BTreeMap<String, String>,
    properties: BTreeMap<(String, String), String>,
    metrics: BTreeMap<(String, String), f64>,
}

impl<R: Rule> Bench<R> {
    /// Makes the rule from `settings`, a JSON object.
    ///
    /// # Errors
    /// Returns the rule's text about its settings.
    pub fn new(settings: &str) -> Result<Self, String> {
        let rule = Native::new(settings)?;
        let reminds =
            rule.description().interests.iter().any(|interest| interest.kinds & Kinds::REMINDER == Kinds::REMINDER);
        Ok(Self {
            rule,
            host: Memory::new(reminds),
            time_ns: 1_000_000_000,
            fields: BTreeMap::new(),
            properties: BTreeMap::new(),
            metrics: BTreeMap::new(),
        })
    }

    /// Sets the time of the events that follow, in milliseconds.
    pub fn at_ms(&mut self, time_ms: u64) -> &mut Self {
        self.time_ns = time_ms * 1_000_000;
        self
    }

    /// Sets a field of the next log record.
    pub fn field(&mut self, name: &str, value: &str) -> &mut Self {
        self.fields.insert(name.into(), value.into());
        self
    }

    /// Sets a property of an object.
    pub fn property(&mut self, object: &str, name: &str, value: &str) -> &mut Self {
        self.properties.insert((object.into(), name.into()), value.into());
        self
    }

    /// Sets a metric of an object.
    pub fn metric(&mut self, object: &str, name: &str, value: f64) -> &mut Self {
        self.metrics.insert((object.into(), name.into()), value);
        self
    }

    /// Evaluates a log record and returns the alerts.
    ///
    /// # Panics
    /// Panics if the rule does, or makes a call that traps in the host. The event's changes of state are
    /// discarded then, as in the host.
    pub fn log(&mut self, object: &str, message: &str) -> Vec<Alert> {
        self.show(0, self.time_ns, object, message)
    }

    /// Evaluates a change of these facts (names, separated by commas); otherwise as [`Self::log`].
    pub fn fact(&mut self, object: &str, names: &str) -> Vec<Alert> {
        self.show(1, self.time_ns, object, names)
    }

    /// Evaluates the earliest reminder, at its own time, if it is due; otherwise as [`Self::log`].
    pub fn reminder(&mut self) -> Vec<Alert> {
        match self.host.due(self.time_ns) {
            Some((due_ns, object, name)) => self.show(2, due_ns, &object, &name),
            None => Vec::new(),
        }
    }

    /// Returns the lines that the rule wrote to its log.
    pub fn log_lines(&self) -> Vec<String> {
        self.host.lines()
    }

    fn show(&mut self, kind: u8, time_ns: u64, object: &str, message: &str) -> Vec<Alert> {
        let mut text = String::new();
        let mut spans = Vec::new();
        let mut push = |value: Option<&str>| match value {
            Some(value) => {
                spans.extend([text.len() as u32, value.len() as u32]);
                text.push_str(value);
            }
            None => spans.extend([u32::MAX, 0]),
        };
        push(Some(object));
        push(None);
        push(Some(message));
        let wants = self.rule.description().wants.clone();
        for name in &wants.fields {
            push(self.fields.get(name).map(String::as_str));
        }
        for name in &wants.properties {
            push(self.properties.get(&(object.to_owned(), name.clone())).map(String::as_str));
        }
        let metric = |name: &String| self.metrics.get(&(object.to_owned(), name.clone())).copied();
        let numbers: Vec<f64> = wants.metrics.iter().map(|name| metric(name).unwrap_or(f64::NAN)).collect();
        self.fields.clear();
        let columns = Columns { text: &text, times_ns: &[time_ns], kinds: &[kind], spans: &spans, numbers: &numbers };
        self.host.begin(object, time_ns);
        match catch_unwind(AssertUnwindSafe(|| self.rule.evaluate(columns, &self.host))) {
            Ok(answer) => alerts::read(&answer),
            Err(panic) => {
                self.host.roll_back();
                resume_unwind(panic)
            }
        }
    }
}
