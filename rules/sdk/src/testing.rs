//! A bench for a rule's own unit tests: native, in memory, one event at a time.
//!
//! It gives the rule what the test says and checks no interest; the cases in `cases/`, which run
//! through the whole host, do that.

use std::{cell::RefCell, collections::BTreeMap};

use crate::{
    Alert, Level, Rule,
    host::Host,
    native::{Columns, Native},
};

/// A rule on the bench, with state that lasts as long as the bench.
pub struct Bench<R> {
    rule: Native<R>,
    host: Memory,
    time_ns: u64,
    fields: BTreeMap<String, String>,
    properties: BTreeMap<(String, String), String>,
    metrics: BTreeMap<(String, String), f64>,
}

impl<R: Rule> Bench<R> {
    /// Puts the rule on the bench.
    ///
    /// # Errors
    /// What the rule says about its settings, a JSON object.
    pub fn new(settings: &str) -> Result<Self, String> {
        Ok(Self {
            rule: Native::new(settings)?,
            host: Memory::default(),
            time_ns: 1_000_000_000,
            fields: BTreeMap::new(),
            properties: BTreeMap::new(),
            metrics: BTreeMap::new(),
        })
    }

    /// Sets the event time of what follows, in milliseconds.
    pub fn at_ms(&mut self, time_ms: u64) -> &mut Self {
        self.time_ns = time_ms * 1_000_000;
        self
    }

    /// Gives the next log record a field.
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

    /// Shows the rule a log record.
    pub fn log(&mut self, object: &str, message: &str) -> Vec<Alert> {
        self.show(0, object, message)
    }

    /// Tells the rule that these facts (names, separated by commas) changed.
    pub fn fact(&mut self, object: &str, names: &str) -> Vec<Alert> {
        self.show(1, object, names)
    }

    /// The earliest reminder, if it is due by now, is shown to the rule at its time.
    pub fn reminder(&mut self) -> Vec<Alert> {
        let due = self.host.0.borrow().reminders.iter().map(|(key, at)| (*at, key.clone())).min();
        match due {
            Some((at, key)) if at <= self.time_ns => {
                self.host.0.borrow_mut().reminders.remove(&key);
                let now = std::mem::replace(&mut self.time_ns, at);
                let alerts = self.show(2, &key.0, &key.1);
                self.time_ns = now;
                alerts
            }
            _ => Vec::new(),
        }
    }

    /// What the rule wrote to its log.
    pub fn log_lines(&self) -> Vec<String> {
        self.host.0.borrow().lines.clone()
    }

    fn show(&mut self, kind: u8, object: &str, message: &str) -> Vec<Alert> {
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
        {
            let mut memory = self.host.0.borrow_mut();
            object.clone_into(&mut memory.object);
            memory.time_ns = self.time_ns;
        }
        let columns =
            Columns { text: &text, times_ns: &[self.time_ns], kinds: &[kind], spans: &spans, numbers: &numbers };
        self.rule.evaluate(columns, &self.host)
    }
}

type Key = (String, String);

#[derive(Default)]
struct Memory(RefCell<Inner>);

#[derive(Default)]
struct Inner {
    object: String,
    time_ns: u64,
    values: BTreeMap<Key, (Vec<u8>, u64)>,
    counts: BTreeMap<Key, Vec<(u64, u32)>>,
    distincts: BTreeMap<Key, BTreeMap<String, u64>>,
    reminders: BTreeMap<Key, u64>,
    lines: Vec<String>,
}

impl Inner {
    fn key(&self, key: &str) -> Key {
        (self.object.clone(), key.to_owned())
    }

    fn in_window(&self, at: u64, window_ms: u64) -> bool {
        at <= self.time_ns && at.saturating_add(window_ms.saturating_mul(1_000_000)) > self.time_ns
    }
}

impl Host for Memory {
    fn get(&self, _: u32, key: &str) -> Option<Vec<u8>> {
        let inner = self.0.borrow();
        let (value, expires) = inner.values.get(&inner.key(key))?;
        (*expires == 0 || *expires > inner.time_ns).then(|| value.clone())
    }

    fn set(&self, _: u32, key: &str, value: &[u8], ttl_ms: u64) {
        let mut inner = self.0.borrow_mut();
        let expires = if ttl_ms == 0 { 0 } else { inner.time_ns + ttl_ms * 1_000_000 };
        let key = inner.key(key);
        inner.values.insert(key, (value.to_vec(), expires));
    }

    fn delete(&self, _: u32, key: &str) {
        let mut inner = self.0.borrow_mut();
        let key = inner.key(key);
        inner.values.remove(&key);
        inner.counts.remove(&key);
        inner.distincts.remove(&key);
    }

    fn count(&self, _: u32, key: &str, amount: u32, window_ms: u64) -> u64 {
        let mut inner = self.0.borrow_mut();
        let (key, now) = (inner.key(key), inner.time_ns);
        if amount > 0 {
            inner.counts.entry(key.clone()).or_default().push((now, amount));
        }
        let entries = inner.counts.get(&key).map(Vec::as_slice).unwrap_or_default();
        entries.iter().filter(|(at, _)| inner.in_window(*at, window_ms)).map(|(_, amount)| u64::from(*amount)).sum()
    }

    fn distinct(&self, _: u32, key: &str, value: Option<&str>, window_ms: u64) -> u64 {
        let mut inner = self.0.borrow_mut();
        let (key, now) = (inner.key(key), inner.time_ns);
        if let Some(value) = value {
            inner.distincts.entry(key.clone()).or_default().insert(value.to_owned(), now);
        }
        let Some(seen) = inner.distincts.get(&key) else { return 0 };
        seen.values().filter(|at| inner.in_window(**at, window_ms)).count() as u64
    }

    fn remind_at(&self, _: u32, name: &str, time_ns: u64) {
        let mut inner = self.0.borrow_mut();
        let (key, at) = (inner.key(name), time_ns.max(inner.time_ns + 1_000_000));
        inner.reminders.insert(key, at);
    }

    fn forget(&self, _: u32, name: &str) {
        let mut inner = self.0.borrow_mut();
        let key = inner.key(name);
        inner.reminders.remove(&key);
    }

    fn log(&self, _: Level, message: &str) {
        self.0.borrow_mut().lines.push(message.to_owned());
    }
}
