//! The state that rules hold, in bytes: by rule and of all rules together, shared by the shards.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use parking_lot::Mutex;

use lifesigns_model::{RuleKey, limits};

use super::{account::RuleAccount, memory::RuleMemory};

/// The state of all rules.
#[derive(Debug)]
pub(crate) struct StateLedger {
    rules: Mutex<HashMap<RuleKey, Arc<AtomicUsize>>>,
    all: Arc<AtomicUsize>,
    most: usize,
    /// The number of ledgers that share the limits of rules.
    parts: usize,
    /// Whether changes are tracked for checkpoints.
    checkpoints: bool,
}

impl StateLedger {
    /// All rules may hold `most` bytes.
    pub(crate) fn new(most: usize, checkpoints: bool) -> Arc<Self> {
        let all = Arc::default();
        Arc::new(Self { rules: Mutex::default(), all, most, parts: 1, checkpoints })
    }

    /// Returns one of `parts` ledgers that share the default limits. A refusal in one does not depend on
    /// the others.
    pub(crate) fn part(parts: usize) -> Arc<Self> {
        let (all, most) = (Arc::default(), limits::RULES_STATE_BYTES / parts);
        Arc::new(Self { rules: Mutex::default(), all, most, parts, checkpoints: false })
    }

    /// Returns a rule's empty state, of that version.
    pub(crate) fn memory(&self, rule: &RuleKey, version: u32) -> RuleMemory {
        RuleMemory::new(rule, version, self.checkpoints, self.account(rule))
    }

    /// Gives state to another rule.
    pub(crate) fn assign(&self, state: &mut RuleMemory, to: &RuleKey) {
        state.assign(to, self.account(to));
    }

    /// Returns a copy of state for another rule.
    pub(crate) fn copy(&self, state: &RuleMemory, to: &RuleKey) -> RuleMemory {
        state.copied(to, self.account(to))
    }

    fn account(&self, rule: &RuleKey) -> RuleAccount {
        let mut rules = self.rules.lock();
        let mine = Arc::clone(rules.entry(rule.clone()).or_default());
        RuleAccount::new(mine, Arc::clone(&self.all), self.most, self.parts)
    }

    /// Returns the bytes that each rule holds.
    pub(crate) fn held(&self) -> Vec<(RuleKey, usize)> {
        let rules = self.rules.lock();
        rules.iter().map(|(rule, held)| (rule.clone(), held.load(Ordering::Relaxed))).collect()
    }
}
