//! State whose version is not the one of its rule: brought there by the rule, within bounds, or discarded and counted.

use std::{any::Any, sync::Arc};

use lifesigns_model::{
    DropKind, EventRow, InstanceError, NS_PER_MS, ReminderChange, RuleInstance, RuleKey, RuleState, StateChange, limits,
};

use super::Shard;
use crate::{LoadedRule, cpu, rule_runner::open, state::RuleMemory};

/// Bytes of keys that a call is passed at most, unless one object has more.
const KEYS_BYTES: usize = limits::BATCH_BYTES;

/// One rule's state on its way to another version.
struct Migration {
    rule: Arc<LoadedRule>,
    version: u32,
    instance: Option<Box<dyn RuleInstance>>,
    /// CPU that calls have used, and the part of it that those have which failed.
    used_ns: u64,
    failed_ns: u64,
    log_lines: u64,
}

/// An object with its keys.
type Keyed = (EventRow, Vec<String>);

impl Shard {
    /// Brings the state of every rule to the version that the rule has.
    pub(crate) fn migrate_states(&mut self) {
        for number in 0..self.rules.rules().len() {
            let rule = Arc::clone(&self.rules.rules()[number]);
            let held = match &mut self.runners[number] {
                Some(runner) => runner.state_mut().map(|state| state.version()),
                None => self.states.get(&rule.key).map(|state| state.version()),
            };
            if held.is_some_and(|held| held != rule.description.state_version) {
                self.migrate_state(rule);
            }
        }
    }

    fn migrate_state(&mut self, rule: Arc<LoadedRule>) {
        self.park(&rule.key);
        let Some(mut state) = self.states.remove(&rule.key) else { return };
        let (from, to) = (state.version(), rule.description.state_version);
        let entries = state.entries();
        if entries > 0 && !rule.description.migrates(from) {
            self.states.insert(rule.key.clone(), state);
            let reminders = self.objects.reminders_of(&rule.key);
            self.discard(&rule.key);
            self.report.dropped.add(DropKind::StateVersion, (entries + reminders) as u64);
            tracing::warn!(
                rule = &*rule.key.label(),
                entries,
                reminders,
                from,
                to,
                "state of another version discarded"
            );
            return;
        }
        let key = rule.key.clone();
        if entries > 0 {
            let (brought, left_out) = self.migrated(rule, state);
            state = brought;
            tracing::info!(rule = &*key.label(), entries, left_out, from, to, "state brought to another version");
        }
        state.set_version(to);
        self.states.insert(key, state);
    }

    /// Has the rule bring all of its state along. Returns it, and how many entries were discarded.
    fn migrated(&mut self, rule: Arc<LoadedRule>, mut state: Box<RuleMemory>) -> (Box<RuleMemory>, u64) {
        state.limit(&rule.limits);
        let mut objects: Vec<u32> = state.objects().into_iter().filter(|object| state.has(*object)).collect();
        objects.sort_by(|one, other| self.objects.get(*one).id.cmp(&self.objects.get(*other).id));
        let version = state.version();
        let mut migration = Migration { rule, version, instance: None, used_ns: 0, failed_ns: 0, log_lines: 0 };
        let (mut batch, mut bytes, mut left_out) = (Vec::new(), 0, 0);
        for object in objects {
            let keys = state.keys(object);
            let more: usize = keys.iter().map(String::len).sum();
            if batch.len() >= limits::BATCH_EVENTS || (!batch.is_empty() && bytes + more > KEYS_BYTES) {
                state = self.migrate_batch(&mut migration, std::mem::take(&mut batch), state, &mut left_out);
                bytes = 0;
            }
            bytes += more;
            batch.push((EventRow { object, time_ns: self.objects.get(object).time_ns }, keys));
        }
        (self.migrate_batch(&mut migration, batch, state, &mut left_out), left_out)
    }

    /// Calls the rule for these objects; if it fails, for each by itself.
    fn migrate_batch(
        &mut self,
        migration: &mut Migration,
        batch: Vec<Keyed>,
        mut state: Box<RuleMemory>,
        left_out: &mut u64,
    ) -> Box<RuleMemory> {
        if batch.len() > 1 && migration.may_go_on() {
            let outcome;
            (state, outcome) = self.call_migrate(migration, &batch, state);
            if outcome.is_ok() {
                return state;
            }
        }
        for (row, keys) in batch {
            let mut why = None;
            if migration.may_go_on() {
                let outcome;
                (state, outcome) = self.call_migrate(migration, &[(row, keys)], state);
                let Err(error) = outcome else { continue };
                why = Some(error);
            }
            *left_out += self.leave_out(&migration.rule, row.object, &mut state);
            if let Some(error) = why {
                let object = &self.objects.get(row.object).id;
                let error = format!("`migrate` of the state of {object}: {error}; it is discarded");
                self.report.failed(&migration.rule.key, &error, (0, 0));
            }
        }
        state
    }

    fn call_migrate(
        &mut self,
        migration: &mut Migration,
        batch: &[Keyed],
        state: Box<RuleMemory>,
    ) -> (Box<RuleMemory>, Result<(), InstanceError>) {
        let (state, outcome) = migration.call(batch, state);
        // What is not the state that was passed is none.
        let key = &migration.rule.key;
        let state = state.unwrap_or_else(|| Box::new(self.ledger.memory(key, migration.version)));
        let changes = match outcome {
            Ok(changes) => changes,
            Err(error) => return (state, Err(error)),
        };
        for change in changes.iter().filter(|change| change.due_ns.is_none()) {
            self.objects.forget(batch[change.event as usize].0.object, key, &change.name);
        }
        (state, Ok(()))
    }

    /// Discards an object's state. Returns the number of its entries.
    fn leave_out(&mut self, rule: &LoadedRule, object: u32, state: &mut RuleMemory) -> u64 {
        let (entries, version) = (state.keys(object).len() as u64, state.version());
        let id = self.objects.get(object).id.to_string();
        let gone = state.evict(object).into_iter().map(|key| StateChange {
            rule: rule.key.clone(),
            object: id.clone(),
            key: key.into(),
            version,
            entry: None,
        });
        self.gone.extend(gone);
        self.report.dropped.add(DropKind::StateVersion, entries);
        entries
    }

    /// Takes state from before the start. A crash between two shards' changes of version leaves some of both.
    pub(super) fn put_restored(&mut self, key: &RuleKey, state: Box<RuleMemory>) {
        let before = self.states.remove(key);
        self.states.insert(key.clone(), state);
        self.migrate_states();
        let Some(before) = before else { return };
        let Some(mut now) = self.states.remove(key) else {
            self.states.insert(key.clone(), before);
            return;
        };
        if before.version() == now.version() {
            now.absorb(*before);
        } else {
            // The rule is not there now: the older part goes.
            self.report.dropped.add(DropKind::StateVersion, before.entries() as u64);
        }
        self.states.insert(key.clone(), now);
    }
}

impl Migration {
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
