//! The host's calls in memory, with the limits that the contract gives them: what breaks one panics,
//! as it traps in the host. `tests/native` compares it with the host's own.

use std::{cell::RefCell, collections::BTreeMap};

use super::{
    digest::sha256,
    windows::{Counter, DistinctCount},
};
use crate::{Level, host::Host};

/// Longest key, name or distinct value that is kept as it is.
const KEY_BYTES: usize = 256;
/// Keys of an object.
const KEYS: usize = 1024;
const VALUE_BYTES: usize = 64 << 10;
/// Reminders of an object.
const REMINDERS: usize = 1024;
const REMINDERS_PER_EVENT: usize = 1024;
const LOG_LINES: usize = 64;
const LOG_BYTES: usize = 4 << 10;
const NS_PER_MS: u64 = 1_000_000;

/// What the rule remembers about all objects, and the event that is being evaluated.
pub(super) struct Memory(RefCell<Inner>);

struct Inner {
    objects: BTreeMap<String, ObjectMemory>,
    /// The rule has an interest in reminders.
    reminds: bool,
    object: String,
    time_ns: u64,
    /// The object before the event, once the event has changed it.
    before: Option<ObjectMemory>,
    /// Reminders that were set or taken back for the event.
    reminders_changed: usize,
    /// Writes of all objects.
    writes: u64,
    lines: Vec<String>,
    lines_before: usize,
}

#[derive(Clone, Default)]
struct ObjectMemory {
    entries: BTreeMap<String, Entry>,
    reminders: BTreeMap<String, u64>,
}

#[derive(Clone)]
struct Entry {
    content: Content,
    /// The number of the write that made or changed it last.
    written: u64,
}

#[derive(Clone)]
enum Content {
    Value { bytes: Vec<u8>, expires_ns: Option<u64> },
    Counter(Counter),
    Distinct(DistinctCount),
}

/// Returns `text`, or its SHA-256 if it is longer than the host keeps.
fn bounded(text: &str) -> String {
    if text.len() <= KEY_BYTES {
        return text.to_owned();
    }
    format!("sha256:{}", sha256(text.as_bytes()))
}

fn ns(ms: u64) -> u64 {
    ms.saturating_mul(NS_PER_MS)
}

impl Memory {
    pub(super) fn new(reminds: bool) -> Self {
        Self(RefCell::new(Inner {
            objects: BTreeMap::new(),
            reminds,
            object: String::new(),
            time_ns: 0,
            before: None,
            reminders_changed: 0,
            writes: 0,
            lines: Vec::new(),
            lines_before: 0,
        }))
    }

    /// Begins an event.
    pub(super) fn begin(&self, object: &str, time_ns: u64) {
        let mut inner = self.0.borrow_mut();
        object.clone_into(&mut inner.object);
        inner.time_ns = time_ns;
        inner.before = None;
        inner.reminders_changed = 0;
        inner.lines_before = inner.lines.len();
    }

    /// Discards what the event has changed. Its log lines stay.
    pub(super) fn roll_back(&self) {
        let mut inner = self.0.borrow_mut();
        if let Some(before) = inner.before.take() {
            let object = inner.object.clone();
            inner.objects.insert(object, before);
        }
    }

    /// Takes out the earliest reminder that is due by `time_ns`: its time, object and name.
    pub(super) fn due(&self, time_ns: u64) -> Option<(u64, String, String)> {
        let mut inner = self.0.borrow_mut();
        let of_object = |(object, memory): (&String, &ObjectMemory)| {
            let (name, due_ns) = memory.reminders.iter().min_by_key(|(name, due_ns)| (**due_ns, *name))?;
            Some((*due_ns, object.clone(), name.clone()))
        };
        let due = inner.objects.iter().filter_map(of_object).min().filter(|(due_ns, ..)| *due_ns <= time_ns)?;
        inner.objects.get_mut(&due.1)?.reminders.remove(&due.2);
        Some(due)
    }

    /// Has the rule of a new version change what each object holds.
    pub(super) fn migrate(&self, mut with: impl FnMut(&[Vec<String>], &Self)) {
        let keys = |memory: &ObjectMemory| memory.entries.keys().cloned().collect::<Vec<_>>();
        let objects: Vec<_> =
            self.0.borrow().objects.iter().map(|(object, memory)| (object.clone(), keys(memory))).collect();
        let (reminds, time_ns) = (self.0.borrow().reminds, self.0.borrow().time_ns);
        for (object, keys) in objects.into_iter().filter(|(_, keys)| !keys.is_empty()) {
            self.begin(&object, time_ns);
            self.0.borrow_mut().reminds = false;
            with(&[keys], self);
            self.0.borrow_mut().reminds = reminds;
        }
    }

    /// Sets whether the rule has an interest in reminders.
    pub(super) fn set_reminds(&self, reminds: bool) {
        self.0.borrow_mut().reminds = reminds;
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.0.borrow().lines.clone()
    }
}

impl Inner {
    fn content(&self, key: &str) -> Option<&Content> {
        let entry = self.objects.get(&self.object)?.entries.get(&bounded(key))?;
        Some(&entry.content)
    }

    /// Returns the event's object, to change it.
    fn change(&mut self) -> &mut ObjectMemory {
        let memory = self.objects.entry(self.object.clone()).or_default();
        if self.before.is_none() {
            self.before = Some(memory.clone());
        }
        memory
    }

    /// Returns what stands under `key`, to change it: `make` what is there if it does not `fit`.
    fn write(&mut self, key: &str, fits: fn(&Content) -> bool, make: impl FnOnce() -> Content) -> &mut Content {
        let key = bounded(key);
        self.writes += 1;
        let written = self.writes;
        let entries = &mut self.change().entries;
        if entries.len() >= KEYS && !entries.contains_key(&key) {
            let oldest = entries.iter().min_by_key(|(_, entry)| entry.written).map(|(key, _)| key.clone());
            oldest.and_then(|oldest| entries.remove(&oldest));
        }
        if entries.get(&key).is_some_and(|entry| !fits(&entry.content)) {
            entries.remove(&key);
        }
        let entry = entries.entry(key).or_insert_with(|| Entry { content: make(), written });
        entry.written = written;
        &mut entry.content
    }

    fn change_reminder(&mut self) {
        self.reminders_changed += 1;
        if self.reminders_changed > REMINDERS_PER_EVENT {
            panic!("it set or took back more than {REMINDERS_PER_EVENT} reminders for one event");
        }
    }
}

impl Host for Memory {
    fn get(&self, _: u32, key: &str) -> Option<Vec<u8>> {
        let inner = self.0.borrow();
        match inner.content(key) {
            Some(Content::Value { bytes, expires_ns }) if expires_ns.is_none_or(|at| at > inner.time_ns) => {
                Some(bytes.clone())
            }
            _ => None,
        }
    }

    fn set(&self, _: u32, key: &str, value: &[u8], ttl_ms: u64) {
        if value.len() > VALUE_BYTES {
            panic!("a state value of {} bytes; the limit is {VALUE_BYTES}", value.len());
        }
        let mut inner = self.0.borrow_mut();
        let expires_ns = (ttl_ms > 0).then(|| inner.time_ns.saturating_add(ns(ttl_ms)));
        let content = Content::Value { bytes: value.to_vec(), expires_ns };
        inner.write(key, |_| false, || content);
    }

    fn delete(&self, _: u32, key: &str) {
        self.0.borrow_mut().change().entries.remove(&bounded(key));
    }

    fn count(&self, _: u32, key: &str, amount: u32, window_ms: u64) -> u64 {
        let mut inner = self.0.borrow_mut();
        let now_ns = inner.time_ns;
        if amount > 0 {
            let fits = |content: &Content| matches!(content, Content::Counter(_));
            let content = inner.write(key, fits, || Content::Counter(Counter::default()));
            if let Content::Counter(counter) = content {
                counter.add(now_ns, amount, ns(window_ms));
            }
        }
        match inner.content(key) {
            Some(Content::Counter(counter)) => counter.sum(now_ns, ns(window_ms)),
            _ => 0,
        }
    }

    fn distinct(&self, _: u32, key: &str, value: Option<&str>, window_ms: u64) -> u64 {
        let mut inner = self.0.borrow_mut();
        let now_ns = inner.time_ns;
        if let Some(value) = value {
            let fits = |content: &Content| matches!(content, Content::Distinct(_));
            let content = inner.write(key, fits, || Content::Distinct(DistinctCount::default()));
            if let Content::Distinct(values) = content {
                values.note(now_ns, &bounded(value), ns(window_ms));
            }
        }
        match inner.content(key) {
            Some(Content::Distinct(values)) => values.len(now_ns, ns(window_ms)),
            _ => 0,
        }
    }

    fn rename(&self, _: u32, key: &str, to: &str) -> bool {
        let mut inner = self.0.borrow_mut();
        let (key, to) = (bounded(key), bounded(to));
        if inner.content(&key).is_none() || key == to {
            return inner.content(&key).is_some();
        }
        inner.writes += 1;
        let written = inner.writes;
        let entries = &mut inner.change().entries;
        if let Some(entry) = entries.remove(&key) {
            entries.insert(to, Entry { written, ..entry });
        }
        true
    }

    fn remind_at(&self, _: u32, name: &str, time_ns: u64) {
        let mut inner = self.0.borrow_mut();
        if !inner.reminds {
            panic!("it set a reminder, but has no interest in reminders");
        }
        inner.change_reminder();
        let due_ns = time_ns.max(inner.time_ns.saturating_add(NS_PER_MS));
        let reminders = &mut inner.change().reminders;
        reminders.insert(bounded(name), due_ns);
        if reminders.len() > REMINDERS {
            let last = reminders.iter().max_by_key(|(name, due_ns)| (**due_ns, *name)).map(|(name, _)| name.clone());
            last.and_then(|last| reminders.remove(&last));
        }
    }

    fn forget(&self, _: u32, name: &str) {
        let mut inner = self.0.borrow_mut();
        inner.change_reminder();
        inner.change().reminders.remove(&bounded(name));
    }

    fn log(&self, _: Level, message: &str) {
        let mut inner = self.0.borrow_mut();
        if inner.lines.len() - inner.lines_before < LOG_LINES {
            let line = &message[..message.floor_char_boundary(LOG_BYTES)];
            inner.lines.push(line.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn objects_have_state_of_their_own() {
        let memory = Memory::new(true);
        memory.begin("one", 0);
        memory.set(0, "key", b"x", 0);
        memory.remind_at(0, "soon", 5);
        memory.begin("other", 0);
        assert_eq!(memory.get(0, "key"), None);
        memory.forget(0, "soon");
        assert_eq!(memory.due(NS_PER_MS), Some((NS_PER_MS, "one".into(), "soon".into())));
    }

    #[test]
    fn a_call_that_the_host_forbids_panics_and_is_undone() {
        let memory = Memory::new(false);
        memory.begin("one", 0);
        memory.set(0, "key", b"before", 0);
        memory.begin("one", 1);
        memory.set(0, "key", b"after", 0);
        let panics = |call: &dyn Fn()| catch_unwind(AssertUnwindSafe(call)).is_err();
        assert!(panics(&|| memory.set(0, "key", &[0; VALUE_BYTES + 1], 0)));
        assert!(panics(&|| memory.remind_at(0, "soon", 5)), "it has no interest in reminders");
        (0..REMINDERS_PER_EVENT).for_each(|_| memory.forget(0, "soon"));
        assert!(panics(&|| memory.forget(0, "soon")));
        memory.roll_back();
        assert_eq!(memory.get(0, "key").as_deref(), Some(&b"before"[..]));
    }

    #[test]
    fn log_lines_are_bounded_in_each_event() {
        let memory = Memory::new(false);
        for event in 1..3 {
            memory.begin("one", event);
            (0..100).for_each(|_| memory.log(Level::Info, &"é".repeat(LOG_BYTES)));
            assert_eq!(memory.lines().len() as u64, event * LOG_LINES as u64);
        }
        assert!(memory.lines().iter().all(|line| line.len() == LOG_BYTES));
    }
}
