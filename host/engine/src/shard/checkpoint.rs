//! What a shard gives to a checkpoint, and how it is restored from what was committed.

use std::{collections::BTreeMap, sync::Arc};

use lifesigns_model::{InitialState, ObjectClock, ObjectFacts, RuleAlertRef, RuleKey, StateChange, clamp_event_time};

use super::Shard;
use crate::{
    checkpoint::ShardCheckpoint, evidence::OwnedEvidence, reminders::ReminderSpec, shard_of, state::RuleMemory,
};

impl Shard {
    /// Tracks changes from now on.
    pub(crate) fn track_changes(&mut self) {
        self.objects.track_changes();
    }

    /// Takes the changes since the last call.
    pub(crate) fn take_checkpoint(&mut self) -> ShardCheckpoint {
        let states = self.runners.take_changes(&self.objects, self.clock, &mut self.report);
        let (reminders, objects) = self.objects.changes();
        ShardCheckpoint { states, reminders, objects, calls: Vec::new() }
    }

    /// Restores its share of the initial state.
    pub(crate) fn restore(&mut self, start: &InitialState, number: usize, shards: usize, now_ns: u64) {
        let mine = |object: &str| shard_of(object, shards) == number;
        for facts in start.known.iter().filter(|facts| mine(&facts.object)) {
            self.insert_known(facts);
        }
        let mut objects: Vec<&ObjectClock> = start.objects.iter().filter(|clock| mine(&clock.object)).collect();
        // If they are too many, those that have been silent longest are evicted.
        objects.sort_by_key(|clock| (clock.time_ns, &clock.object));
        for clock in objects {
            let Some(time_ns) = clock.time_ns else { continue };
            let object = self.restore_object(&clock.object);
            self.objects.get_mut(object).restore_clock(time_ns, now_ns);
        }
        for facts in start.facts.iter().filter(|facts| mine(&facts.object)) {
            let object = self.restore_object(&facts.object);
            // The clock may have been ahead when the facts came.
            let time_ns = clamp_event_time(facts.time_ns, now_ns);
            self.objects.get_mut(object).facts.set_all(&ObjectFacts { time_ns, ..facts.clone() });
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
            let memory = memory.or_insert_with(|| self.runners.empty_state(&state.rule, state.version));
            left_out += u64::from(!memory.restore(object, &state.key, entry));
        }
        if left_out > 0 {
            tracing::warn!(entries = left_out, "rule state from before the start cannot be read; skipped");
            self.report.states_left_out += left_out;
        }
        for ((rule, _), state) in restored {
            self.runners.put_restored(&rule, state, &mut self.objects, &mut self.report);
        }
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
