//! What rules have changed in their state since the last checkpoint, and what they pay for it.

use lifesigns_model::{RuleKey, StateChange, limits};

use super::{RunnerTable, parked::StateChanges};
use crate::{flush_context::ShardClock, objects::Objects, report::ShardReport, state::RuleMemory};

impl RunnerTable {
    /// Takes the changes of state since the last call, for which the rules pay. No batch may be open.
    pub(crate) fn take_changes(
        &mut self,
        objects: &Objects,
        clock: ShardClock,
        report: &mut ShardReport,
    ) -> Vec<StateChange> {
        let mut states = StateChanges::after(&mut self.gone);
        for runner in self.runners.iter_mut().flatten() {
            runner.checkpointed();
            let Some(state) = runner.state_mut() else { continue };
            let (version, changes) = (state.version(), state.changes());
            let (mut bytes, mut beyond) = (0, 0);
            for entry in changes.iter().filter_map(|(.., entry)| entry.as_ref()) {
                let size = entry.len() as u64;
                bytes += size;
                beyond += size.saturating_sub(limits::FREE_STATE_BYTES);
            }
            runner.pay_for_state(bytes, beyond, clock, report);
            states.add(runner.key(), version, changes, objects);
        }
        for (rule, state) in self.parked.iter_mut() {
            states.add(rule, state.version(), state.changes(), objects);
        }
        states.into_list()
    }

    /// Returns empty state of a rule, to be filled with what was committed and passed to
    /// [`put_restored`](Self::put_restored).
    pub(crate) fn empty_state(&self, rule: &RuleKey, version: u32) -> Box<RuleMemory> {
        Box::new(self.parked.empty(rule, version))
    }
}
