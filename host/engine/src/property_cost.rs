//! What one rule's conditions on properties cost for one event.

/// The cost of one rule's conditions for one event.
pub(crate) struct PropertyCost {
    pub(crate) rule: u32,
    pub(crate) units: u64,
}

impl PropertyCost {
    pub(crate) const fn of(rule: u32) -> Self {
        Self { rule, units: 0 }
    }
}

impl Default for PropertyCost {
    fn default() -> Self {
        Self::of(u32::MAX)
    }
}
