//! Retention by age. There is no file, so the bound on its size does not apply.

use lifesigns_model::NS_PER_MS;

use super::state::Tables;
use crate::retention::{RetentionPolicy, RetentionStep};

/// Rows of a kind that one step removes at most.
const ROWS: usize = 500;

impl Tables {
    /// Takes one step of retention.
    pub(super) fn retain(&mut self, now_ns: u64, policy: &RetentionPolicy) -> RetentionStep {
        let before = |age_ms: u64| (age_ms > 0).then(|| now_ns.saturating_sub(age_ms.saturating_mul(NS_PER_MS)));
        let mut step = RetentionStep::default();
        if let Some(before_ns) = before(policy.alerts_age_ms) {
            step.alerts = self.book.remove_alerts(before_ns, ROWS);
            step.dead_letters = self.outbox.remove_dead(before_ns, ROWS);
            step.silences = self.book.remove_silences(before_ns, ROWS);
            step.calls = self.calls.remove(before_ns);
        }
        if let Some(before_ns) = before(policy.badges_age_ms) {
            step.badges = self.history.remove_badges(before_ns, ROWS);
        }
        if let Some(before_ns) = before(policy.audit_age_ms) {
            step.audit = self.history.shorten(before_ns, ROWS, now_ns);
        }
        let most = [step.alerts, step.dead_letters, step.silences, step.badges, step.audit].into_iter().max();
        step.more = most.is_some_and(|most| most >= ROWS);
        step
    }
}
