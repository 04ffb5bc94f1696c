//! What rules were given when they raised a symptom or failed.

use std::collections::{BTreeMap, VecDeque};

use lifesigns_model::{RuleCall, limits};

use crate::calls::CallFilter;

/// Calls, each with the host's clock when it was written.
#[derive(Debug, Default)]
pub(super) struct CallTables {
    /// By object, rule and symptom.
    raises: BTreeMap<(String, String, String), (u64, RuleCall)>,
    /// By rule, the latest last.
    failures: BTreeMap<String, VecDeque<(u64, RuleCall)>>,
}

impl CallTables {
    pub(super) fn add(&mut self, call: &RuleCall, now_ns: u64) {
        if call.symptom.is_empty() {
            let failures = self.failures.entry(call.rule.clone()).or_default();
            if failures.len() >= limits::FAILED_CALLS {
                failures.pop_front();
            }
            return failures.push_back((now_ns, call.clone()));
        }
        let key = (call.object.clone(), call.rule.clone(), call.symptom.clone());
        self.raises.insert(key, (now_ns, call.clone()));
    }

    pub(super) fn forget(&mut self, object: &str) {
        self.raises.retain(|(of, ..), _| of != object);
        self.failures.values_mut().for_each(|failures| failures.retain(|(_, call)| call.object != object));
    }

    /// Removes what was written before a time. Returns how many.
    pub(super) fn remove(&mut self, before_ns: u64) -> usize {
        let count = |tables: &Self| tables.raises.len() + tables.failures.values().map(VecDeque::len).sum::<usize>();
        let before = count(self);
        self.raises.retain(|_, (written_ns, _)| *written_ns >= before_ns);
        self.failures.values_mut().for_each(|failures| failures.retain(|(written_ns, _)| *written_ns >= before_ns));
        before - count(self)
    }

    pub(super) fn find(&self, filter: &CallFilter) -> Vec<RuleCall> {
        match filter {
            CallFilter::Raise { object, rule, symptom } => {
                let key = (object.clone(), rule.clone(), symptom.clone());
                self.raises.get(&key).map(|(_, call)| call.clone()).into_iter().collect()
            }
            CallFilter::Failures { rule } => {
                let failures = self.failures.get(rule).into_iter().flatten().rev();
                failures.map(|(_, call)| call.clone()).collect()
            }
        }
    }
}
