//! Entries of the audit log: who changed what, before and after as small JSON.

use serde_json::{Value, json};

use super::Book;
use crate::{change::AuditRecord, record::Alert};

/// What of an alert is worth an entry.
pub(super) fn state(alert: &Alert) -> Value {
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

impl Book {
    /// Writes an entry; of two objects only what differs.
    pub(super) fn note(&mut self, time_ns: u64, who: &str, what: &str, subject: &str, before: Value, after: Value) {
        let (before, after) = difference(before, after);
        self.news.audit.push(AuditRecord {
            time_ns,
            who: who.to_owned(),
            what: what.to_owned(),
            subject: subject.to_owned(),
            before,
            after,
        });
    }
}

/// Without what is the same in both.
fn difference(before: Value, after: Value) -> (Value, Value) {
    match (before, after) {
        (Value::Object(mut before), Value::Object(mut after)) => {
            let same: Vec<String> = after
                .iter()
                .filter(|(name, value)| before.get(*name) == Some(value))
                .map(|(name, _)| name.clone())
                .collect();
            for name in same {
                before.remove(&name);
                after.remove(&name);
            }
            (Value::Object(before), Value::Object(after))
        }
        both => both,
    }
}
