//! State that gets another owner: another label and account, and every entry counts as changed.

use lifesigns_model::RuleKey;

use super::{account::RuleAccount, entry::Entry, memory::RuleMemory};

impl RuleMemory {
    /// Gives the state to another rule. Limits do not matter here: it only cannot grow while it is over them.
    pub(super) fn assign(&mut self, rule: &RuleKey, mut account: RuleAccount) {
        account.add(self.objects.values().map(super::object::ObjectState::bytes).sum());
        self.account = account;
        self.label = rule.to_string();
        self.changed.clear();
        self.mark_all_changed();
    }

    /// Returns a copy for another rule.
    pub(super) fn copied(&self, rule: &RuleKey, account: RuleAccount) -> Self {
        let mut copy = Self::new(rule, self.checkpoints, account);
        for (object, state) in &self.objects {
            for (key, entry) in state.entries() {
                // What was written here can be read here.
                let _ = copy.restore(*object, key, &Entry::to_bytes(entry));
            }
        }
        copy.mark_all_changed();
        copy
    }

    /// Returns object and key of every entry that there is, or that a store may know of.
    pub(crate) fn known_entries(&self) -> Vec<(u32, Box<str>)> {
        let held =
            self.objects.iter().flat_map(|(object, state)| state.entries().map(|(key, _)| (*object, key.into())));
        let changed = self.changed.iter().flat_map(|(object, keys)| keys.iter().map(|key| (*object, key.clone())));
        if self.checkpoints { held.chain(changed).collect() } else { Vec::new() }
    }

    fn mark_all_changed(&mut self) {
        if self.checkpoints {
            for (object, state) in &self.objects {
                let keys = state.entries().map(|(key, _)| key.into());
                self.changed.entry(*object).or_default().extend(keys);
            }
        }
    }
}
