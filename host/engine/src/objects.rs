//! The objects of one shard: their facts, their clocks and their reminders.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use crate::{
    facts::FactHistory,
    scanned::{Line, Scanned},
};

/// The line that an event comes from.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) scanned: Arc<Scanned>,
    pub(crate) line: u32,
}

impl Origin {
    /// The same line by itself: whoever keeps it holds neither its chunk nor the chunk's
    /// acknowledgement.
    pub(crate) fn detached(&self) -> Self {
        let (from, mut own) =
            (&*self.scanned, Scanned::new(Arc::clone(&self.scanned.rules), Arc::clone(&self.scanned.source)));
        let line = &from.lines[self.line as usize];
        own.first_line = from.first_line + u64::from(line.number);
        own.lines.push(Line::of_text(&mut own.text, line.raw.str(&from.text)));
        Self { scanned: Arc::new(own), line: 0 }
    }
}

/// A reminder that is set.
pub(crate) struct Reminder {
    pub(crate) due_ns: u64,
    pub(crate) rule: String,
    pub(crate) name: String,
    /// The line that it was set for.
    pub(crate) origin: Origin,
}

/// One object.
#[derive(Default)]
pub(crate) struct Object {
    pub(crate) id: Arc<str>,
    pub(crate) facts: FactHistory,
    /// The latest event time seen.
    pub(crate) time_ns: u64,
    /// When that was, on the driver's clock.
    pub(crate) seen_ns: u64,
    /// Rules that may set reminders and have events of this object in their open batch.
    pub(crate) pending: Vec<u32>,
    reminders: Vec<Reminder>,
}

/// All objects of a shard, by number and by id.
#[derive(Default)]
pub(crate) struct Objects {
    all: Vec<Object>,
    numbers: HashMap<Arc<str>, u32, foldhash::fast::FixedState>,
    with_reminders: BTreeSet<u32>,
    last: u32,
}

impl Objects {
    /// The object's number; one that was not known is made.
    pub(crate) fn number(&mut self, id: &str) -> u32 {
        if self.all.get(self.last as usize).is_some_and(|object| &*object.id == id) {
            return self.last;
        }
        self.last = match self.numbers.get(id) {
            Some(number) => *number,
            None => {
                let number = self.all.len() as u32;
                let id: Arc<str> = id.into();
                self.numbers.insert(Arc::clone(&id), number);
                self.all.push(Object { id, ..Object::default() });
                number
            }
        };
        self.last
    }

    pub(crate) fn get(&self, number: u32) -> &Object {
        &self.all[number as usize]
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> &mut Object {
        &mut self.all[number as usize]
    }

    /// How many objects there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Sets a reminder, or moves the one of that rule and name.
    pub(crate) fn remind(&mut self, number: u32, reminder: Reminder) {
        self.forget(number, &reminder.rule, &reminder.name);
        self.all[number as usize].reminders.push(reminder);
        self.with_reminders.insert(number);
    }

    /// Takes a reminder back.
    pub(crate) fn forget(&mut self, number: u32, rule: &str, name: &str) {
        let reminders = &mut self.all[number as usize].reminders;
        reminders.retain(|reminder| reminder.rule != rule || reminder.name != name);
        if reminders.is_empty() {
            self.with_reminders.remove(&number);
        }
    }

    /// Takes out the object's earliest reminder that is due by `time_ns`.
    pub(crate) fn due(&mut self, number: u32, time_ns: u64) -> Option<Reminder> {
        let reminders = &mut self.all[number as usize].reminders;
        let due = (0..reminders.len()).filter(|at| reminders[*at].due_ns <= time_ns);
        let key = |at: &usize| (reminders[*at].due_ns, reminders[*at].rule.as_str(), reminders[*at].name.as_str());
        let at = due.min_by(|one, other| key(one).cmp(&key(other)))?;
        let reminder = reminders.swap_remove(at);
        if reminders.is_empty() {
            self.with_reminders.remove(&number);
        }
        Some(reminder)
    }

    /// Objects with reminders.
    pub(crate) fn reminded(&self) -> Vec<u32> {
        self.with_reminders.iter().copied().collect()
    }
}
