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

/// State that moves when a rule's new version is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlannedMoves {
    pub(crate) moves: Vec<StateMove>,
    /// What the change is called in the record.
    pub(crate) change: String,
}

/// By the rule's name: what is to move. A copy of it belongs to one scan of the folder: what is planned later is not of
/// what that found.
pub(crate) type MovePlan = BTreeMap<String, PlannedMoves>;

/// See the module. Clones share one state.
#[derive(Clone, Default)]
pub(crate) struct RuleDesk(Arc<Mutex<DeskState>>);

/// Held while files change or are scanned.
#[derive(Default)]
pub(crate) struct DeskState {
    /// Until the rule set that makes them is in force, or their rule is refused.
    moves: MovePlan,
    /// Who waits for the outcome of the next load of everything.
    waiting: Vec<Sender<Vec<RuleLoad>>>,
    /// What lay in the folder at the last scan.
    pub(crate) snapshot: Snapshot,
}

impl RuleDesk {
    pub(crate) fn lock(&self) -> MutexGuard<'_, DeskState> {
        self.0.lock()
    }

    /// Returns the moves of rules whose fate is known by `loads` of a snapshot, as they were `planned` when it was taken:
    /// those of rules that run as the folder says, or do not run, as it says. They are under way until they are
    /// [ended](Self::end); those of rules that are refused are over.
    pub(crate) fn settled_moves(
        &self,
        loads: &[RuleLoad],
        snapshot: &Snapshot,
        mut planned: MovePlan,
        versions: &StateVersions,
    ) -> (Vec<StateMove>, Vec<RuleChangeMark>) {
        let (mut settled, mut changes) = (Vec::new(), Vec::new());
        let is_disabled = |name: &String, _: &mut _| snapshot.rule(name).is_some_and(|rule| !rule.enabled);
        for (rule, PlannedMoves { moves, change }) in planned.extract_if(.., is_disabled) {
            // The loader has not seen it.
            versions.moved(&moves);
            settled.extend(moves);
            changes.push(RuleChangeMark { rule, change });
        }
        for load in loads.iter().filter(|load| !load.key.is_shadow()) {
            if matches!(load.outcome, LoadOutcome::Compiling { .. }) {
                continue;
            }
            let Some(PlannedMoves { moves, change }) = planned.remove(&*load.key.name) else { continue };
            let mark = RuleChangeMark { rule: load.key.name.to_string(), change };
            let runs = matches!(load.outcome, LoadOutcome::Loaded | LoadOutcome::Unchanged | LoadOutcome::Restored);
            if runs {
                settled.extend(moves);
                changes.push(mark);
            } else {
                self.end(&[mark]);
            }
        }
        (settled, changes)
    }

    /// Ends the moves of changes, which are in force or refused; not those of a later change of the same rule.
    pub(crate) fn end(&self, changes: &[RuleChangeMark]) {
        let mut state = self.lock();
        for mark in changes {
            if state.moves.get(&mark.rule).is_some_and(|planned| planned.change == mark.change) {
                state.moves.remove(&mark.rule);
            }
        }
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
        self.moves.insert(name.to_owned(), PlannedMoves { moves, change: change.to_owned() });
    }

    /// Returns what is to move, for the scan that is made now, without what is settled already.
    pub(crate) fn planned(&self, settled: &[RuleChangeMark]) -> MovePlan {
        let is_settled = |name: &str, planned: &PlannedMoves| {
            settled.iter().any(|mark| mark.rule == name && mark.change == planned.change)
        };
        let open = self.moves.iter().filter(|(name, planned)| !is_settled(name, planned));
        open.map(|(name, planned)| (name.clone(), planned.clone())).collect()
    }

    /// Returns whether the next version of a rule waits to be loaded, or to be put in force.
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

#[cfg(test)]
mod tests {
    use lifesigns_model::RuleKey;

    use super::*;

    fn loads(outcome: LoadOutcome) -> [RuleLoad; 1] {
        [RuleLoad { key: RuleKey::live("a"), path: "a.toml".into(), digest: String::new(), outcome }]
    }

    fn refused() -> LoadOutcome {
        LoadOutcome::Refused { why: "it is none".to_owned(), old_version_runs: true, again: false }
    }

    /// Settles what was planned, and returns the changes that come into force.
    fn settled(desk: &RuleDesk, outcome: LoadOutcome, planned: MovePlan) -> Vec<RuleChangeMark> {
        desk.settled_moves(&loads(outcome), &Snapshot::default(), planned, &StateVersions::default()).1
    }

    fn moves() -> Vec<StateMove> {
        vec![StateMove::Discard(RuleKey::live("a"))]
    }

    #[test]
    fn a_change_that_is_made_after_the_scan_is_not_settled_by_its_loads() {
        let desk = RuleDesk::default();
        let planned = desk.lock().planned(&[]);
        desk.lock().set_moves("a", moves(), "1");
        assert_eq!(settled(&desk, LoadOutcome::Unchanged, planned.clone()), [], "it is of the version before");
        assert_eq!(settled(&desk, refused(), planned), []);
        assert!(desk.lock().is_moving("a"), "the next scan has it");
    }

    #[test]
    fn a_change_is_under_way_until_it_is_in_force_and_is_settled_once() {
        let desk = RuleDesk::default();
        desk.lock().set_moves("a", moves(), "1");
        let planned = desk.lock().planned(&[]);
        let changes = settled(&desk, LoadOutcome::Loaded, planned);
        assert_eq!(changes, [RuleChangeMark { rule: "a".to_owned(), change: "1".to_owned() }]);
        assert!(desk.lock().is_moving("a"), "no rule set has it yet");
        assert!(desk.lock().planned(&changes).is_empty());
        desk.end(&[RuleChangeMark { rule: "a".to_owned(), change: "2".to_owned() }]);
        assert!(desk.lock().is_moving("a"), "that was another");
        desk.end(&changes);
        assert!(!desk.lock().is_moving("a"));
    }

    #[test]
    fn a_change_that_is_refused_is_over() {
        let desk = RuleDesk::default();
        desk.lock().set_moves("a", moves(), "1");
        let planned = desk.lock().planned(&[]);
        assert_eq!(settled(&desk, refused(), planned), []);
        assert!(!desk.lock().is_moving("a"));
    }
}
