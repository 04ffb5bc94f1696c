//! State whose version is not the one of its rule: brought there by the rule, within bounds, or discarded and counted.

use std::{any::Any, sync::Arc};

use lifesigns_model::{
    DropKind, EventRow, InstanceError, NS_PER_MS, ReminderChange, RuleInstance, RuleKey, RuleState, limits,
};

use super::{RunnerTable, parked::GoneEntries};
use crate::{
    LoadedRule, cpu,
    objects::Objects,
    report::ShardReport,
    rule_runner::open,
    state::{RuleMemory, StateLedger},
};

/// Bytes of keys that a call is passed at most, unless one object has more.
const KEYS_BYTES: usize = limits::BATCH_BYTES;

/// An object with its keys.
type Keyed = (EventRow, Vec<String>);

impl RunnerTable {
    /// Brings the state of every rule to the version that the rule has.
    pub(crate) fn migrate_states(&mut self, objects: &mut Objects, report: &mut ShardReport) {
        for number in 0..self.rules.rules().len() {
            let rule = Arc::clone(&self.rules.rules()[number]);
            let held = match &mut self.runners[number] {
                Some(runner) => runner.state_mut().map(|state| state.version()),
                None => self.parked.version(&rule.key),
            };
            if held.is_some_and(|held| held != rule.description.state_version) {
                self.migrate_state(&rule, objects, report);
            }
        }
    }

    fn migrate_state(&mut self, rule: &Arc<LoadedRule>, objects: &mut Objects, report: &mut ShardReport) {
        self.park(&rule.key);
        let Some(mut state) = self.parked.take(&rule.key) else { return };
        let (from, to) = (state.version(), rule.description.state_version);
        let entries = state.entries();
        let label = rule.key.label();
        if entries > 0 && !rule.description.migrates(from) {
            self.parked.put(&rule.key, state);
            let reminders = objects.reminders_of(&rule.key);
            self.discard(&rule.key, objects);
            report.dropped.add(DropKind::StateVersion, (entries + reminders) as u64);
            tracing::warn!(rule = &*label, entries, reminders, from, to, "state of another version discarded");
            return;
        }
        if entries > 0 {
            let (gone, ledger) = (&mut self.gone, &**self.resources.ledger());
            let mut migration =
                Migration::new(Arc::clone(rule), from, MigrationParts { objects, report, gone, ledger });
            state = migration.run(state);
            let left_out = migration.left_out;
            tracing::info!(rule = &*label, entries, left_out, from, to, "state brought to another version");
        }
        state.set_version(to);
        self.parked.put(&rule.key, state);
    }

    /// Takes state from before the start. A crash between two shards' changes of version leaves some of both.
    pub(crate) fn put_restored(
        &mut self,
        key: &RuleKey,
        state: Box<RuleMemory>,
        objects: &mut Objects,
        report: &mut ShardReport,
    ) {
        let before = self.parked.take(key);
        self.parked.put(key, state);
        self.migrate_states(objects, report);
        let Some(before) = before else { return };
        let Some(mut now) = self.parked.take(key) else {
            self.parked.put(key, before);
            return;
        };
        if before.version() == now.version() {
            now.absorb(*before);
        } else {
            // The rule is not there now: the older part goes.
            report.dropped.add(DropKind::StateVersion, before.entries() as u64);
        }
        self.parked.put(key, now);
    }
}

/// What a migration changes of its shard.
struct MigrationParts<'a> {
    objects: &'a mut Objects,
    report: &'a mut ShardReport,
    gone: &'a mut GoneEntries,
    ledger: &'a StateLedger,
}

/// One rule's state on its way to another version.
struct Migration<'a> {
    rule: Arc<LoadedRule>,
    /// The version from which it comes.
    version: u32,
    parts: MigrationParts<'a>,
    instance: Option<Box<dyn RuleInstance>>,
    /// CPU that calls have used, and the part of it that those have which failed.
    used_ns: u64,
    failed_ns: u64,
    log_lines: u64,
    /// Entries that were discarded.
    left_out: u64,
}

impl<'a> Migration<'a> {
    const fn new(rule: Arc<LoadedRule>, version: u32, parts: MigrationParts<'a>) -> Self {
        Self { rule, version, parts, instance: None, used_ns: 0, failed_ns: 0, log_lines: 0, left_out: 0 }
    }

    /// Has the rule bring all of its state along, and returns it.
    fn run(&mut self, mut state: Box<RuleMemory>) -> Box<RuleMemory> {
        state.limit(&self.rule.limits);
        let mut objects: Vec<u32> = state.objects().into_iter().filter(|object| state.has(*object)).collect();
        objects.sort_by(|one, other| self.parts.objects.get(*one).id().cmp(self.parts.objects.get(*other).id()));
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for object in objects {
            let keys = state.keys(object);
            let more: usize = keys.iter().map(String::len).sum();
            if batch.len() >= limits::BATCH_EVENTS || (!batch.is_empty() && bytes + more > KEYS_BYTES) {
                state = self.migrate_batch(std::mem::take(&mut batch), state);
                bytes = 0;
            }
            bytes += more;
            batch.push((EventRow { object, time_ns: self.parts.objects.get(object).time_ns() }, keys));
        }
        self.migrate_batch(batch, state)
    }

    /// Calls the rule for these objects; if it fails, for each by itself.
    fn migrate_batch(&mut self, batch: Vec<Keyed>, mut state: Box<RuleMemory>) -> Box<RuleMemory> {
        if batch.len() > 1 && self.may_go_on() {
            let outcome;
            (state, outcome) = self.migrate(&batch, state);
            if outcome.is_ok() {
                return state;
            }
        }
        for (row, keys) in batch {
            let mut why = None;
            if self.may_go_on() {
                let outcome;
                (state, outcome) = self.migrate(&[(row, keys)], state);
                let Err(error) = outcome else { continue };
                why = Some(error);
            }
            self.leave_out(row.object, &mut state);
            if let Some(error) = why {
                let object = self.parts.objects.get(row.object).id();
                let error = format!("`migrate` of the state of {object}: {error}; it is discarded");
                self.parts.report.failed(&self.rule.key, &error, (0, 0));
            }
        }
        state
    }

    /// Calls the rule, and takes back the reminders that it cancels.
    fn migrate(&mut self, batch: &[Keyed], state: Box<RuleMemory>) -> (Box<RuleMemory>, Result<(), InstanceError>) {
        let (state, outcome) = self.call(batch, state);
        // What is not the state that was passed is none.
        let key = &self.rule.key;
        let state = state.unwrap_or_else(|| Box::new(self.parts.ledger.memory(key, self.version)));
        let changes = match outcome {
            Ok(changes) => changes,
            Err(error) => return (state, Err(error)),
        };
        for change in changes.iter().filter(|change| change.due_ns.is_none()) {
            self.parts.objects.forget(batch[change.event as usize].0.object, key, &change.name);
        }
        (state, Ok(()))
    }

    /// Discards an object's state.
    fn leave_out(&mut self, object: u32, state: &mut RuleMemory) {
        let (entries, version) = (state.keys(object).len() as u64, state.version());
        let id = self.parts.objects.get(object).id();
        self.parts.gone.add(&self.rule.key, id, version, state.evict(object));
        self.parts.report.dropped.add(DropKind::StateVersion, entries);
        self.left_out += entries;
    }

    /// Whether it may use more CPU.
    fn may_go_on(&self) -> bool {
        let failed_ns = limits::MIGRATION_FAILED_DEADLINES * self.rule.limits.deadline_ms.saturating_mul(NS_PER_MS);
        self.used_ns < limits::MIGRATION_MS * NS_PER_MS && self.failed_ns < failed_ns
    }

    /// Calls the rule. Returns the state as it is then, and the reminders that were cancelled.
    fn call(
        &mut self,
        batch: &[Keyed],
        mut state: Box<RuleMemory>,
    ) -> (Option<Box<RuleMemory>>, Result<Vec<ReminderChange>, InstanceError>) {
        let begun_ns = cpu::used_ns();
        let rows: Vec<EventRow> = batch.iter().map(|(row, _)| *row).collect();
        let keys: Vec<Vec<String>> = batch.iter().map(|(_, keys)| keys.clone()).collect();
        state.begin(&rows, false);
        let (state, outcome) = self.call_instance(&keys, state);
        let used_ns = cpu::used_ns().saturating_sub(begun_ns);
        self.used_ns += used_ns;
        if outcome.is_err() {
            self.failed_ns += used_ns;
        }
        let Ok(mut state) = (state as Box<dyn Any>).downcast::<RuleMemory>() else {
            return (None, Err(InstanceError::Call("it gave back another state than it was passed".into())));
        };
        let outcome = match outcome {
            Ok(()) => Ok(state.commit()),
            Err(error) => {
                state.rollback();
                Err(error)
            }
        };
        let most = self.rule.limits.log_lines_per_s;
        state.emit_log(|| {
            self.log_lines += 1;
            self.log_lines <= most
        });
        (Some(state), outcome)
    }

    fn call_instance(
        &mut self,
        keys: &[Vec<String>],
        state: Box<RuleMemory>,
    ) -> (Box<dyn RuleState>, Result<(), InstanceError>) {
        let opened = match self.instance.take() {
            Some(instance) => Ok(instance),
            None => open(&self.rule),
        };
        let mut instance = match opened {
            Ok(instance) => instance,
            Err(error) => return (state, Err(error)),
        };
        let (state, outcome) = instance.migrate(self.version, keys, state);
        if outcome.is_ok() {
            self.instance = Some(instance);
        }
        (state, outcome)
    }
}
