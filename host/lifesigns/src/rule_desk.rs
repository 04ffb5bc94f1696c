//! What those who change the rules folder and the thread that loads it share: one lock over files and what
//! is to happen when they are loaded.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::{Mutex, MutexGuard};

use crossbeam_channel::{Receiver, Sender, bounded};
use lifesigns_engine::StateMove;
use lifesigns_model::RuleChangeMark;
use lifesigns_rulestore::Snapshot;

use crate::{
    load::{LoadOutcome, RuleLoad},
    state_versions::StateVersions,
};

/// See the module. Clones share one state.
#[derive(Clone, Default)]
pub(crate) struct RuleDesk(Arc<Mutex<DeskState>>);

/// Held while files change or are scanned.
#[derive(Default)]
pub(crate) struct DeskState {
    /// By the rule's name: state that moves when its new version is loaded, and the change that this is.
    moves: BTreeMap<String, (Vec<StateMove>, String)>,
    /// Who waits for the outcome of the next load of everything.
    waiting: Vec<Sender<Vec<RuleLoad>>>,
    /// What lay in the folder at the last scan.
    pub(crate) snapshot: Snapshot,
}

impl RuleDesk {
    pub(crate) fn lock(&self) -> MutexGuard<'_, DeskState> {
        self.0.lock()
    }

    /// Takes the moves of rules whose fate is known by `loads` of a snapshot: those of rules that run as the folder
    /// says, or do not run, as it says.
    pub(crate) fn settled_moves(
        &self,
        loads: &[RuleLoad],
        snapshot: &Snapshot,
        versions: &StateVersions,
    ) -> (Vec<StateMove>, Vec<RuleChangeMark>) {
        let mut state = self.lock();
        let (mut settled, mut changes) = (Vec::new(), Vec::new());
        let is_disabled = |name: &String, _: &mut _| snapshot.rule(name).is_some_and(|rule| !rule.enabled);
        for (rule, (moves, change)) in state.moves.extract_if(.., is_disabled) {
            // The loader has not seen it.
            versions.moved(&moves);
            settled.extend(moves);
            changes.push(RuleChangeMark { rule, change });
        }
        for load in loads.iter().filter(|load| !load.key.is_shadow()) {
            if matches!(load.outcome, LoadOutcome::Compiling { .. }) {
                continue;
            }
            let Some((moves, change)) = state.moves.remove(&*load.key.name) else { continue };
            let runs = matches!(load.outcome, LoadOutcome::Loaded | LoadOutcome::Unchanged | LoadOutcome::Restored);
            if runs {
                settled.extend(moves);
                changes.push(RuleChangeMark { rule: load.key.name.to_string(), change });
            }
        }
        (settled, changes)
    }

    /// Returns what is to move, by the rule's name.
    pub(crate) fn moves(&self) -> BTreeMap<String, Vec<StateMove>> {
        let state = self.lock();
        state.moves.iter().map(|(name, (moves, _))| (name.clone(), moves.clone())).collect()
    }

    /// Answers all who waited before the scan of these loads.
    pub(crate) fn answer(&self, waiting: Vec<Sender<Vec<RuleLoad>>>, loads: &[RuleLoad]) {
        for sender in waiting {
            let _ = sender.send(loads.to_vec());
        }
    }
}

impl DeskState {
    /// Sets the moves for the next version of a rule, and what this change is called in the record.
    pub(crate) fn set_moves(&mut self, name: &str, moves: Vec<StateMove>, change: &str) {
        self.moves.insert(name.to_owned(), (moves, change.to_owned()));
    }

    /// Returns whether the next version of a rule waits to be loaded.
    pub(crate) fn is_moving(&self, name: &str) -> bool {
        self.moves.contains_key(name)
    }

    /// Returns a channel that gets the outcome of the next load.
    pub(crate) fn wait(&mut self) -> Receiver<Vec<RuleLoad>> {
        let (sender, receiver) = bounded(1);
        self.waiting.push(sender);
        receiver
    }

    /// Takes those who wait for the load that begins now.
    pub(crate) fn take_waiting(&mut self) -> Vec<Sender<Vec<RuleLoad>>> {
        std::mem::take(&mut self.waiting)
    }
}
