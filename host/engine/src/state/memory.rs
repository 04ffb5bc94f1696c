//! A rule's state in memory, with an undo log for the batch under evaluation.

use std::collections::{HashMap, HashSet};

use lifesigns_model::{
    DropKind, Drops, EventRow, Limits, LogLevel, ReminderChange, RuleKey, RuleState, StateError, limits,
};

use super::{
    NS_PER_MS,
    account::RuleAccount,
    counts::Counts,
    distincts::Distincts,
    entry::{Entry, EntryValue},
    key::bounded,
    object::ObjectState,
    undo::{Undo, make_room, note_entry},
};

/// The state of one rule in one shard.
pub(crate) struct RuleMemory {
    /// The rule as people see it.
    pub(super) label: String,
    reminds: bool,
    /// The version of what it holds, as the rule counts it.
    pub(super) version: u32,
    pub(super) objects: HashMap<u32, ObjectState>,
    pub(super) account: RuleAccount,
    pub(super) writes: u64,
    /// Writes before the batch under evaluation.
    writes_before: u64,
    rows: Vec<EventRow>,
    pub(super) undo: Vec<Undo>,
    reminders: Vec<ReminderChange>,
    /// How many of them each event of the batch has.
    reminders_of: Vec<u32>,
    lines: Vec<(LogLevel, String)>,
    lines_left_out: u64,
    /// Keys that were dropped in this batch to make room for others.
    keys_left_out: u64,
    /// Dropped data since it was last taken.
    dropped: Drops,
    /// Whether changes are tracked for the next checkpoint.
    pub(super) checkpoints: bool,
    pub(super) changed: HashMap<u32, HashSet<Box<str>>>,
}

impl RuleMemory {
    /// Returns empty state of that version, which tracks changes if there are `checkpoints`.
    pub(super) fn new(rule: &RuleKey, version: u32, checkpoints: bool, account: RuleAccount) -> Self {
        Self {
            checkpoints,
            account,
            changed: HashMap::new(),
            label: rule.to_string(),
            reminds: false,
            version,
            objects: HashMap::new(),
            writes: 0,
            writes_before: 0,
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

    /// Takes the counters of dropped data since the last call.
    pub(crate) fn take_dropped(&mut self) -> Drops {
        std::mem::take(&mut self.dropped)
    }

    /// Sets the rule's limits.
    pub(crate) fn limit(&mut self, limits: &Limits) {
        self.account.limit(limits);
    }

    fn row(&self, event: u32) -> Result<EventRow, StateError> {
        self.rows.get(event as usize).copied().ok_or_else(|| {
            StateError(format!("it asked for the state of event {event} in a batch of {}", self.rows.len()))
        })
    }

    /// Writes to what stands under `key`, which is made by `make` if it is not there or is something
    /// else: `write` returns how to undo what it did.
    fn write<T>(
        &mut self,
        object: u32,
        key: &str,
        fits: fn(&EntryValue) -> bool,
        make: fn() -> EntryValue,
        write: impl FnOnce(&mut EntryValue) -> Option<(u64, T)>,
        undo: impl FnOnce(u64, T) -> Undo,
    ) -> Result<u64, StateError> {
        self.writes += 1;
        let writes = self.writes;
        let state = self.objects.entry(object).or_default();
        let bytes = state.bytes();
        if !state.get(key).is_some_and(|entry| fits(&entry.held)) {
            let gone = make_room(state, object, key, self.writes_before, &mut self.undo);
            self.keys_left_out += u64::from(gone);
            let before = state.insert(key, Entry { held: make(), written: writes });
            note_entry(object, key, before, self.writes_before, &mut self.undo);
        }
        let written = state.change(key, |held, written| (std::mem::replace(written, writes), write(held)));
        let grown = state.bytes();
        let answer = match written {
            Some((written, Some((answer, undone)))) => {
                self.undo.push(undo(written, undone));
                answer
            }
            _ => 0,
        };
        self.account_for(bytes, grown)?;
        Ok(answer)
    }

    /// Accounts for an object whose state took `bytes` and takes `now`.
    ///
    /// # Errors
    /// When it may not have grown; what was done must be undone then.
    fn account_for(&mut self, bytes: usize, now: usize) -> Result<(), StateError> {
        if now <= bytes {
            self.account.sub(bytes - now);
            return Ok(());
        }
        self.account.grow(bytes, now).inspect_err(|_| self.account.add(now - bytes))
    }

    fn held(&self, object: u32, key: &str) -> Option<&EntryValue> {
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

    /// Writes what the rule logged in its last call, as far as it `may`. Returns how many lines were
    /// left out.
    pub(crate) fn emit_log(&mut self, mut may: impl FnMut() -> bool) -> u64 {
        let mut left_out = std::mem::take(&mut self.lines_left_out);
        for (level, message) in self.lines.drain(..) {
            if !may() {
                left_out += 1;
                continue;
            }
            match level {
                LogLevel::Debug => tracing::debug!(rule = self.label, "{message}"),
                LogLevel::Info => tracing::info!(rule = self.label, "{message}"),
                LogLevel::Warn => tracing::warn!(rule = self.label, "{message}"),
                LogLevel::Error => tracing::error!(rule = self.label, "{message}"),
            }
        }
        if left_out > 0 && may() {
            tracing::warn!(rule = self.label, lines = left_out, "further log lines of this rule were dropped");
        }
        self.dropped.add(DropKind::RuleLogLines, left_out);
        left_out
    }

    /// What is accounted for, and what all entries take, counted one by one.
    #[cfg(test)]
    pub(super) fn accounted(&self) -> (usize, usize) {
        (self.account.used(), self.objects.values().map(ObjectState::counted).sum())
    }

    /// Bytes of values that are kept to be brought back.
    #[cfg(test)]
    pub(super) fn undone_bytes(&self) -> usize {
        let value = |undo: &Undo| match undo {
            Undo::Entry { before: Some(entry), .. } => entry.held.bytes(),
            _ => 0,
        };
        self.undo.iter().map(value).sum()
    }

    fn undo(&mut self, undo: Undo) {
        let object = undo.object();
        let state = self.objects.entry(object).or_default();
        let bytes = state.bytes();
        undo.apply(state);
        let (now, empty) = (state.bytes(), state.is_empty());
        if empty {
            self.objects.remove(&object);
        }
        if now < bytes {
            self.account.sub(bytes - now);
        } else {
            self.account.add(now - bytes);
        }
    }
}

impl RuleState for RuleMemory {
    fn begin(&mut self, rows: &[EventRow], reminds: bool) {
        self.reminds = reminds;
        self.rows.clear();
        self.rows.extend_from_slice(rows);
        self.writes_before = self.writes;
        self.reminders_of.clear();
        self.reminders_of.resize(rows.len(), 0);
    }

    fn commit(&mut self) -> Vec<ReminderChange> {
        if self.checkpoints {
            self.track_changes();
        }
        self.undo.clear();
        self.dropped.add(DropKind::StateKeys, std::mem::take(&mut self.keys_left_out));
        std::mem::take(&mut self.reminders)
    }

    fn rollback(&mut self) {
        self.keys_left_out = 0;
        while let Some(undo) = self.undo.pop() {
            self.undo(undo);
        }
        self.reminders.clear();
        // The lines of a failed batch come again when its events are tried one by one.
        if self.rows.len() != 1 {
            self.lines.clear();
            self.lines_left_out = 0;
        }
    }

    fn get(&mut self, event: u32, key: &str) -> Result<Option<&[u8]>, StateError> {
        let row = self.row(event)?;
        Ok(match self.objects.get(&row.object).and_then(|state| state.get(&bounded(key))) {
            Some(Entry { held: EntryValue::Value { bytes, expires_ns }, .. })
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
        let state = self.objects.entry(row.object).or_default();
        let bytes = state.bytes();
        let gone = make_room(state, row.object, &key, self.writes_before, &mut self.undo);
        self.keys_left_out += u64::from(gone);
        let entry = Entry { held: EntryValue::Value { bytes: value.to_vec(), expires_ns }, written: self.writes };
        let before = state.insert(&key, entry);
        let now = state.bytes();
        note_entry(row.object, &key, before, self.writes_before, &mut self.undo);
        self.account_for(bytes, now)
    }

    fn delete(&mut self, event: u32, key: &str) -> Result<(), StateError> {
        let row = self.row(event)?;
        let key = bounded(key);
        let Some(state) = self.objects.get_mut(&row.object) else { return Ok(()) };
        let bytes = state.bytes();
        let Some(before) = state.remove(&key) else { return Ok(()) };
        let (now, empty) = (state.bytes(), state.is_empty());
        if empty {
            self.objects.remove(&row.object);
        }
        note_entry(row.object, &key, Some(before), self.writes_before, &mut self.undo);
        self.account_for(bytes, now)
    }

    fn count(&mut self, event: u32, key: &str, amount: u32, window_ms: u64) -> Result<u64, StateError> {
        let row = self.row(event)?;
        let key = bounded(key);
        if amount == 0 {
            let Some(EntryValue::Counts(counts)) = self.held(row.object, &key) else { return Ok(0) };
            return Ok(counts.sum(row.time_ns, window_ms));
        }
        let fits = |held: &EntryValue| matches!(held, EntryValue::Counts(_));
        let make = || EntryValue::Counts(Counts::default());
        let write = |held: &mut EntryValue| match held {
            EntryValue::Counts(counts) => Some(counts.count(row.time_ns, amount, window_ms)),
            _ => None,
        };
        let undo = |written, undo| Undo::Counts { object: row.object, key: key.as_ref().into(), written, undo };
        self.write(row.object, &key, fits, make, write, undo)
    }

    fn distinct(&mut self, event: u32, key: &str, value: Option<&str>, window_ms: u64) -> Result<u64, StateError> {
        let row = self.row(event)?;
        let key = bounded(key);
        let Some(value) = value.map(bounded) else {
            let Some(EntryValue::Distincts(distincts)) = self.held(row.object, &key) else { return Ok(0) };
            return Ok(distincts.len(row.time_ns, window_ms));
        };
        let fits = |held: &EntryValue| matches!(held, EntryValue::Distincts(_));
        let make = || EntryValue::Distincts(Distincts::default());
        let write = |held: &mut EntryValue| match held {
            EntryValue::Distincts(values) => Some(values.distinct(row.time_ns, &value, window_ms)),
            _ => None,
        };
        let undo = |written, undo| Undo::Distincts { object: row.object, key: key.as_ref().into(), written, undo };
        self.write(row.object, &key, fits, make, write, undo)
    }

    fn rename(&mut self, event: u32, key: &str, to: &str) -> Result<bool, StateError> {
        let row = self.row(event)?;
        let (key, to) = (bounded(key), bounded(to));
        let Some(state) = self.objects.get_mut(&row.object) else { return Ok(false) };
        if !state.has(&key) || key == to {
            return Ok(state.has(&key));
        }
        self.writes += 1;
        let bytes = state.bytes();
        let Some(mut entry) = state.remove(&key) else { return Ok(false) };
        note_entry(row.object, &key, Some(entry.clone()), self.writes_before, &mut self.undo);
        entry.written = self.writes;
        let before = state.insert(&to, entry);
        let now = state.bytes();
        note_entry(row.object, &to, before, self.writes_before, &mut self.undo);
        self.account_for(bytes, now)?;
        Ok(true)
    }

    fn remind_at(&mut self, event: u32, name: &str, time_ns: u64) -> Result<(), StateError> {
        let row = self.row(event)?;
        if !self.reminds {
            return Err(StateError(
                "it set a reminder, but has no interest in reminders, or migrates its state".into(),
            ));
        }
        let due_ns = Some(time_ns.max(row.time_ns.saturating_add(NS_PER_MS)));
        self.note(event, name, due_ns)
    }

    fn forget(&mut self, event: u32, name: &str) -> Result<(), StateError> {
        self.row(event)?;
        self.note(event, name, None)
    }

    fn log(&mut self, level: LogLevel, message: &str) {
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
