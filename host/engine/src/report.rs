//! The counters of shards: events, alerts, and rules that failed.

use std::collections::BTreeMap;

use lifesigns_model::{DropKind, Drops, NS_PER_MS, RuleKey};

use crate::{call_times::CallTimes, throttle::OverBudget};

/// The failures of one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleFailures {
    /// Events on which it failed.
    pub failed: u64,
    /// Events that it was not shown because it was paused, or because there was no room for its alerts.
    pub missed: u64,
    /// How often it was paused because it had used more than its budget.
    pub over_budget: u64,
    /// When its latest pause, for a failure or its budget, began and ends, on the clock of pauses.
    pub pause_ns: (u64, u64),
    /// The last error.
    pub last_error: String,
}

impl RuleFailures {
    fn paused(&mut self, now_ns: u64, pause_ms: u64) {
        if pause_ms > 0 {
            let until_ns = now_ns.saturating_add(pause_ms.saturating_mul(NS_PER_MS));
            self.pause_ns = later(self.pause_ns, (now_ns, until_ns));
        }
    }
}

/// Returns the pause that ends later.
fn later(one: (u64, u64), other: (u64, u64)) -> (u64, u64) {
    if other.1 > one.1 { other } else { one }
}

/// The counters of one or more shards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShardReport {
    /// Events that rules answered; one event counts once for each rule that was shown it.
    pub events: u64,
    /// Alerts, raises and clears together.
    pub alerts: u64,
    /// Reminders that were deferred because too many were due at once.
    pub reminders_put_off: u64,
    /// Reminders that were dropped because a rule had set too many on one object.
    pub reminders_left_out: u64,
    /// Objects that were evicted because there were too many.
    pub objects_evicted: u64,
    /// Facts that were left out because their object had too many.
    pub facts_left_out: u64,
    /// Entries of state from before the start that could not be read, and were left out.
    pub states_left_out: u64,
    /// Other data that was dropped.
    pub dropped: Drops,
    /// How long calls of rules took; none in a replay.
    pub calls: CallTimes,
    /// Rules that failed.
    pub failures: BTreeMap<RuleKey, RuleFailures>,
}

impl ShardReport {
    pub(crate) fn failed(&mut self, rule: &RuleKey, error: &str, (now_ns, pause_ms): (u64, u64)) {
        let failures = self.failures.entry(rule.clone()).or_default();
        failures.failed += 1;
        failures.paused(now_ns, pause_ms);
        error.clone_into(&mut failures.last_error);
    }

    /// Returns everything that was dropped, by kind.
    pub fn drops(&self) -> Drops {
        let mut drops = self.dropped.clone();
        drops.add(DropKind::RemindersPutOff, self.reminders_put_off);
        drops.add(DropKind::Reminders, self.reminders_left_out);
        drops.add(DropKind::StreamObjects, self.objects_evicted);
        drops.add(DropKind::StreamFacts, self.facts_left_out);
        drops.add(DropKind::StateUnreadable, self.states_left_out);
        drops
    }

    /// Counts a rule that has used more than its budget and is paused, and says so in the log.
    pub(crate) fn over_budget(&mut self, rule: &RuleKey, over: &OverBudget, now_ns: u64) {
        tracing::warn!(rule = &*rule.label(), pause_ms = over.pause_ms, "rule over its budget, paused: {over}");
        let failures = self.failures.entry(rule.clone()).or_default();
        failures.over_budget += 1;
        failures.paused(now_ns, over.pause_ms);
        failures.last_error = over.to_string();
    }

    /// Counts an event that a rule was not shown because too much waits for a checkpoint.
    pub(crate) fn no_room(&mut self, rule: &RuleKey) {
        let failures = self.failures.entry(rule.clone()).or_default();
        failures.missed += 1;
        if failures.last_error.is_empty() {
            failures.last_error = "missed events: more waits to be committed than the host has room for".to_owned();
        }
    }

    pub(crate) fn missed(&mut self, rule: &RuleKey, events: u64) {
        self.failures.entry(rule.clone()).or_default().missed += events;
    }

    /// Adds another shard's report.
    pub fn merge(&mut self, other: Self) {
        self.events += other.events;
        self.alerts += other.alerts;
        self.reminders_put_off += other.reminders_put_off;
        self.reminders_left_out += other.reminders_left_out;
        self.objects_evicted += other.objects_evicted;
        self.facts_left_out += other.facts_left_out;
        self.states_left_out += other.states_left_out;
        self.dropped.merge(other.dropped);
        self.calls += other.calls;
        for (rule, failures) in other.failures {
            let mine = self.failures.entry(rule).or_default();
            mine.failed += failures.failed;
            mine.missed += failures.missed;
            mine.over_budget += failures.over_budget;
            mine.pause_ns = later(mine.pause_ns, failures.pause_ns);
            if !failures.last_error.is_empty() {
                mine.last_error = failures.last_error;
            }
        }
    }
}
