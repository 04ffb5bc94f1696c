//! State of rules that have no runner now, and the entries of which the next checkpoint has to say that they are gone.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    mem,
    sync::Arc,
};

use lifesigns_model::{RuleKey, StateChange};

use crate::{
    LoadedRule,
    objects::Objects,
    state::{RuleMemory, StateLedger},
};

/// State of rules that have no runner: a rule that comes back finds it.
pub(super) struct ParkedStates {
    states: HashMap<RuleKey, Box<RuleMemory>>,
    ledger: Arc<StateLedger>,
}

impl ParkedStates {
    pub(super) fn new(ledger: Arc<StateLedger>) -> Self {
        Self { states: HashMap::new(), ledger }
    }

    /// Takes the state with which a runner of this rule begins.
    pub(super) fn take_or_new(&mut self, rule: &LoadedRule) -> Box<RuleMemory> {
        self.take(&rule.key).unwrap_or_else(|| Box::new(self.empty(&rule.key, rule.description.state_version)))
    }

    /// Returns empty state of a rule, of that version.
    pub(super) fn empty(&self, key: &RuleKey, version: u32) -> RuleMemory {
        self.ledger.memory(key, version)
    }

    pub(super) fn take(&mut self, key: &RuleKey) -> Option<Box<RuleMemory>> {
        self.states.remove(key)
    }

    pub(super) fn put(&mut self, key: &RuleKey, state: Box<RuleMemory>) {
        self.states.insert(key.clone(), state);
    }

    /// Puts the state of another rule as that of `key`.
    pub(super) fn assign(&mut self, key: &RuleKey, state: Option<Box<RuleMemory>>) {
        let Some(mut state) = state else { return };
        self.ledger.assign(&mut state, key);
        self.put(key, state);
    }

    /// Gives `to` a copy of the state of `from`.
    pub(super) fn copy(&mut self, from: &RuleKey, to: &RuleKey) {
        if let Some(state) = self.states.get(from) {
            let copy = Box::new(self.ledger.copy(state, to));
            self.put(to, copy);
        }
    }

    /// Returns the version of what a rule left.
    pub(super) fn version(&self, key: &RuleKey) -> Option<u32> {
        self.states.get(key).map(|state| state.version())
    }

    /// Takes the state of every rule that `goes`.
    pub(super) fn take_all(&mut self, goes: impl Fn(&RuleKey) -> bool) -> Vec<(RuleKey, Box<RuleMemory>)> {
        self.states.extract_if(|key, _| goes(key)).collect()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (&RuleKey, &mut RuleMemory)> {
        self.states.iter_mut().map(|(key, state)| (key, &mut **state))
    }
}

/// Entries that a store may know of, and that are gone since the last checkpoint.
#[derive(Default)]
pub(super) struct GoneEntries(Vec<StateChange>);

impl GoneEntries {
    /// Adds entries of one object.
    pub(super) fn add(&mut self, rule: &RuleKey, object: &str, version: u32, keys: HashSet<Box<str>>) {
        self.0.extend(keys.into_iter().map(|key| gone(rule, object, key, version)));
    }

    /// Adds all entries of a rule.
    pub(super) fn add_all(&mut self, rule: &RuleKey, state: &RuleMemory, objects: &Objects) {
        for (object, key) in state.known_entries() {
            self.0.push(gone(rule, objects.get(object).id(), key, state.version()));
        }
    }
}

fn gone(rule: &RuleKey, object: &str, key: Box<str>, version: u32) -> StateChange {
    StateChange { rule: rule.clone(), object: object.to_owned(), key: key.into(), version, entry: None }
}

/// Rule, object and key of an entry.
type EntryName = (RuleKey, String, String);

/// The changes of state since the last checkpoint, each entry once, in order: its version, and what it is now.
#[derive(Default)]
pub(super) struct StateChanges(BTreeMap<EntryName, (u32, Option<Vec<u8>>)>);

impl StateChanges {
    /// Begins with the entries that are gone: what was written after them replaces them.
    pub(super) fn after(gone: &mut GoneEntries) -> Self {
        let gone = mem::take(&mut gone.0).into_iter();
        Self(gone.map(|gone| ((gone.rule, gone.object, gone.key), (gone.version, None))).collect())
    }

    /// Adds object, key and entry of what has changed in one rule's state.
    pub(super) fn add(
        &mut self,
        rule: &RuleKey,
        version: u32,
        changes: Vec<(u32, Box<str>, Option<Vec<u8>>)>,
        objects: &Objects,
    ) {
        for (object, key, entry) in changes {
            let object = objects.get(object).id().to_string();
            self.0.insert((rule.clone(), object, key.into()), (version, entry));
        }
    }

    pub(super) fn into_list(self) -> Vec<StateChange> {
        let change = |((rule, object, key), (version, entry))| StateChange { rule, object, key, version, entry };
        self.0.into_iter().map(change).collect()
    }
}
