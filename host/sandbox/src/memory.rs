//! The memory of all rules of a host: one ceiling, and the charges against it.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use lifesigns_model::limits::RULES_MEMORY_BYTES;

/// The memory ceiling of all rules of one sandbox, and the part of it that is used.
#[derive(Debug)]
pub struct MemoryBudget {
    ceiling_bytes: usize,
    used_bytes: AtomicUsize,
    code_bytes: AtomicUsize,
}

impl MemoryBudget {
    /// Returns a budget of `ceiling_bytes`, of which nothing is used.
    pub fn new(ceiling_bytes: usize) -> Self {
        Self { ceiling_bytes, used_bytes: AtomicUsize::new(0), code_bytes: AtomicUsize::new(0) }
    }

    /// Returns the bytes that all rules may have together.
    pub const fn ceiling_bytes(&self) -> usize {
        self.ceiling_bytes
    }

    /// Returns the bytes that they have, machine code included.
    pub fn used_bytes(&self) -> usize {
        self.used_bytes.load(Ordering::Relaxed)
    }

    /// Returns the bytes of machine code among them.
    pub fn code_bytes(&self) -> usize {
        self.code_bytes.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let more = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.ceiling_bytes);
        self.used_bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }
}

impl Default for MemoryBudget {
    fn default() -> Self {
        Self::new(RULES_MEMORY_BYTES)
    }
}

/// The charge of one instance or module; dropping it gives it back.
#[derive(Debug)]
pub(crate) struct MemoryCharge {
    budget: Arc<MemoryBudget>,
    bytes: usize,
    is_code: bool,
}

impl MemoryCharge {
    /// Returns an empty charge.
    pub(crate) fn new(budget: &Arc<MemoryBudget>) -> Self {
        Self { budget: Arc::clone(budget), bytes: 0, is_code: false }
    }

    /// Charges the code of a module; `None` when the ceiling is reached.
    pub(crate) fn code(budget: &Arc<MemoryBudget>, bytes: usize) -> Option<Self> {
        let mut charge = Self { budget: Arc::clone(budget), bytes: 0, is_code: true };
        let granted = charge.grow(bytes);
        granted.then_some(charge)
    }

    /// Charges `bytes` more, if the ceiling allows it. Returns whether it does.
    #[must_use]
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        let granted = self.budget.take(bytes);
        if granted {
            self.bytes += bytes;
            if self.is_code {
                self.budget.code_bytes.fetch_add(bytes, Ordering::Relaxed);
            }
        }
        granted
    }

    pub(crate) fn budget(&self) -> &MemoryBudget {
        &self.budget
    }
}

impl Drop for MemoryCharge {
    fn drop(&mut self) {
        self.budget.used_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        if self.is_code {
            self.budget.code_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_is_given_back() {
        let budget = Arc::new(MemoryBudget::new(100));
        let mut one = MemoryCharge::new(&budget);
        assert!(one.grow(60) && !one.grow(41) && one.grow(40));
        assert!(MemoryCharge::code(&budget, 1).is_none());
        drop(one);
        let code = MemoryCharge::code(&budget, 100).expect("there is room");
        assert_eq!((budget.used_bytes(), budget.code_bytes()), (100, 100));
        drop(code);
        assert_eq!((budget.used_bytes(), budget.code_bytes()), (0, 0));
    }
}
