//! Who holds how much state: one account for each rule, and one for all of them together, shared by
//! the shards. An account takes room by blocks, so that shards seldom meet.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use lifesigns_model::limits;

use super::{account::RuleAccount, memory::RuleMemory};

/// The state of all rules.
#[derive(Debug)]
pub(crate) struct StateLedger {
    rules: Mutex<HashMap<String, Arc<AtomicUsize>>>,
    all: Arc<AtomicUsize>,
    most: usize,
    /// Each of so many ledgers has its part of what rules may have.
    parts: usize,
    /// Whether changes are noted for the next cut.
    checkpoints: bool,
}

impl StateLedger {
    /// All rules may hold `most` bytes.
    pub(crate) fn new(most: usize, checkpoints: bool) -> Arc<Self> {
        let all = Arc::default();
        Arc::new(Self { rules: Mutex::default(), all, most, parts: 1, checkpoints })
    }

    /// One of so many ledgers that share the default room. What is refused in one does not depend on
    /// the others.
    pub(crate) fn part(parts: usize) -> Arc<Self> {
        let (all, most) = (Arc::default(), limits::RULES_STATE_BYTES / parts);
        Arc::new(Self { rules: Mutex::default(), all, most, parts, checkpoints: false })
    }

    /// A rule's empty state.
    pub(crate) fn memory(&self, rule: &str) -> RuleMemory {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = Arc::clone(rules.entry(rule.to_owned()).or_default());
        let account = RuleAccount::new(mine, Arc::clone(&self.all), self.most, self.parts);
        RuleMemory::new(rule, self.checkpoints, account)
    }

    /// What each rule holds, in bytes.
    pub(crate) fn held(&self) -> Vec<(String, usize)> {
        let rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        rules.iter().map(|(rule, held)| (rule.clone(), held.load(Ordering::Relaxed))).collect()
    }
}
