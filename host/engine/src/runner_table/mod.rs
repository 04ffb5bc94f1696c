//! The rules of one shard: a runner for each that was given an event, and the state of those that have none. A rule's
//! state is in its runner or parked, never both.

mod checkpoint;
mod migrate;
mod moves;
mod parked;

use std::{collections::HashMap, mem, sync::Arc};

use lifesigns_model::RuleKey;

use crate::{
    RuleSet,
    cost_units::FREE_UNITS,
    flush_context::{RunnerResources, ShardClock, ShardParts},
    property_cost::PropertyCost,
    report::ShardReport,
    rule_runner::{RuleEvent, RuleRunner},
    scan_cost::charge_units,
    state::StateLedger,
    usage::RuleUsage,
};
use parked::{GoneEntries, ParkedStates};

/// All rules in one shard.
pub(crate) struct RunnerTable {
    rules: Arc<RuleSet>,
    /// By the rule's number in the set.
    runners: Vec<Option<Box<RuleRunner>>>,
    /// Runners with an open batch.
    open: Vec<u32>,
    /// Runners that have run since their use was last taken.
    ran: Vec<u32>,
    /// What rules were charged for their conditions since then.
    charged: Vec<(RuleKey, RuleUsage)>,
    parked: ParkedStates,
    gone: GoneEntries,
    resources: RunnerResources,
}

impl RunnerTable {
    pub(crate) fn new(rules: Arc<RuleSet>, ledger: Arc<StateLedger>, cpu_ms_per_s: u64) -> Self {
        let resources = RunnerResources::new(&rules, Arc::clone(&ledger), cpu_ms_per_s);
        Self {
            runners: rules.rules().iter().map(|_| None).collect(),
            rules,
            open: Vec::new(),
            ran: Vec::new(),
            charged: Vec::new(),
            parked: ParkedStates::new(ledger),
            gone: GoneEntries::default(),
            resources,
        }
    }

    /// Returns the rule set in force.
    pub(crate) const fn rules(&self) -> &Arc<RuleSet> {
        &self.rules
    }

    /// Returns the number of a rule in the set.
    pub(crate) fn number_of(&self, key: &RuleKey) -> Option<u32> {
        let number = self.rules.rules().binary_search_by(|rule| rule.key.cmp(key)).ok()?;
        Some(number as u32)
    }

    /// Whether reminders of a rule wait: they are set aside for a rollback, or it is over its budget, and what it has
    /// set itself can wait.
    pub(crate) fn defers_reminders(&self, key: &RuleKey, now_ns: u64) -> bool {
        if key.is_previous() {
            return true;
        }
        let Some(number) = self.number_of(key) else { return false };
        match &self.runners[number as usize] {
            Some(runner) => runner.is_over_budget(now_ns),
            None => false,
        }
    }

    /// Adds an event to the open batch of a rule, and shows it to the rule when it is full.
    pub(crate) fn show(&mut self, number: u32, shown: RuleEvent<'_>, parts: &mut ShardParts<'_, '_>) {
        let object = shown.object;
        let runner = match &mut self.runners[number as usize] {
            Some(runner) => runner,
            empty => {
                let rule = Arc::clone(&self.rules.rules()[number as usize]);
                let state = self.parked.take_or_new(&rule);
                empty.insert(Box::new(RuleRunner::new(rule, number, state)))
            }
        };
        if runner.is_empty() {
            self.open.push(number);
        }
        let mut context = self.resources.context(parts);
        if runner.push(&self.rules, shown, &mut context) {
            self.ran.push(number);
            runner.flush(&mut context);
        } else if runner.reminds() {
            context.objects.get_mut(object).add_pending(number);
        }
    }

    /// Shows all open batches to their rules.
    pub(crate) fn flush(&mut self, parts: &mut ShardParts<'_, '_>) {
        while let Some(number) = self.open.pop() {
            self.flush_rule(number, parts);
        }
        self.resources.record_differences(&self.rules);
    }

    /// Shows the open batch of one rule to it.
    pub(crate) fn flush_rule(&mut self, number: u32, parts: &mut ShardParts<'_, '_>) {
        let Some(Some(runner)) = self.runners.get_mut(number as usize) else { return };
        if runner.is_empty() {
            return;
        }
        if self.ran.last() != Some(&number) {
            self.ran.push(number);
        }
        runner.flush(&mut self.resources.context(parts));
    }

    /// Switches to another rule set. Rules that stay keep their instances, and a key keeps its state.
    pub(crate) fn switch_rules(&mut self, rules: &Arc<RuleSet>, parts: &mut ShardParts<'_, '_>) {
        self.flush(parts);
        let mut staying: HashMap<RuleKey, Box<RuleRunner>> = HashMap::new();
        for runner in self.runners.drain(..).flatten() {
            staying.insert(runner.key().clone(), runner);
        }
        self.ran.clear();
        self.rules = Arc::clone(rules);
        self.resources.switch_rules(rules);
        for (number, rule) in rules.rules().iter().enumerate() {
            let number = number as u32;
            let runner = match staying.remove(&rule.key) {
                Some(runner) if runner.runs(rule) => {
                    self.ran.push(number);
                    Some(Box::new(runner.moved(number)))
                }
                Some(runner) => {
                    runner.into_state().map(|state| Box::new(RuleRunner::new(Arc::clone(rule), number, state)))
                }
                None => None,
            };
            self.runners.push(runner);
        }
        for (key, runner) in staying {
            if let Some(state) = runner.into_state() {
                self.parked.put(&key, state);
            }
        }
    }

    /// Discards what rules hold of an object.
    pub(crate) fn evict(&mut self, object: u32, id: &str) {
        for runner in self.runners.iter_mut().flatten() {
            let Some(state) = runner.state_mut() else { continue };
            let keys = state.evict(object);
            self.gone.add(runner.key(), id, 0, keys);
        }
        for (rule, state) in self.parked.iter_mut() {
            self.gone.add(rule, id, 0, state.evict(object));
        }
    }

    /// Charges a rule for conditions on properties, which are evaluated outside of any call: for what goes beyond that
    /// which an event pays for. In a replay nothing is charged: its output must not depend on how fast a machine is.
    pub(crate) fn charge(&mut self, cost: PropertyCost, clock: ShardClock, report: &mut ShardReport) {
        let (ShardClock::Wall(now_ns), Some(units @ 1..)) = (clock, cost.units().checked_sub(FREE_UNITS)) else {
            return;
        };
        let rule = &self.rules.rules()[cost.rule() as usize];
        let (usage, over) = charge_units(rule, now_ns, units);
        if let Some(over) = over {
            report.over_budget(&rule.key, &over, now_ns);
        }
        match self.charged.iter_mut().find(|(key, _)| *key == rule.key) {
            Some((_, sum)) => *sum += usage,
            None => self.charged.push((rule.key.clone(), usage)),
        }
    }

    /// Settles what rules and their shadows said, unless one of them has an open batch.
    pub(crate) fn record_differences(&mut self) {
        if self.open.is_empty() {
            self.resources.record_differences(&self.rules);
        }
    }

    /// Takes the use of rules since the last call.
    pub(crate) fn take_usage(&mut self) -> Vec<(RuleKey, RuleUsage)> {
        let mut ran = mem::take(&mut self.ran);
        ran.sort_unstable();
        ran.dedup();
        let mut used = mem::take(&mut self.charged);
        for number in ran {
            if let Some(Some(runner)) = self.runners.get_mut(number as usize) {
                used.push((runner.key().clone(), runner.take_usage()));
            }
        }
        used
    }
}
