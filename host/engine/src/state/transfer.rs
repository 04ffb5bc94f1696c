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
        let mut copy = Self::new(rule, self.version, self.checkpoints, account);
        for (object, state) in &self.objects {
            for (key, entry) in state.entries() {
                // What was written here can be read here.
                let _ = copy.restore(*object, key, &Entry::to_bytes(entry));
            }
        }
        copy.mark_all_changed();
        copy
    }
}
