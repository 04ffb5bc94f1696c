//! A rule's state in memory, with an undo log for the batch under evaluation.

use std::collections::HashMap;

use lifesigns_model::{Level, ReminderChange, Row, State, StateError, limits};

use super::{
    key::bounded,
    window::{Counts, CountsUndo, Distincts, DistinctsUndo},
};

const NS_PER_MS: u64 = 1_000_000;

/// What a key holds.
#[derive(Debug)]
enum Held {
    Value { bytes: Vec<u8>, expires_ns: Option<u64> },
    Counts(Counts),
    Distincts(Distincts),
}

#[derive(Debug)]
struct Entry {
    held: Held,
    /// When it was written, on the state's own count of writes.
    written: u64,
}

type Keys = HashMap<Box<str>, Entry>;

/// How to take one change back.
enum Undo {
    /// The key held this before, or nothing.
    Entry {
        object: u32,
        key: Box<str>,
        before: Option<Entry>,
    },
    Counts {
        object: u32,
        key: Box<str>,
        undo: CountsUndo,
    },
    Distincts {
        object: u32,
        key: Box<str>,
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
    lines: Vec<(Level, String)>,
    lines_left_out: usize,
}

impl Memory {
    /// Empty state.
    pub(crate) fn new(rule: &str) -> Self {
        Self {
            rule: rule.to_owned(),
            reminds: false,
            objects: HashMap::new(),
            writes: 0,
            rows: Vec::new(),
            undo: Vec::new(),
            reminders: Vec::new(),
            lines: Vec::new(),
            lines_left_out: 0,
        }
    }

    fn row(&self, event: u32) -> Result<Row, StateError> {
        self.rows.get(event as usize).copied().ok_or_else(|| {
            StateError(format!("it asked for the state of event {event} in a batch of {}", self.rows.len()))
        })
    }

    /// The entry under `key`, made by `make` if it is not there or holds something else.
    fn entry(&mut self, object: u32, key: &str, fits: fn(&Held) -> bool, make: fn() -> Held) -> &mut Held {
        self.writes += 1;
        let written = self.writes;
        let keys = self.objects.entry(object).or_default();
        let there = keys.get(key).is_some_and(|entry| fits(&entry.held));
        if !there {
            make_room(keys, object, key, &mut self.undo);
            let before = keys.insert(key.into(), Entry { held: make(), written });
            self.undo.push(Undo::Entry { object, key: key.into(), before });
        }
        let entry = keys.get_mut(key).expect("it was there, or has just been inserted");
        entry.written = written;
        &mut entry.held
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
            self.lines_left_out = 0;
        }
    }
}

/// Lets the key that was written longest ago go, if a new one would be too many.
fn make_room(keys: &mut Keys, object: u32, key: &str, undo: &mut Vec<Undo>) {
    if keys.len() < limits::KEYS || keys.contains_key(key) {
        return;
    }
    let oldest = keys.iter().min_by_key(|(_, entry)| entry.written).map(|(key, _)| key.clone());
    if let Some(oldest) = oldest {
        let before = keys.remove(&oldest);
        undo.push(Undo::Entry { object, key: oldest, before });
    }
}

impl State for Memory {
    fn begin(&mut self, rows: &[Row], reminds: bool) {
        self.reminds = reminds;
        self.rows.clear();
        self.rows.extend_from_slice(rows);
    }

    fn commit(&mut self) -> Vec<ReminderChange> {
        self.undo.clear();
        self.emit_log();
        std::mem::take(&mut self.reminders)
    }

    fn rollback(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Entry { object, key, before } => {
                    let keys = self.objects.entry(object).or_default();
                    match before {
                        Some(entry) => keys.insert(key, entry),
                        None => keys.remove(&key),
                    };
                }
                Undo::Counts { object, key, undo } => {
                    if let Some(Held::Counts(counts)) = held(&mut self.objects, object, &key) {
                        counts.undo(undo);
                    }
                }
                Undo::Distincts { object, key, undo } => {
                    if let Some(Held::Distincts(distincts)) = held(&mut self.objects, object, &key) {
                        distincts.undo(undo);
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
        make_room(keys, row.object, &key, &mut self.undo);
        let entry = Entry { held: Held::Value { bytes: value.to_vec(), expires_ns }, written: self.writes };
        let before = keys.insert(key.as_ref().into(), entry);
        self.undo.push(Undo::Entry { object: row.object, key: key.into(), before });
        Ok(())
    }

    fn delete(&mut self, event: u32, key: &str) -> Result<(), StateError> {
        let row = self.row(event)?;
        let key = bounded(key);
        if let Some(before) = self.objects.get_mut(&row.object).and_then(|keys| keys.remove(&*key)) {
            self.undo.push(Undo::Entry { object: row.object, key: key.into(), before: Some(before) });
        }
        Ok(())
    }

    fn count(&mut self, event: u32, key: &str, amount: u32, window_ms: u64) -> Result<u64, StateError> {
        let row = self.row(event)?;
        let key = bounded(key);
        let held =
            self.entry(row.object, &key, |held| matches!(held, Held::Counts(_)), || Held::Counts(Counts::default()));
        let Held::Counts(counts) = held else { return Ok(0) };
        let (sum, undo) = counts.count(row.time_ns, amount, window_ms);
        self.undo.push(Undo::Counts { object: row.object, key: key.into(), undo });
        Ok(sum)
    }

    fn distinct(&mut self, event: u32, key: &str, value: Option<&str>, window_ms: u64) -> Result<u64, StateError> {
        let row = self.row(event)?;
        let key = bounded(key);
        let value = value.map(bounded);
        let make = || Held::Distincts(Distincts::default());
        let held = self.entry(row.object, &key, |held| matches!(held, Held::Distincts(_)), make);
        let Held::Distincts(distincts) = held else { return Ok(0) };
        let (count, undo) = distincts.distinct(row.time_ns, value.as_deref(), window_ms);
        self.undo.push(Undo::Distincts { object: row.object, key: key.into(), undo });
        Ok(count)
    }

    fn remind_at(&mut self, event: u32, name: &str, time_ns: u64) -> Result<(), StateError> {
        let row = self.row(event)?;
        if !self.reminds {
            return Err(StateError("it set a reminder, but has no interest in reminders".into()));
        }
        let due_ns = Some(time_ns.max(row.time_ns.saturating_add(NS_PER_MS)));
        self.reminders.push(ReminderChange { event, name: bounded(name).into_owned(), due_ns });
        Ok(())
    }

    fn forget(&mut self, event: u32, name: &str) -> Result<(), StateError> {
        self.row(event)?;
        self.reminders.push(ReminderChange { event, name: bounded(name).into_owned(), due_ns: None });
        Ok(())
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

fn held<'a>(objects: &'a mut HashMap<u32, Keys>, object: u32, key: &str) -> Option<&'a mut Held> {
    objects.get_mut(&object)?.get_mut(key).map(|entry| &mut entry.held)
}
