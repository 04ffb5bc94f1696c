//! What the book did since changes were last taken: audit entries, notices and what else goes to the store as it is.

use serde_json::{Value, json};

use crate::{
    change::{AuditedChange, BookChanges, KnownRule, Notice, RemovedRule},
    record::{Alert, BadgePoint},
    silence::Silence,
};

/// The audit entry of an alert that ends.
pub(super) const ALERT_CANCELLED: &str = "alert cancelled";

/// Collects what is given to the store and to receivers.
#[derive(Debug, Default)]
pub(super) struct Journal {
    changes: BookChanges,
}

impl Journal {
    /// Adds an audit entry; of two JSON objects only the differences.
    pub(super) fn audit(&mut self, time_ns: u64, who: &str, what: &str, subject: &str, before: Value, after: Value) {
        let (before, after) = difference(before, after);
        self.changes.audit.push(AuditedChange {
            time_ns,
            who: who.to_owned(),
            what: what.to_owned(),
            subject: subject.to_owned(),
            before,
            after,
        });
    }

    /// Returns the number of audit entries so far, for [`Journal::cancelled_since`].
    pub(super) fn audited(&self) -> usize {
        self.changes.audit.len()
    }

    /// Returns how many alerts were cancelled since there were `audited` entries.
    pub(super) fn cancelled_since(&self, audited: usize) -> usize {
        self.changes.audit[audited..].iter().filter(|entry| entry.what == ALERT_CANCELLED).count()
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        self.changes.notices.push(notice);
    }

    pub(super) fn silence(&mut self, silence: Silence) {
        self.changes.silences.push(silence);
    }

    pub(super) fn badges(&mut self, badges: Vec<BadgePoint>) {
        self.changes.badges.extend(badges);
    }

    pub(super) fn known_rules(&mut self, rules: Vec<KnownRule>) {
        self.changes.rules = Some(rules);
    }

    pub(super) fn removed_rule(&mut self, rule: RemovedRule) {
        self.changes.rules_gone.push(rule);
    }

    pub(super) fn forgotten_object(&mut self, object: &str) {
        self.changes.forgotten.push(object.to_owned());
    }

    pub(super) fn decided_by(&mut self, config_digest: &str) {
        self.changes.decided_by = Some(config_digest.to_owned());
    }

    /// Takes what was collected.
    pub(super) fn take(&mut self) -> BookChanges {
        std::mem::take(&mut self.changes)
    }
}

/// Returns what an audit entry says about an alert.
pub(super) fn audited_alert(alert: &Alert) -> Value {
    let mut state = json!({
        "alert": alert.definition,
        "object": alert.object,
        "status": alert.status,
        "criticality": alert.criticality,
        "allowed": alert.allowed,
    });
    if let Some(cause) = alert.cause {
        state["cause"] = json!(cause);
    }
    state
}

/// Removes from two JSON objects the members that are the same in both.
fn difference(before: Value, after: Value) -> (Value, Value) {
    match (before, after) {
        (Value::Object(mut before), Value::Object(mut after)) => {
            let same: Vec<String> =
                after.keys().filter(|name| before.get(*name) == after.get(*name)).cloned().collect();
            for name in same {
                before.remove(&name);
                after.remove(&name);
            }
            (Value::Object(before), Value::Object(after))
        }
        both => both,
    }
}
