//! The objects of one shard: their facts, their clocks and their reminders.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use lifesigns_model::{ObjectClock, ReminderUpdate, RuleKey, limits};

use crate::{
    facts::FactHistory,
    reminders::{DueReminder, ReminderSpec, Reminders},
};

/// One in this many objects is evicted when there are too many. Evicting one at a time would scan all
/// objects each time.
const PART: usize = 16;

/// One object.
#[derive(Default)]
pub(crate) struct TrackedObject {
    id: Arc<str>,
    pub(crate) facts: FactHistory,
    /// The latest event time seen.
    time_ns: u64,
    /// When that was handed in, on the driver's clock.
    seen_ns: u64,
    /// Rules that may set reminders and have events of this object in their open batch.
    pending: Vec<u32>,
    reminders: Reminders,
    /// When it was last touched, on the shard's own count.
    touched: u64,
    /// Known from the start: never evicted.
    pinned: bool,
    /// Its event time is among the changes.
    moved: bool,
}

impl TrackedObject {
    pub(crate) const fn id(&self) -> &Arc<str> {
        &self.id
    }

    /// Returns the latest event time seen.
    pub(crate) const fn time_ns(&self) -> u64 {
        self.time_ns
    }

    /// Sets the clock that was committed before the start: the object counts as seen now, because how long the host
    /// was away says nothing about it.
    pub(crate) const fn restore_clock(&mut self, time_ns: u64, now_ns: u64) {
        (self.time_ns, self.seen_ns) = (time_ns, now_ns);
    }

    /// Returns the event time of an object that has been silent since it was last seen, at `now_ns` of the driver's
    /// clock, which stands at `clock_ns`. Where that was set back since, time goes on from there.
    pub(crate) fn silent_time(&mut self, now_ns: u64, clock_ns: u64) -> u64 {
        self.seen_ns = self.seen_ns.min(clock_ns);
        self.time_ns.saturating_add(now_ns.saturating_sub(self.seen_ns))
    }

    /// Notes that a rule that may set reminders has an event of this object in its open batch.
    pub(crate) fn add_pending(&mut self, rule: u32) {
        if !self.pending.contains(&rule) {
            self.pending.push(rule);
        }
    }

    /// Takes the rules of [`add_pending`](Self::add_pending).
    pub(crate) fn take_pending(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.pending)
    }
}

/// Object, rule and name of a reminder.
type Name = (Arc<str>, RuleKey, Arc<str>);

/// What changed since the last checkpoint.
#[derive(Default)]
pub(crate) struct ObjectChanges {
    moved: Vec<u32>,
    gone: BTreeSet<Arc<str>>,
    reminders: BTreeMap<Name, Option<ReminderSpec>>,
}

/// All objects of a shard, by number and by id. The number of a removed object is used again.
pub(crate) struct Objects {
    all: Vec<TrackedObject>,
    numbers: HashMap<Arc<str>, u32, foldhash::fast::FixedState>,
    free: Vec<u32>,
    with_reminders: BTreeSet<u32>,
    last: u32,
    touched: u64,
    /// The number of objects that are not pinned.
    evictable: usize,
    limit: usize,
    /// Tracked if there are checkpoints.
    changes: Option<ObjectChanges>,
}

impl Default for Objects {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            numbers: HashMap::default(),
            free: Vec::new(),
            with_reminders: BTreeSet::new(),
            last: 0,
            touched: 0,
            evictable: 0,
            limit: limits::OBJECTS,
            changes: None,
        }
    }
}

impl Objects {
    /// Returns the number of a known object and marks it as used just now.
    pub(crate) fn touch(&mut self, id: &str) -> Option<u32> {
        if self.all.get(self.last as usize).is_none_or(|object| &*object.id != id) {
            self.last = *self.numbers.get(id)?;
        }
        self.touched += 1;
        self.all[self.last as usize].touched = self.touched;
        Some(self.last)
    }

    /// Returns the number of a known object.
    pub(crate) fn find(&self, id: &str) -> Option<u32> {
        self.numbers.get(id).copied()
    }

    /// Returns whether one more would be too many.
    pub(crate) const fn is_full(&self) -> bool {
        self.evictable >= self.limit
    }

    /// Inserts an object that is not known.
    pub(crate) fn insert(&mut self, id: &str) -> u32 {
        let id: Arc<str> = id.into();
        self.touched += 1;
        self.evictable += 1;
        let object = TrackedObject { id: Arc::clone(&id), touched: self.touched, ..TrackedObject::default() };
        let number = match self.free.pop() {
            Some(number) => number,
            None => {
                self.all.push(TrackedObject::default());
                self.all.len() as u32 - 1
            }
        };
        self.all[number as usize] = object;
        self.numbers.insert(id, number);
        self.last = number;
        number
    }

    /// Pins an object: it is never evicted.
    pub(crate) fn pin(&mut self, number: u32) {
        let pinned = &mut self.all[number as usize].pinned;
        self.evictable -= usize::from(!*pinned);
        *pinned = true;
    }

    /// Returns the objects that were touched longest ago, pinned ones aside.
    pub(crate) fn eviction_candidates(&self) -> Vec<u32> {
        let goes = |number: &&u32| !self.all[**number as usize].pinned;
        let mut evictable: Vec<u32> = self.numbers.values().filter(goes).copied().collect();
        let part = (self.limit / PART).max(1).min(evictable.len());
        if part < evictable.len() {
            evictable.select_nth_unstable_by_key(part, |number| self.all[*number as usize].touched);
            evictable.truncate(part);
        }
        evictable.sort_unstable_by_key(|number| self.all[*number as usize].touched);
        evictable
    }

    /// Removes an object.
    pub(crate) fn remove(&mut self, number: u32) {
        let object = std::mem::take(&mut self.all[number as usize]);
        if let Some(changes) = &mut self.changes {
            for (rule, name) in object.reminders.names() {
                changes.reminders.insert((Arc::clone(&object.id), rule.clone(), Arc::clone(name)), None);
            }
            changes.gone.insert(Arc::clone(&object.id));
        }
        self.evictable -= usize::from(!object.pinned);
        self.numbers.remove(&object.id);
        self.with_reminders.remove(&number);
        self.free.push(number);
    }

    /// Advances an object's event time.
    pub(crate) fn advance(&mut self, number: u32, time_ns: u64, seen_ns: u64) {
        let object = &mut self.all[number as usize];
        // Chunks come in the order in which they were handed in; if this is less, the clock was set back.
        object.seen_ns = seen_ns;
        // An object that was just inserted has moved even if its time is 0.
        if time_ns > object.time_ns || time_ns == 0 {
            object.time_ns = object.time_ns.max(time_ns);
            if let Some(changes) = &mut self.changes
                && !object.moved
            {
                object.moved = true;
                changes.moved.push(number);
            }
        }
    }

    /// Tracks changes from now on.
    pub(crate) fn track_changes(&mut self) {
        self.changes = Some(ObjectChanges::default());
    }

    /// Takes the changes since the last call.
    pub(crate) fn changes(&mut self) -> (Vec<ReminderUpdate>, Vec<ObjectClock>) {
        let Some(changes) = self.changes.as_mut().map(std::mem::take) else { return Default::default() };
        let mut clocks: BTreeMap<Arc<str>, Option<u64>> = changes.gone.into_iter().map(|id| (id, None)).collect();
        for number in changes.moved {
            let object = &mut self.all[number as usize];
            if std::mem::take(&mut object.moved) {
                clocks.insert(Arc::clone(&object.id), Some(object.time_ns));
            }
        }
        let clock = |(object, time_ns): (Arc<str>, _)| ObjectClock { object: object.to_string(), time_ns };
        (changes.reminders.into_iter().map(reminder_update).collect(), clocks.into_iter().map(clock).collect())
    }

    fn note_reminder(&mut self, number: u32, rule: &RuleKey, name: &str) {
        let object = &self.all[number as usize];
        if let Some(changes) = &mut self.changes {
            let set = object.reminders.get(rule, name).cloned();
            changes.reminders.insert((Arc::clone(&object.id), rule.clone(), name.into()), set);
        }
    }

    pub(crate) fn get(&self, number: u32) -> &TrackedObject {
        &self.all[number as usize]
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> &mut TrackedObject {
        &mut self.all[number as usize]
    }

    /// Returns the number of objects.
    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Sets a reminder, or moves the one of that rule and name. Returns whether another was dropped for it.
    pub(crate) fn remind(&mut self, number: u32, rule: &RuleKey, name: &str, set: ReminderSpec) -> bool {
        self.with_reminders.insert(number);
        let dropped = self.all[number as usize].reminders.set(rule, name, set);
        self.note_reminder(number, rule, name);
        if let Some(dropped) = &dropped {
            self.note_reminder(number, rule, dropped);
        }
        dropped.is_some()
    }

    /// Sets a reminder that was set before the start.
    pub(crate) fn restore(&mut self, number: u32, rule: &RuleKey, name: &str, set: ReminderSpec) {
        self.with_reminders.insert(number);
        self.all[number as usize].reminders.set(rule, name, set);
    }

    /// Takes a reminder back.
    pub(crate) fn forget(&mut self, number: u32, rule: &RuleKey, name: &str) {
        if self.all[number as usize].reminders.forget(rule, name) {
            self.note_reminder(number, rule, name);
            self.update_with_reminders(number);
        }
    }

    /// Returns the number of reminders that a rule has set.
    pub(crate) fn reminders_of(&self, rule: &RuleKey) -> usize {
        let of_object = |number: u32| self.all[number as usize].reminders.names().filter(|(of, _)| *of == rule).count();
        self.with_reminders_list().into_iter().map(of_object).sum()
    }

    /// Takes back all reminders of the rules that `end`.
    pub(crate) fn forget_rules(&mut self, end: impl Fn(&RuleKey) -> bool) {
        for number in self.with_reminders_list() {
            let names = self.all[number as usize].reminders.names();
            let ended = names.filter(|(rule, _)| end(rule)).map(|(rule, name)| (rule.clone(), Arc::clone(name)));
            for (rule, name) in ended.collect::<Vec<_>>() {
                self.forget(number, &rule, &name);
            }
        }
    }

    /// Gives the reminders of every rule for which `to` returns another identity to that one; the rule itself has
    /// them too if `keep`.
    pub(crate) fn rekey_reminders(&mut self, to: impl Fn(&RuleKey) -> Option<RuleKey>, keep: bool) {
        for number in self.with_reminders_list() {
            let reminders = &self.all[number as usize].reminders;
            let set = reminders.names().filter_map(|(rule, name)| {
                let set = reminders.get(rule, name)?.clone();
                Some((rule.clone(), to(rule)?, Arc::clone(name), set))
            });
            let set: Vec<_> = set.collect();
            for (rule, _, name, _) in set.iter().filter(|_| !keep) {
                self.forget(number, rule, name);
            }
            for (_, rule, name, set) in set {
                self.remind(number, &rule, &name, set);
            }
        }
    }

    /// Takes out the object's earliest reminder that is due by `time_ns`, leaving those of rules that
    /// must `wait`.
    pub(crate) fn due(&mut self, number: u32, time_ns: u64, wait: &dyn Fn(&RuleKey) -> bool) -> Option<DueReminder> {
        let reminder = self.all[number as usize].reminders.due(time_ns, wait)?;
        self.note_reminder(number, &reminder.rule, &reminder.name);
        self.update_with_reminders(number);
        Some(reminder)
    }

    fn update_with_reminders(&mut self, number: u32) {
        if self.all[number as usize].reminders.is_empty() {
            self.with_reminders.remove(&number);
        }
    }

    /// Returns the objects with reminders.
    pub(crate) fn with_reminders_list(&self) -> Vec<u32> {
        self.with_reminders.iter().copied().collect()
    }
}

fn reminder_update(((object, rule, name), set): (Name, Option<ReminderSpec>)) -> ReminderUpdate {
    let (source, line, text) = set
        .as_ref()
        .map(|ReminderSpec { line, .. }| (line.source.clone(), line.line, line.text.clone()))
        .unwrap_or_default();
    let due_ns = set.map(|set| set.due_ns);
    let (object, name) = (object.to_string(), name.to_string());
    ReminderUpdate { rule, object, name, due_ns, source, line, text }
}
