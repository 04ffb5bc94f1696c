//! The reminders that rules have set on one object.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use lifesigns_model::{RuleKey, limits};

use crate::evidence::OwnedEvidence;

/// A reminder that is due.
pub(crate) struct DueReminder {
    pub(crate) due_ns: u64,
    pub(crate) rule: RuleKey,
    pub(crate) name: Arc<str>,
    /// The line that it was set for.
    pub(crate) line: Arc<OwnedEvidence>,
    /// See [`ReminderSpec`].
    pub(crate) pays: bool,
}

/// The due time of a reminder and the line that it was set for.
#[derive(Clone)]
pub(crate) struct ReminderSpec {
    pub(crate) due_ns: u64,
    /// The line that it was set for.
    pub(crate) line: Arc<OwnedEvidence>,
    /// It is the first one that was set for a line, so it has an allowance of CPU and alerts as lines
    /// have. A reminder that was set by a reminder has none.
    pub(crate) pays: bool,
}

/// All reminders of one object.
#[derive(Default)]
pub(crate) struct Reminders {
    by_rule: BTreeMap<RuleKey, RuleReminders>,
    /// When the first one is due.
    first_ns: Option<u64>,
}

/// The reminders of one rule.
#[derive(Default)]
struct RuleReminders {
    by_name: BTreeMap<Arc<str>, ReminderSpec>,
    by_time: BTreeSet<(u64, Arc<str>)>,
}

impl RuleReminders {
    fn remove(&mut self, name: &str) -> bool {
        let Some((name, ReminderSpec { due_ns, .. })) = self.by_name.remove_entry(name) else { return false };
        self.by_time.remove(&(due_ns, name))
    }
}

impl Reminders {
    /// Sets a reminder, or moves the one of that name. Returns the name of one that was too many.
    pub(crate) fn set(&mut self, rule: &RuleKey, name: &str, set: ReminderSpec) -> Option<Arc<str>> {
        if !self.by_rule.contains_key(rule) {
            self.by_rule.insert(rule.clone(), RuleReminders::default());
        }
        let of = self.by_rule.get_mut(rule)?;
        of.remove(name);
        let name: Arc<str> = name.into();
        of.by_time.insert((set.due_ns, Arc::clone(&name)));
        of.by_name.insert(name, set);
        let mut dropped = None;
        if of.by_name.len() > limits::REMINDERS
            && let Some((_, last)) = of.by_time.pop_last()
        {
            of.by_name.remove(&last);
            dropped = Some(last);
        }
        self.look();
        dropped
    }

    /// Removes a reminder. Returns whether there was one.
    pub(crate) fn forget(&mut self, rule: &RuleKey, name: &str) -> bool {
        let Some(of) = self.by_rule.get_mut(rule) else { return false };
        let there = of.remove(name);
        if of.by_name.is_empty() {
            self.by_rule.remove(rule);
        }
        self.look();
        there
    }

    /// Takes out the earliest reminder that is due by `time_ns`, leaving those of rules that must
    /// `wait`.
    pub(crate) fn due(&mut self, time_ns: u64, wait: &dyn Fn(&RuleKey) -> bool) -> Option<DueReminder> {
        self.first_ns.filter(|first_ns| *first_ns <= time_ns)?;
        let first = |of: &RuleReminders| of.by_time.first().map(|(due_ns, _)| *due_ns);
        let firsts = self.by_rule.iter().filter_map(|(rule, of)| Some((first(of)?, rule)));
        let due = firsts.filter(|(due_ns, rule)| *due_ns <= time_ns && !wait(rule));
        let rule = due.min_by_key(|(due_ns, _)| *due_ns).map(|(_, rule)| rule.clone())?;
        let of = self.by_rule.get_mut(&rule)?;
        let (due_ns, name) = of.by_time.pop_first()?;
        let ReminderSpec { line, pays, .. } = of.by_name.remove(&name)?;
        if of.by_name.is_empty() {
            self.by_rule.remove(&rule);
        }
        self.look();
        Some(DueReminder { due_ns, rule, name, line, pays })
    }

    /// Returns whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.first_ns.is_none()
    }

    /// Returns the rule and name of all of them.
    pub(crate) fn names(&self) -> impl Iterator<Item = (&RuleKey, &Arc<str>)> {
        self.by_rule.iter().flat_map(|(rule, of)| of.by_name.keys().map(move |name| (rule, name)))
    }

    /// Returns the reminder of that rule and name.
    pub(crate) fn get(&self, rule: &RuleKey, name: &str) -> Option<&ReminderSpec> {
        self.by_rule.get(rule)?.by_name.get(name)
    }

    fn look(&mut self) {
        let firsts = self.by_rule.values().filter_map(|of| of.by_time.first());
        self.first_ns = firsts.map(|(due_ns, _)| *due_ns).min();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(due_ns: u64) -> ReminderSpec {
        let line = Arc::new(OwnedEvidence { source: "a".into(), rank: 0, line: 1, text: "a line".into() });
        ReminderSpec { due_ns, line, pays: true }
    }

    fn fire(reminders: &mut Reminders, time_ns: u64) -> Vec<String> {
        let next = || reminders.due(time_ns, &|_| false).map(|due| format!("{} {} {}", due.due_ns, due.rule, due.name));
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn they_fire_by_time_then_rule_then_name() {
        let mut reminders = Reminders::default();
        for (rule, name, due_ns) in [("b", "x", 5), ("a", "z", 5), ("a", "y", 5), ("a", "moved", 1), ("b", "w", 4)] {
            reminders.set(&rule.into(), name, set(due_ns));
        }
        reminders.set(&"a".into(), "moved", set(9));
        assert_eq!(fire(&mut reminders, 5), ["4 b w", "5 a y", "5 a z", "5 b x"]);
        assert!(
            reminders.forget(&"a".into(), "moved") && !reminders.forget(&"a".into(), "moved") && reminders.is_empty()
        );
    }

    #[test]
    fn those_of_rules_that_must_wait_stay_due() {
        let mut reminders = Reminders::default();
        reminders.set(&"a".into(), "x", set(1));
        reminders.set(&"b".into(), "y", set(2));
        let due = reminders.due(5, &|rule| &*rule.name == "a").expect("the other rule's");
        assert_eq!(due.rule, RuleKey::live("b"));
        assert!(reminders.due(5, &|rule| &*rule.name == "a").is_none());
        assert_eq!(fire(&mut reminders, 5), ["1 a x"]);
    }

    #[test]
    fn of_too_many_the_one_that_is_due_last_goes() {
        let mut reminders = Reminders::default();
        for number in 0..limits::REMINDERS as u64 {
            assert_eq!(reminders.set(&"a".into(), &format!("{number}"), set(1000 + number)), None);
        }
        assert_eq!(reminders.set(&"a".into(), "late", set(1_000_000)).as_deref(), Some("late"));
        let last = format!("{}", limits::REMINDERS - 1);
        assert_eq!(reminders.set(&"a".into(), "early", set(1)).as_deref(), Some(&*last));
        assert_eq!(reminders.set(&"a".into(), "early", set(2)), None, "one that is moved needs no room");
        assert_eq!(reminders.set(&"b".into(), "late", set(1_000_000)), None, "each rule has its own");
        assert_eq!(reminders.names().count(), limits::REMINDERS + 1);
        assert_eq!(fire(&mut reminders, 1000), ["2 a early", "1000 a 0"]);
    }
}
