//! A rule's state in memory, with an undo log for the batch under evaluation.

use std::collections::{HashMap, HashSet};

use lifesigns_model::{DropKind, Drops, Level, ReminderChange, Row, State, StateError, limits};

use super::{
    NS_PER_MS,
    counts::{Counts, CountsUndo},
    distincts::{Distincts, DistinctsUndo},
    entry::{Entry, Held},
    key::bounded,
};

type Keys = HashMap<Box<str>, Entry>;

/// How to take one change back.
enum Undo {
    /// The key held this before, or nothing.
    Entry {
        object: u32,
        key: Box<str>,
        before: Option<Entry>,
    },
    /// The window was written at this time before.
    Counts {
        object: u32,
        key: Box<str>,
        written: u64,
        undo: CountsUndo,
    },
    Distincts {
        object: u32,
        key: Box<str>,
        written: u64,
        undo: DistinctsUndo,
    },
}

/// The state of one rule in one shard.
pub(crate) struct Memory {
    rule: String,
    reminds: bool,
    objects: HashMap<u32, Keys>,
    writes: u64,
    rows: Vec<Row>,
    undo: Vec<Undo>,
    reminders: Vec<ReminderChange>,
    /// How many of them each event of the batch has.
    reminders_of: Vec<u32>,
    lines: Vec<(Level, String)>,
    lines_left_out: usize,
    /// Keys that went in this batch to make room for others.
    keys_left_out: u64,
    /// What was dropped since the last look.
    dropped: Drops,
    /// Whether changes are noted for the next cut.
    cuts: bool,
    changed: HashMap<u32, HashSet<Box<str>>>,
}

impl Memory {
    /// Empty state, which notes what changes if there are `cuts`.
    pub(crate) fn new(rule: &str, cuts: bool) -> Self {
        Self {
            cuts,
            changed: HashMap::new(),
            rule: rule.to_owned(),
            reminds: false,
            objects: HashMap::new(),
            writes: 0,
            rows: Vec::new(),
            undo: Vec::new(),
            reminders: Vec::new(),
            reminders_of: Vec::new(),
            lines: Vec::new(),
            lines_left_out: 0,
            keys_left_out: 0,
            dropped: Drops::default(),
        }
    }

    /// What was dropped since the last call.
    pub(crate) fn take_dropped(&mut self) -> Drops {
        std::mem::take(&mut self.dropped)
    }

    fn row(&self, event: u32) -> Result<Row, StateError> {
        self.rows.get(event as usize).copied().ok_or_else(|| {
            StateError(format!("it asked for the state of event {event} in a batch of {}", self.rows.len()))
        })
    }

    /// The entry under `key`, made by `make` if it is not there or holds something else, and when it
    /// was written before.
    fn entry(&mut self, object: u32, key: &str, fits: fn(&Held) -> bool, make: fn() -> Held) -> (&mut Held, u64) {
        self.writes += 1;
        let keys = self.objects.entry(object).or_default();
        let there = keys.get(key).is_some_and(|entry| fits(&entry.held));
        if !there {
            self.keys_left_out += u64::from(make_room(keys, object, key, &mut self.undo));
            let before = keys.insert(key.into(), Entry { held: make(), written: self.writes });
            self.undo.push(Undo::Entry { object, key: key.into(), before });
        }
        let entry = keys.get_mut(key).expect("it was there, or has just been inserted");
        let before = std::mem::replace(&mut entry.written, self.writes);
        (&mut entry.held, before)
    }

    fn entry_of(&mut self, object: u32, key: &str) -> Option<&mut Entry> {
        self.objects.get_mut(&object)?.get_mut(key)
    }

    fn held(&self, object: u32, key: &str) -> Option<&Held> {
        self.objects.get(&object)?.get(key).map(|entry| &entry.held)
    }

    /// Notes a reminder, or that one is taken back.
    fn note(&mut self, event: u32, name: &str, due_ns: Option<u64>) -> Result<(), StateError> {
        let of = &mut self.reminders_of[event as usize];
        *of += 1;
        if *of as usize > limits::REMINDERS_PER_EVENT {
            let limit = limits::REMINDERS_PER_EVENT;
            return Err(StateError(format!("it set or took back more than {limit} reminders for one event")));
        }
        self.reminders.push(ReminderChange { event, name: bounded(name).into_owned(), due_ns });
        Ok(())
    }

    /// Lets an object go. Returns the keys that a store may know of.
    pub(crate) fn evict(&mut self, object: u32) -> HashSet<Box<str>> {
        let keys = self.objects.remove(&object).unwrap_or_default();
        let mut gone = self.changed.remove(&object).unwrap_or_default();
        if self.cuts {
            gone.extend(keys.into_keys());
        }
        gone
    }

    /// Object, key and entry of what has changed since the last call.
    pub(crate) fn changes(&mut self) -> Vec<(u32, Box<str>, Option<Vec<u8>>)> {
        let changed = std::mem::take(&mut self.changed);
        let all = changed.into_iter().flat_map(|(object, keys)| keys.into_iter().map(move |key| (object, key)));
        let entry = |(object, key): (u32, Box<str>)| {
            let entry = self.objects.get(&object).and_then(|keys| keys.get(&key)).map(Entry::to_bytes);
            (object, key, entry)
        };
        all.map(entry).collect()
    }

    /// Takes an entry that [`Self::changes`] gave. Says whether it is one.
    pub(crate) fn restore(&mut self, object: u32, key: &str, entry: &[u8]) -> bool {
        let Some(entry) = Entry::from_bytes(entry) else { return false };
        self.writes = self.writes.max(entry.written);
        self.objects.entry(object).or_default().insert(key.into(), entry);
        true
    }

    fn note_changes(&mut self) {
        let undo = std::mem::take(&mut self.undo);
        for undo in undo {
            let (Undo::Entry { object, key, .. }
            | Undo::Counts { object, key, .. }
            | Undo::Distincts { object, key, .. }) = undo;
            self.changed.entry(object).or_default().insert(key);
        }
    }

    fn emit_log(&mut self) {
        for (level, message) in self.lines.drain(..) {
            match level {
                Level::Debug => tracing::debug!(rule = self.rule, "{message}"),
                Level::Info => tracing::info!(rule = self.rule, "{message}"),
                Level::Warn => tracing::warn!(rule = self.rule, "{message}"),
                Level::Error => tracing::error!(rule = self.rule, "{message}"),
            }
        }
        if self.lines_left_out > 0 {
            tracing::warn!(rule = self.rule, lines = self.lines_left_out, "more log lines were left out");
            self.dropped.add(DropKind::RuleLogLines, self.lines_left_out as u64);
            self.lines_left_out = 0;
        }
    }
}

/// Removes the key that was written longest ago, if a new one would be too many; says whether it did.
fn make_room(keys: &mut Keys, object: u32, key: &str, undo: &mut Vec<Undo>) -> bool {
    if keys.len() < limits::KEYS || keys.contains_key(key) {
        return false;
    }
    let oldest = keys.iter().min_by_key(|(_, entry)| entry.written).map(|(key, _)| key.clone());
    if let Some(oldest) = oldest {
        let before = keys.remove(&oldest);
        undo.push(Undo::Entry { object, key: oldest, before });
        return true;
    }
    false
}

impl State for Memory {
    fn begin(&mut self, rows: &[Row], reminds: bool) {
        self.reminds = reminds;
        self.rows.clear();
        self.rows.extend_from_slice(rows);
        self.reminders_of.clear();
        self.reminders_of.resize(rows.len(), 0);
    }

    fn commit(&mut self) -> Vec<ReminderChange> {
        if self.cuts {
            self.note_changes();
        }
        self.undo.clear();
        self.dropped.add(DropKind::StateKeys, std::mem::take(&mut self.keys_left_out));
        self.emit_log();
        std::mem::take(&mut self.reminders)
    }

    fn rollback(&mut self) {
        self.keys_left_out = 0;
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Entry { object, key, before } => {
                    let keys = self.objects.entry(object).or_default();
                    match before {
                        Some(entry) => keys.insert(key, entry),
                        None => keys.remove(&key),
                    };
                    if keys.is_empty() {
                        self.objects.remove(&object);
                    }
                }
                Undo::Counts { object, key, written, undo } => {
                    if let Some(Entry { held: Held::Counts(counts), written: now }) = self.entry_of(object, &key) {
                        counts.undo(undo);
                        *now = written;
                    }
                }
                Undo::Distincts { object, key, written, undo } => {
                    if let Some(Entry { held: Held::Distincts(values), written: now }) = self.entry_of(object, &key) {
                        values.undo(undo);
                        *now = written;
                    }
                }
            }
        }
        self.reminders.clear();
        // The lines of a failed batch come again when its events are tried one by one.
        if self.rows.len() == 1 {
            self.emit_log();
        } else {
            self.lines.clear();
            self.lines_left_out = 0;
        }
    }

    fn get(&mut self, event: u32, key: &str) -> Result<Option<&[u8]>, StateError> {
        let row = self.row(event)?;
        Ok(match self.objects.get(&row.object).and_then(|keys| keys.get(&*bounded(key))) {
            Some(Entry { held: Held::Value { bytes, expires_ns }, .. })
                if expires_ns.is_none_or(|expires_ns| expires_ns > row.time_ns) =>
            {
                Some(bytes)
            }
            _ => None,
        })
    }

    fn set(&mut self, event: u32, key: &str, value: &[u8], ttl_ms: u64) -> Result<(), StateError> {
        let row = self.row(event)?;
        if value.len() > limits::VALUE_BYTES {
            let limit = limits::VALUE_BYTES;
            return Err(StateError(format!("a state value of {} bytes; the limit is {limit}", value.len())));
        }
        let expires_ns = (ttl_ms > 0).then(|| row.time_ns.saturating_add(ttl_ms.saturating_mul(NS_PER_MS)));
        let key = bounded(key);
        self.writes += 1;
        let keys = self.objects.entry(row.object).or_default();
        self.keys_left_out += u64::from(make_room(keys, row.object, &key, &mut self.undo));
        let entry = Entry { held: Held::Value { bytes: value.to_vec(), expires_ns }, written: self.writes };
        let before = keys.insert(key.as_ref().into(), entry);
        self.undo.push(Undo::Entry { object: row.object, key: key.into(), before });
        Ok(())
    }

    fn delete(&mut self, event: u32, key: &str) -> Result<(), StateError> {
        let row = self.row(event)?;
        let key = bounded(key);
        let Some(keys) = self.objects.get_mut(&row.object) else { return Ok(()) };
        if let Some(before) = keys.remove(&*key) {
            if keys.is_empty() {
                self.objects.remove(&row.object);
            }
            self.undo.push(Undo::Entry { object: row.object, key: key.into(), before: Some(before) });
        }
        Ok(())
    }

    fn count(&mut self, event: u32, key: &str, amount: u32, window_ms: u64) -> Result<u64, StateError> {
        let row = self.row(event)?;
        let key = bounded(key);
        if amount == 0 {
            let Some(Held::Counts(counts)) = self.held(row.object, &key) else { return Ok(0) };
            return Ok(counts.sum(row.time_ns, window_ms));
        }
        let make = || Held::Counts(Counts::default());
        let (held, written) = self.entry(row.object, &key, |held| matches!(held, Held::Counts(_)), make);
        let Held::Counts(counts) = held else { return Ok(0) };
        let (sum, undo) = counts.count(row.time_ns, amount, window_ms);
        self.undo.push(Undo::Counts { object: row.object, key: key.into(), written, undo });
        Ok(sum)
    }

    fn distinct(&mut self, event: u32, key: &str, value: Option<&str>, window_ms: u64) -> Result<u64, StateError> {
        let row = self.row(event)?;
        let key = bounded(key);
        let Some(value) = value.map(bounded) else {
            let Some(Held::Distincts(distincts)) = self.held(row.object, &key) else { return Ok(0) };
            return Ok(distincts.len(row.time_ns, window_ms));
        };
        let make = || Held::Distincts(Distincts::default());
        let (held, written) = self.entry(row.object, &key, |held| matches!(held, Held::Distincts(_)), make);
        let Held::Distincts(distincts) = held else { return Ok(0) };
        let (count, undo) = distincts.distinct(row.time_ns, &value, window_ms);
        self.undo.push(Undo::Distincts { object: row.object, key: key.into(), written, undo });
        Ok(count)
    }

    fn remind_at(&mut self, event: u32, name: &str, time_ns: u64) -> Result<(), StateError> {
        let row = self.row(event)?;
        if !self.reminds {
            return Err(StateError("it set a reminder, but has no interest in reminders".into()));
        }
        let due_ns = Some(time_ns.max(row.time_ns.saturating_add(NS_PER_MS)));
        self.note(event, name, due_ns)
    }

    fn forget(&mut self, event: u32, name: &str) -> Result<(), StateError> {
        self.row(event)?;
        self.note(event, name, None)
    }

    fn log(&mut self, level: Level, message: &str) {
        if self.lines.len() >= limits::LOG_LINES {
            self.lines_left_out += 1;
            return;
        }
        let mut end = message.len().min(limits::LOG_BYTES);
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        self.lines.push((level, message[..end].to_owned()));
    }
}
