//! What a shard gives to a checkpoint, and how it is restored from what was committed.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_model::{
    InitialState, ObjectClock, ObjectFacts, RuleAlertRef, RuleKey, StateChange, clamp_event_time, limits,
};

use super::Shard;
use crate::{
    checkpoint::ShardCheckpoint, evidence::OwnedEvidence, objects::Objects, reminders::ReminderSpec, shard_of,
    state::RuleMemory,
};

/// Entries that changed, by rule, object and key, with their version.
type ChangedEntries = BTreeMap<(RuleKey, String, String), (u32, Option<Vec<u8>>)>;

fn note(
    objects: &Objects,
    states: &mut ChangedEntries,
    (rule, version): (&RuleKey, u32),
    changes: Vec<(u32, Box<str>, Option<Vec<u8>>)>,
) {
    for (object, key, entry) in changes {
        let id = objects.get(object).id.to_string();
        states.insert((rule.clone(), id, key.into()), (version, entry));
    }
}

impl Shard {
    /// Tracks changes from now on.
    pub(crate) fn track_changes(&mut self) {
        self.objects.track_changes();
    }

    /// Takes the changes since the last call.
    pub(crate) fn take_checkpoint(&mut self) -> ShardCheckpoint {
        let mut states = ChangedEntries::new();
        for gone in std::mem::take(&mut self.gone) {
            states.insert((gone.rule, gone.object, gone.key), (gone.version, None));
        }
        for runner in self.runners.iter_mut().flatten() {
            runner.waiting = 0;
            let Some(state) = runner.state_mut() else { continue };
            let (version, changes) = (state.version(), state.changes());
            let sizes = || changes.iter().filter_map(|(.., entry)| entry.as_ref()).map(|entry| entry.len() as u64);
            let bytes = sizes().sum();
            let beyond = sizes().map(|size| size.saturating_sub(limits::FREE_STATE_BYTES)).sum();
            runner.pay_for_state(bytes, beyond, self.clock, &mut self.report);
            note(&self.objects, &mut states, (&runner.rule.key, version), changes);
        }
        for (rule, state) in &mut self.states {
            note(&self.objects, &mut states, (rule, state.version()), state.changes());
        }
        let state = |((rule, object, key), (version, entry))| StateChange { rule, object, key, version, entry };
        let (reminders, objects) = self.objects.changes();
        let states = states.into_iter().map(state).collect();
        ShardCheckpoint { states, reminders, objects, calls: Vec::new() }
    }

    /// Restores its share of the initial state.
    pub(crate) fn restore(&mut self, start: &InitialState, number: usize, shards: usize, now_ns: u64) {
        let mine = |object: &str| shard_of(object, shards) == number;
        start.known.iter().filter(|facts| mine(&facts.object)).for_each(|facts| self.insert_known(facts));
        let mut objects: Vec<&ObjectClock> = start.objects.iter().filter(|clock| mine(&clock.object)).collect();
        // If they are too many, those that have been silent longest are evicted.
        objects.sort_by_key(|clock| (clock.time_ns, &clock.object));
        for clock in objects {
            let Some(time_ns) = clock.time_ns else { continue };
            let object = self.restore_object(&clock.object);
            let object = self.objects.get_mut(object);
            // How long the host was away says nothing about the object.
            (object.time_ns, object.seen_ns) = (time_ns, now_ns);
        }
        for facts in start.facts.iter().filter(|facts| mine(&facts.object)) {
            let object = self.restore_object(&facts.object);
            // The clock may have been ahead when the facts came.
            let time_ns = clamp_event_time(facts.time_ns, now_ns);
            self.set_facts(object, &ObjectFacts { time_ns, ..facts.clone() });
        }
        self.restore_states(start.states.iter().filter(|state| mine(&state.object)));
        for set in start.reminders.iter().filter(|set| mine(&set.object)) {
            let Some(due_ns) = set.due_ns else { continue };
            let (source, text) = (set.source.clone(), set.text.clone());
            let line = Arc::new(OwnedEvidence { source, rank: 0, line: set.line, text });
            let object = self.restore_object(&set.object);
            self.objects.restore(object, &set.rule, &set.name, ReminderSpec { due_ns, line, pays: true });
        }
    }

    fn restore_states<'a>(&mut self, states: impl Iterator<Item = &'a StateChange>) {
        let mut restored: BTreeMap<(RuleKey, u32), Box<RuleMemory>> = BTreeMap::new();
        let mut left_out = 0;
        for state in states {
            let Some(entry) = &state.entry else { continue };
            let object = self.restore_object(&state.object);
            let memory = restored.entry((state.rule.clone(), state.version));
            let memory = memory.or_insert_with(|| Box::new(self.ledger.memory(&state.rule, state.version)));
            left_out += u64::from(!memory.restore(object, &state.key, entry));
        }
        if left_out > 0 {
            tracing::warn!(entries = left_out, "rule state from before the start cannot be read; skipped");
            self.report.states_left_out += left_out;
        }
        restored.into_iter().for_each(|((rule, _), state)| self.put_restored(&rule, state));
    }

    /// Returns the number of an object from before the start.
    fn restore_object(&mut self, id: &str) -> u32 {
        match self.objects.touch(id) {
            Some(object) => object,
            // Nothing is in an open batch yet.
            None => self.insert_object(id, &mut |_: &RuleAlertRef<'_>| ()),
        }
    }
}
