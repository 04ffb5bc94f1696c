//! The cost of finding a rule's literals in lines and of evaluating its conditions. Scanners do both,
//! outside of any call, and the rule pays: one that takes more than its budget is passed over for a
//! while, and the lines that it misses are counted.

use parking_lot::MutexGuard;

use lifesigns_model::RuleKey;

use crate::{
    LoadedRule, RuleSet,
    cost_units::FREE_UNITS,
    throttle::{OverBudget, Throttle},
    usage::RuleUsage,
};

/// A unit is about one byte that is searched.
const NS_PER_UNIT: u64 = 2;

/// The cost of one rule for one chunk.
#[derive(Clone, Copy, Default)]
struct RuleCost {
    units: u64,
    missed: u64,
    is_paused: bool,
}

/// The costs of all rules for one chunk.
#[derive(Default)]
pub(crate) struct ScanCosts {
    /// By rule.
    chunk: Vec<RuleCost>,
    /// Of the current line: rule and units, or `None` for a rule that was passed over.
    line: Vec<(u32, Option<u64>)>,
}

/// The charge of one rule for one chunk.
pub(crate) struct ScanCharge {
    pub(crate) rule: RuleKey,
    pub(crate) usage: RuleUsage,
    /// Lines on which its interests were not evaluated.
    pub(crate) missed: u64,
    /// It is paused from now on.
    pub(crate) over: Option<OverBudget>,
}

fn throttle(rule: &LoadedRule) -> MutexGuard<'_, Throttle> {
    rule.conditions.lock()
}

/// Charges a rule for work outside of its calls. Returns what it has used, and its budget if that is
/// overdrawn: the rule is passed over for a while then.
pub(crate) fn charge_units(rule: &LoadedRule, now_ns: u64, units: u64) -> (RuleUsage, Option<OverBudget>) {
    let cpu_ns = units * NS_PER_UNIT;
    let over = throttle(rule).charge_conditions(now_ns, cpu_ns);
    (RuleUsage { cpu_ns, pauses: u64::from(over.is_some()), ..RuleUsage::default() }, over)
}

impl ScanCosts {
    /// Begins a chunk. Without a time no rule is ever passed over.
    pub(crate) fn begin(&mut self, rules: &RuleSet, now_ns: Option<u64>) {
        self.chunk.clear();
        self.chunk.resize(rules.rules().len(), RuleCost::default());
        let Some(now_ns) = now_ns else { return };
        for number in &rules.index.billed {
            let rule = *number as usize;
            self.chunk[rule].is_paused = throttle(&rules.rules()[rule]).blocks(now_ns);
        }
    }

    /// Whether interests of this rule are evaluated; if not, the line is one that it misses.
    pub(crate) fn may_evaluate(&mut self, rule: u32) -> bool {
        let is_paused = self.chunk[rule as usize].is_paused;
        if is_paused && !self.line.contains(&(rule, None)) {
            self.line.push((rule, None));
        }
        !is_paused
    }

    /// Adds what the line costs one rule. One that is passed over pays nothing.
    pub(crate) fn add(&mut self, rule: u32, units: u64) {
        if self.chunk[rule as usize].is_paused {
            return;
        }
        match self.line.iter_mut().find(|(known, _)| *known == rule) {
            Some((_, sum)) => *sum = Some(sum.unwrap_or_default() + units),
            None => self.line.push((rule, Some(units))),
        }
    }

    /// Ends a line.
    pub(crate) fn end_line(&mut self) {
        for (rule, units) in self.line.drain(..) {
            let owed = &mut self.chunk[rule as usize];
            match units {
                Some(units) => owed.units += units.saturating_sub(FREE_UNITS),
                None => owed.missed += 1,
            }
        }
    }

    /// Ends the chunk and charges the rules.
    pub(crate) fn charge(&mut self, rules: &RuleSet, now_ns: u64) -> Vec<ScanCharge> {
        let mut charges = Vec::new();
        for number in &rules.index.billed {
            let RuleCost { units, missed, .. } = std::mem::take(&mut self.chunk[*number as usize]);
            if units == 0 && missed == 0 {
                continue;
            }
            let (usage, over) = charge_units(&rules.rules()[*number as usize], now_ns, units);
            charges.push(ScanCharge { rule: rules.rules()[*number as usize].key.clone(), usage, missed, over });
        }
        charges
    }
}
