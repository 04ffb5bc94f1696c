//! One rule's conditions on properties, evaluated for one event, and what that costs.

use crate::{condition::CompiledTest, facts::FactHistory};

/// The cost of one rule's conditions for one event.
pub(crate) struct PropertyCost {
    rule: u32,
    units: u64,
}

impl PropertyCost {
    pub(crate) const fn of(rule: u32) -> Self {
        Self { rule, units: 0 }
    }

    /// Returns the number of the rule, [`u32::MAX`] for none.
    pub(crate) const fn rule(&self) -> u32 {
        self.rule
    }

    /// Returns the cost, in [units](crate::cost_units).
    pub(crate) const fn units(&self) -> u64 {
        self.units
    }

    /// Returns whether an object's properties at a time pass all conditions, and adds what that takes.
    pub(crate) fn passes(&mut self, facts: &FactHistory, time_ns: u64, conditions: &[(String, CompiledTest)]) -> bool {
        for (name, test) in conditions {
            let value = facts.property(name, time_ns);
            self.units += test.units(value);
            if !test.passes(value) {
                return false;
            }
        }
        true
    }
}

impl Default for PropertyCost {
    fn default() -> Self {
        Self::of(u32::MAX)
    }
}
