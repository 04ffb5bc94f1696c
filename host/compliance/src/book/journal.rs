//! What the book did since changes were last taken: audit entries, notices and what else goes to the store as it is.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::{
    change::{AuditedChange, BookChanges, KnownRule, Notice, RemovedRule},
    record::{Alert, BadgeOwner, BadgePoint},
    silence::Silence,
};

/// The audit entry of an alert that ends.
pub(super) const ALERT_CANCELLED: &str = "alert cancelled";

/// The most badges at once of which all are kept.
const BADGES: usize = 512;

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
        thin(&mut self.changes.badges);
        std::mem::take(&mut self.changes)
    }
}

/// Of very many badges, leaves out those of groups that another one of the same group and second follows: the badge of
/// a group changes with each alert of its members.
fn thin(badges: &mut Vec<BadgePoint>) {
    if badges.len() <= BADGES {
        return;
    }
    let mut followed: HashSet<(&str, u64)> = HashSet::new();
    let mut kept = Vec::with_capacity(badges.len());
    for point in badges.iter().rev() {
        kept.push(point.of == BadgeOwner::Object || followed.insert((&point.name, point.time_ns / 1_000_000_000)));
    }
    badges.retain(|_| kept.pop() == Some(true));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Badge;

    fn point(of: BadgeOwner, name: &str, time_ns: u64, violations: u32) -> BadgePoint {
        BadgePoint {
            of,
            name: name.to_owned(),
            time_ns,
            badge: Badge { score: 0, worst: 0, share: 0, violations, allowed: 0 },
        }
    }

    #[test]
    fn of_very_many_badges_of_a_group_the_last_of_each_second_stays() {
        let mut journal = Journal::default();
        let many = |count: u32| -> Vec<BadgePoint> {
            let times = (0..count).map(|number| (number, u64::from(number) * 10_000_000));
            times
                .flat_map(|(number, time_ns)| {
                    let object = format!("vm-{number}");
                    [
                        point(BadgeOwner::Object, &object, time_ns, 1),
                        point(BadgeOwner::Group, "fleet", time_ns, number),
                        point(BadgeOwner::Group, &object, time_ns, 1),
                    ]
                })
                .collect()
        };
        journal.badges(many(100));
        assert_eq!(journal.take().badges, many(100), "so few are all kept");
        journal.badges(many(1000));
        let kept = journal.take().badges;
        let fleet: Vec<u32> =
            kept.iter().filter(|point| point.name == "fleet").map(|point| point.badge.violations).collect();
        assert_eq!(fleet, [99, 199, 299, 399, 499, 599, 699, 799, 899, 999]);
        assert_eq!(kept.len(), 2000 + fleet.len(), "another group, and objects, have one each");
        assert!(kept.is_sorted_by_key(|point| point.time_ns));
    }
}
