//! Limits the steps of expressions: those of one expression, and those of all expressions that are evaluated
//! for one change together.

use crate::limits::{EXPRESSION_STEPS, TOTAL_STEPS};

/// The steps that all expressions of one change may take together.
#[derive(Clone, Debug)]
pub struct StepBudget {
    left: usize,
    spent: usize,
}

/// Steps of one expression.
#[derive(Debug)]
pub(super) struct Steps {
    left: usize,
    spent: usize,
    exhausted: bool,
    /// Whether the limit is that of all expressions together.
    total: bool,
}

impl Default for StepBudget {
    fn default() -> Self {
        Self { left: TOTAL_STEPS, spent: 0 }
    }
}

impl StepBudget {
    /// Returns the steps that were taken so far.
    pub fn spent(&self) -> usize {
        self.spent
    }

    /// Takes one step, for an expression that need not be evaluated.
    pub(crate) fn skip(&mut self) {
        self.left = self.left.saturating_sub(1);
        self.spent += 1;
    }

    pub(super) fn begin(&self) -> Steps {
        let left = EXPRESSION_STEPS.min(self.left);
        Steps { left, spent: 0, exhausted: false, total: self.left < EXPRESSION_STEPS }
    }

    pub(super) fn end(&mut self, steps: &Steps) {
        self.left = self.left.saturating_sub(steps.spent);
        self.spent += steps.spent;
    }
}

impl Steps {
    /// Takes `steps`. Returns whether that many were left; if not, none is left from then on.
    pub(super) fn take(&mut self, steps: usize) -> bool {
        if self.exhausted || steps > self.left {
            self.spent += self.left;
            self.left = 0;
            self.exhausted = true;
            return false;
        }
        self.left -= steps;
        self.spent += steps;
        true
    }

    /// Takes the steps for scanning `bytes`.
    pub(super) fn take_bytes(&mut self, bytes: usize) -> bool {
        self.take(bytes / 16)
    }

    pub(super) fn is_exhausted(&self) -> bool {
        self.exhausted
    }

    /// Returns the reason why no steps are left.
    pub(super) fn exhausted(&self) -> String {
        if self.total {
            format!("all expressions about this change together take more than {TOTAL_STEPS} steps")
        } else {
            format!("it takes more than {EXPRESSION_STEPS} steps")
        }
    }
}
