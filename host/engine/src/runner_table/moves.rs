//! State and reminders that get another owner or end: at a swap, between the last line of one rule set and the first
//! of the next, or when a rule has no shadow any more.

use std::{collections::BTreeSet, sync::Arc};

use lifesigns_model::RuleKey;

use super::RunnerTable;
use crate::{RuleSet, StateMove, flush_context::ShardParts, objects::Objects, state::RuleMemory};

impl RunnerTable {
    /// Switches to `rules` and moves what rules hold.
    pub(crate) fn move_states(&mut self, rules: &Arc<RuleSet>, moves: &[StateMove], parts: &mut ShardParts<'_, '_>) {
        if Arc::ptr_eq(rules, &self.rules) {
            self.flush(parts);
        } else {
            self.switch_rules(rules, parts);
        }
        for change in moves {
            self.move_state(change, parts.objects);
        }
        self.migrate_states(parts.objects, parts.report);
    }

    fn move_state(&mut self, change: &StateMove, objects: &mut Objects) {
        match change {
            StateMove::Move { from, to } => {
                self.discard(to, objects);
                let moved = self.take_state(from, objects);
                self.parked.assign(to, moved);
                objects.rekey_reminders(|key| (key == from).then(|| to.clone()), false);
            }
            StateMove::Copy { from, to } => {
                self.discard(to, objects);
                self.park(from);
                self.parked.copy(from, to);
                objects.rekey_reminders(|key| (key == from).then(|| to.clone()), true);
            }
            StateMove::Exchange(one, other) => {
                let (of_one, of_other) = (self.take_state(one, objects), self.take_state(other, objects));
                self.parked.assign(other, of_one);
                self.parked.assign(one, of_other);
                let exchanged = |key: &RuleKey| match key {
                    key if key == one => Some(other.clone()),
                    key if key == other => Some(one.clone()),
                    _ => None,
                };
                objects.rekey_reminders(exchanged, false);
            }
            StateMove::Discard(key) => self.discard(key, objects),
        }
    }

    /// Discards state and reminders of all shadows but those of the rules with these names.
    pub(crate) fn retain_shadows(&mut self, names: &BTreeSet<String>, parts: &mut ShardParts<'_, '_>) {
        self.flush(parts);
        let goes = |key: &RuleKey| key.is_shadow() && !names.contains(&*key.name);
        // The generation without them comes with the next line.
        self.park_all(goes);
        for (rule, mut state) in self.parked.take_all(goes) {
            for object in state.objects() {
                self.gone.add(&rule, parts.objects.get(object).id(), 0, state.evict(object));
            }
        }
        parts.objects.forget_rules(goes);
    }

    /// Discards what a rule holds, with its reminders.
    pub(super) fn discard(&mut self, key: &RuleKey, objects: &mut Objects) {
        drop(self.take_state(key, objects));
        objects.forget_rules(|other| other == key);
    }

    /// Ends the runner of a rule; its state stays. The next event begins another runner.
    pub(super) fn park(&mut self, key: &RuleKey) {
        self.park_all(|other| other == key);
    }

    fn park_all(&mut self, goes: impl Fn(&RuleKey) -> bool) {
        for runner in &mut self.runners {
            if let Some(ended) = runner.take_if(|runner| goes(runner.key())) {
                let key = ended.key().clone();
                if let Some(state) = ended.into_state() {
                    self.parked.put(&key, state);
                }
            }
        }
    }

    /// Takes what a rule holds; the next checkpoint records that it is gone.
    fn take_state(&mut self, key: &RuleKey, objects: &Objects) -> Option<Box<RuleMemory>> {
        self.park(key);
        let state = self.parked.take(key)?;
        self.gone.add_all(key, &state, objects);
        Some(state)
    }
}
