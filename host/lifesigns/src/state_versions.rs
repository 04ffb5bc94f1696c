//! The versions of the state that rules hold: what a new version of a rule is checked against before it is loaded.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parking_lot::{Mutex, MutexGuard};

use lifesigns_engine::StateMove;
use lifesigns_model::{Description, RuleKey, StateChange};

/// The oldest and the newest version of what a rule holds. After a crash in the middle of a change they differ.
type Held = (u32, u32);

/// See the module. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct StateVersions(Arc<Mutex<BTreeMap<RuleKey, Held>>>);

impl StateVersions {
    /// Returns the versions of what a record holds.
    pub(crate) fn of(states: &[StateChange]) -> Self {
        let versions = Self::default();
        let mut all = versions.lock();
        for state in states {
            let held = all.entry(state.rule.clone()).or_insert((state.version, state.version));
            *held = (held.0.min(state.version), held.1.max(state.version));
        }
        drop(all);
        versions
    }

    /// Checks that a rule can go on with what is held under its key once `moves` are made.
    ///
    /// # Errors
    /// What is wrong, and the fix.
    pub(crate) fn check(&self, key: &RuleKey, description: &Description, moves: &[StateMove]) -> Result<(), String> {
        let Some((oldest, newest)) = self.after(key, moves) else { return Ok(()) };
        let own = description.state_version;
        let takes = |version: u32| version == own || description.migrates(version);
        let Some(held) = [oldest, newest].into_iter().find(|version| !takes(*version)) else { return Ok(()) };
        let why = match description.migrates_from {
            _ if held > own => "which is newer".to_owned(),
            from if from < own => format!("and it takes over state from version {from} on"),
            _ => "and it has no `migrate` that takes it over".to_owned(),
        };
        Err(format!(
            "what it remembers is state of version {held}; that of this module is version {own}, {why}: give it a \
             `migrate` (docs/writing-rules.md), or write `state = \"discard\"` into the manifest to begin with nothing"
        ))
    }

    /// Returns what is held under a key once `moves` are made.
    fn after(&self, key: &RuleKey, moves: &[StateMove]) -> Option<Held> {
        let now = self.lock();
        if moves.is_empty() {
            return now.get(key).copied();
        }
        let mut then = now.clone();
        make(&mut then, moves);
        then.get(key).copied()
    }

    /// Notes that a rule holds state of its own version from now on.
    pub(crate) fn set(&self, key: &RuleKey, version: u32) {
        self.lock().insert(key.clone(), (version, version));
    }

    /// Notes that state has moved.
    pub(crate) fn moved(&self, moves: &[StateMove]) {
        make(&mut self.lock(), moves);
    }

    /// Notes that only these rules have shadows.
    pub(crate) fn retain_shadows(&self, names: &BTreeSet<String>) {
        self.lock().retain(|key, _| !key.is_shadow() || names.contains(&*key.name));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RuleKey, Held>> {
        self.0.lock()
    }
}

fn make(held: &mut BTreeMap<RuleKey, Held>, moves: &[StateMove]) {
    let put = |key: &RuleKey, held_now: Option<Held>, held: &mut BTreeMap<RuleKey, Held>| {
        held.remove(key);
        held.extend(held_now.map(|held| (key.clone(), held)));
    };
    for change in moves {
        match change {
            StateMove::Move { from, to } => {
                let moved = held.remove(from);
                put(to, moved, held);
            }
            StateMove::Copy { from, to } => {
                let copied = held.get(from).copied();
                put(to, copied, held);
            }
            StateMove::Exchange(one, other) => {
                let (of_one, of_other) = (held.remove(one), held.remove(other));
                put(other, of_one, held);
                put(one, of_other, held);
            }
            StateMove::Discard(key) => put(key, None, held),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(state_version: u32, migrates_from: u32) -> Description {
        Description { state_version, migrates_from, ..Description::default() }
    }

    #[test]
    fn a_rule_goes_on_with_its_own_version_and_those_that_it_takes_over() {
        let versions = StateVersions::default();
        let live = RuleKey::live("a");
        assert_eq!(versions.check(&live, &description(7, 7), &[]), Ok(()), "nothing is held");
        versions.set(&live, 2);
        let check = |own, from| versions.check(&live, &description(own, from), &[]);
        assert_eq!(check(2, 2), Ok(()));
        assert_eq!(check(3, 1), Ok(()));
        assert!(
            check(3, 3).unwrap_err().contains("version 2; that of this module is version 3, and it has no `migrate`")
        );
        assert!(check(4, 3).unwrap_err().contains("takes over state from version 3 on"));
        assert!(check(1, 0).unwrap_err().contains("which is newer"));
    }

    #[test]
    fn what_moves_is_checked_where_it_will_be() {
        let versions = StateVersions::default();
        let (live, shadow, previous) = (RuleKey::live("a"), RuleKey::shadow("a"), RuleKey::previous("a"));
        versions.set(&live, 1);
        versions.set(&shadow, 2);
        let promote = [
            StateMove::Move { from: live.clone(), to: previous.clone() },
            StateMove::Move { from: shadow, to: live.clone() },
        ];
        assert!(versions.check(&live, &description(2, 2), &[]).is_err());
        assert_eq!(versions.check(&live, &description(2, 2), &promote), Ok(()));
        versions.moved(&promote);
        assert_eq!(versions.check(&previous, &description(1, 1), &[]), Ok(()));
        let back = [StateMove::Exchange(live.clone(), previous.clone())];
        assert_eq!(versions.check(&live, &description(1, 1), &back), Ok(()));
        let copy = [StateMove::Copy { from: live.clone(), to: previous }];
        assert!(versions.check(&live, &description(1, 1), &copy).is_err(), "it would go on with version 2");
        assert_eq!(versions.check(&live, &description(1, 1), &[StateMove::Discard(live.clone())]), Ok(()));
    }

    #[test]
    fn both_versions_of_a_change_that_a_crash_has_ended_are_checked() {
        let state = |object: &str, version| StateChange {
            rule: "a".into(),
            object: object.into(),
            key: "k".into(),
            version,
            entry: None,
        };
        let versions = StateVersions::of(&[state("vm-1", 1), state("vm-2", 2)]);
        assert_eq!(versions.check(&"a".into(), &description(2, 1), &[]), Ok(()));
        assert!(versions.check(&"a".into(), &description(2, 2), &[]).is_err());
        assert!(versions.check(&"a".into(), &description(1, 1), &[]).is_err());
    }
}
