//! State and reminders that get another owner at a swap: between the last line of one rule set and the
//! first of the next.

use std::sync::Arc;

use lifesigns_model::{RuleKey, StateChange};

use super::Shard;
use crate::{RuleSet, StateMove, event_sink::EventSink, state::RuleMemory};

impl Shard {
    /// Switches to `rules` and moves what rules hold.
    pub(crate) fn move_states(&mut self, rules: &Arc<RuleSet>, moves: &[StateMove], sink: &mut dyn EventSink) {
        if Arc::ptr_eq(rules, &self.rules) {
            self.flush(sink);
        } else {
            self.switch_rules(rules, sink);
        }
        for change in moves {
            match change {
                StateMove::Move { from, to } => {
                    self.discard(to);
                    let moved = self.take_state(from);
                    self.put_state(to, moved);
                    self.objects.rekey_reminders(|key| (key == from).then(|| to.clone()), false);
                }
                StateMove::Copy { from, to } => {
                    self.discard(to);
                    self.park(from);
                    let copy = self.states.get(from).map(|state| Box::new(self.ledger.copy(state, to)));
                    self.states.extend(copy.map(|copy| (to.clone(), copy)));
                    self.objects.rekey_reminders(|key| (key == from).then(|| to.clone()), true);
                }
                StateMove::Exchange(one, other) => {
                    let (of_one, of_other) = (self.take_state(one), self.take_state(other));
                    self.put_state(other, of_one);
                    self.put_state(one, of_other);
                    let exchanged = |key: &RuleKey| match key {
                        key if key == one => Some(other.clone()),
                        key if key == other => Some(one.clone()),
                        _ => None,
                    };
                    self.objects.rekey_reminders(exchanged, false);
                }
                StateMove::Discard(key) => self.discard(key),
            }
        }
        self.migrate_states();
    }

    /// Discards what a rule holds, with its reminders.
    pub(super) fn discard(&mut self, key: &RuleKey) {
        drop(self.take_state(key));
        self.objects.forget_rules(|other| other == key);
    }

    /// Ends the runner of a rule; its state stays. The next event begins another runner.
    pub(super) fn park(&mut self, key: &RuleKey) {
        for runner in &mut self.runners {
            if let Some(ended) = runner.take_if(|runner| runner.rule.key == *key) {
                self.states.extend(ended.into_state().map(|state| (key.clone(), state)));
            }
        }
    }

    /// Takes what a rule holds; the next checkpoint records that it is gone.
    fn take_state(&mut self, key: &RuleKey) -> Option<Box<RuleMemory>> {
        self.park(key);
        let state = self.states.remove(key)?;
        for (object, entry) in state.known_entries() {
            let object = self.objects.get(object).id.to_string();
            let (rule, version) = (key.clone(), state.version());
            self.gone.push(StateChange { rule, object, key: entry.into(), version, entry: None });
        }
        Some(state)
    }

    fn put_state(&mut self, key: &RuleKey, state: Option<Box<RuleMemory>>) {
        let Some(mut state) = state else { return };
        self.ledger.assign(&mut state, key);
        self.states.insert(key.clone(), state);
    }
}
