//! The cost of conditions on properties, which a shard evaluates outside of any call: the rule pays for
//! it as for its conditions on fields.

use super::Shard;
use crate::{
    condition::CompiledTest, cost_units::FREE_UNITS, flush_context::ShardClock, property_cost::PropertyCost,
    scan_cost::charge_units,
};

impl Shard {
    /// Whether an object's properties at a time pass all conditions; `cost` grows by what that takes.
    pub(super) fn properties_pass(
        &self,
        object: u32,
        time_ns: u64,
        conditions: &[(String, CompiledTest)],
        cost: &mut PropertyCost,
    ) -> bool {
        if conditions.is_empty() {
            return true;
        }
        let facts = &self.objects.get(object).facts;
        conditions.iter().all(|(name, test)| {
            let value = facts.property(name, time_ns);
            cost.units += test.units(value);
            test.passes(value)
        })
    }

    /// Charges a rule for what goes beyond that which an event pays for. In a replay nothing is charged:
    /// its output must not depend on how fast a machine is.
    pub(super) fn charge(&mut self, cost: PropertyCost) {
        let (ShardClock::Wall(now_ns), Some(units @ 1..)) = (self.clock, cost.units.checked_sub(FREE_UNITS)) else {
            return;
        };
        let rule = &self.rules.rules()[cost.rule as usize];
        let (usage, over) = charge_units(rule, now_ns, units);
        if let Some(over) = over {
            self.report.over_budget(&rule.key, &over, now_ns);
        }
        match self.charged.iter_mut().find(|(key, _)| *key == rule.key) {
            Some((_, sum)) => *sum += usage,
            None => self.charged.push((rule.key.clone(), usage)),
        }
    }
}
