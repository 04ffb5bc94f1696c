//! Budgets of a rule: one that uses more than its budget is paused, longer each time that it does so
//! again. A plain value without a clock of its own.

use std::fmt;

use lifesigns_model::{Limits, NS_PER_MS, limits};

use crate::{meter::TokenBucket, pause};

/// The cost of one call of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallCost {
    /// Events that pay for some of it: not reminders that a reminder set.
    pub(crate) events: u64,
    /// CPU, in nanoseconds; 0 in a replay.
    pub(crate) cpu_ns: u64,
    pub(crate) alerts: u64,
    pub(crate) alert_bytes: u64,
}

/// The kind of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BudgetKind {
    Cpu,
    Alerts,
    AlertBytes,
    StateBytes,
    Conditions,
}

/// A rule that has used more than its budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OverBudget {
    what: BudgetKind,
    used: u64,
    in_ns: u64,
    per_s: u64,
    burst: u64,
    /// All rules of the shard together have; this one was at it.
    shared_cpu: bool,
    /// For how long it is paused, in milliseconds.
    pub(crate) pause_ms: u64,
}

impl fmt::Display for OverBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { used, per_s, burst, .. } = *self;
        let seconds = self.in_ns.div_ceil(100 * NS_PER_MS).max(1) as f64 / 10.0;
        let budget = if self.shared_cpu { "the budget of all rules together" } else { "its budget" };
        match self.what {
            BudgetKind::Cpu => {
                let [used, per_s, burst] = [used, per_s, burst].map(|ns| ns.div_ceil(NS_PER_MS));
                let free = limits::FREE_CPU_US as f64 / 1000.0;
                write!(f, "slow: {used} ms of CPU in {seconds:.1} s, beyond {free} ms an event; ")?;
                write!(f, "{budget} is {per_s} ms a second, {burst} at once")?;
            }
            BudgetKind::Conditions => {
                let [used, per_s, burst] = [used, per_s, burst].map(|ns| ns.div_ceil(NS_PER_MS));
                write!(f, "conditions: about {used} ms of CPU in {seconds:.1} s for its literals and conditions; ")?;
                write!(f, "{budget} is {per_s} ms a second, {burst} at once")?;
            }
            BudgetKind::Alerts => {
                write!(f, "{used} raises and clears in {seconds:.1} s, beyond one an event; ")?;
                write!(f, "{budget} is {per_s} a second, {burst} at once")?;
            }
            BudgetKind::AlertBytes => {
                let free = limits::FREE_ALERT_BYTES;
                write!(f, "{used} bytes of raises and clears in {seconds:.1} s, beyond {free} an event; ")?;
                write!(f, "{budget} is {per_s} a second, {burst} at once")?;
            }
            BudgetKind::StateBytes => {
                let free = limits::FREE_STATE_BYTES;
                write!(f, "{used} bytes of changed state in {seconds:.1} s, beyond {free} an entry; ")?;
                write!(f, "{budget} is {per_s} a second, {burst} at once")?;
            }
        }
        write!(f, "; paused for {} s", self.pause_ms.div_ceil(1000))
    }
}

/// A budget and its meter.
#[derive(Debug)]
struct MeteredBudget {
    what: BudgetKind,
    per_s: u64,
    burst: u64,
    meter: TokenBucket,
}

impl MeteredBudget {
    fn new(what: BudgetKind, per_s: u64, burst: u64) -> Self {
        let burst = burst.max(1);
        Self { what, per_s, burst, meter: TokenBucket::new(per_s, burst) }
    }

    fn over(&self) -> OverBudget {
        let (used, in_ns) = self.meter.used();
        let Self { what, per_s, burst, .. } = *self;
        OverBudget { what, used, in_ns, per_s, burst, shared_cpu: false, pause_ms: 0 }
    }
}

/// The CPU that all rules of one shard may use together of its thread.
#[derive(Debug)]
pub(crate) struct SharedCpuBudget(MeteredBudget);

impl SharedCpuBudget {
    pub(crate) fn new(cpu_ms_per_s: u64) -> Self {
        Self(cpu(BudgetKind::Cpu, cpu_ms_per_s))
    }
}

/// Returns a budget of CPU. Its burst is 0.4 s of it: the rules beside a slow one wait behind its calls,
/// so this, and one call, is for how long it can hold them up before it is paused.
fn cpu(what: BudgetKind, ms_per_s: u64) -> MeteredBudget {
    let per_s = ms_per_s.saturating_mul(NS_PER_MS);
    MeteredBudget::new(what, per_s, per_s / 5 * 2)
}

/// Returns the share that each rule may use of it however much all use together: an eighth of its own
/// budget, and half of its own burst at once.
fn share(ms_per_s: u64) -> TokenBucket {
    let per_s = ms_per_s.saturating_mul(NS_PER_MS);
    TokenBucket::new(per_s / 8, per_s / 5)
}

/// Returns the budget of log lines, with a burst of what one call may write; none at all for 0 a second.
fn log_lines(per_s: u64) -> TokenBucket {
    let burst = if per_s == 0 { 0 } else { per_s.max(limits::LOG_LINES as u64) };
    TokenBucket::new(per_s, burst)
}

/// One rule's budgets in one shard.
#[derive(Debug)]
pub(crate) struct Throttle {
    cpu: MeteredBudget,
    /// An eighth of that: a rule that uses no more is not at fault when all use too much together.
    share: TokenBucket,
    alerts: MeteredBudget,
    alert_bytes: MeteredBudget,
    state_bytes: MeteredBudget,
    /// The work of scanners for it.
    conditions: MeteredBudget,
    log_lines: TokenBucket,
    pauses: u32,
    until_ns: u64,
}

impl Throttle {
    pub(crate) fn new(limits: &Limits) -> Self {
        let bytes = |what, per_s: u64| MeteredBudget::new(what, per_s, per_s.saturating_mul(4));
        Self {
            cpu: cpu(BudgetKind::Cpu, limits.cpu_ms_per_s),
            conditions: cpu(BudgetKind::Conditions, limits.cpu_ms_per_s),
            share: share(limits.cpu_ms_per_s),
            alerts: MeteredBudget::new(BudgetKind::Alerts, limits.alerts_per_s, limits.alerts_per_s),
            alert_bytes: bytes(BudgetKind::AlertBytes, limits.alert_bytes_per_s),
            state_bytes: bytes(BudgetKind::StateBytes, limits.state_bytes_per_s),
            log_lines: log_lines(limits.log_lines_per_s),
            pauses: 0,
            until_ns: 0,
        }
    }

    /// Returns whether the rule is paused now.
    pub(crate) const fn blocks(&self, now_ns: u64) -> bool {
        now_ns < self.until_ns
    }

    /// Charges a call. Returns which budget is overdrawn, if one is: the rule is paused then.
    pub(crate) fn charge(
        &mut self,
        now_ns: u64,
        spent: CallCost,
        shared_cpu: &mut SharedCpuBudget,
    ) -> Option<OverBudget> {
        let beyond = |used: u64, free: u64| used.saturating_sub(spent.events.saturating_mul(free));
        let cpu_ns = beyond(spent.cpu_ns, limits::FREE_CPU_US * 1000);
        let alerts = beyond(spent.alerts, limits::FREE_ALERTS);
        let alert_bytes = beyond(spent.alert_bytes, limits::FREE_ALERT_BYTES);
        if cpu_ns == 0 && alerts == 0 && alert_bytes == 0 {
            // Nearly all calls return here.
            if self.pauses > 0 && now_ns >= self.until_ns && self.is_full(now_ns) {
                self.pauses = 0;
            }
            return None;
        }
        if self.is_full(now_ns) {
            self.pauses = 0;
        }
        let mut over = None;
        for (account, amount) in
            [(&mut self.cpu, cpu_ns), (&mut self.alerts, alerts), (&mut self.alert_bytes, alert_bytes)]
        {
            if amount > 0 && account.meter.charge(now_ns, amount) {
                over = over.or(Some((account.over(), account.meter.paid_ns())));
            }
        }
        // One call that uses far too much is not charged to the other rules.
        let mine_ns = cpu_ns.min(self.cpu.burst);
        let is_heavy = cpu_ns > 0 && self.share.charge(now_ns, mine_ns);
        if cpu_ns > 0 && shared_cpu.0.meter.charge(now_ns, mine_ns) && is_heavy && over.is_none() {
            let all = OverBudget { shared_cpu: true, ..shared_cpu.0.over() };
            over = Some((all, shared_cpu.0.meter.paid_ns()));
        }
        let (over, paid_ns) = over?;
        Some(self.pause(now_ns, over, paid_ns))
    }

    /// Charges `bytes` of committed state beyond the allowance.
    pub(crate) fn charge_state(&mut self, now_ns: u64, bytes: u64) -> Option<OverBudget> {
        if bytes == 0 || !self.state_bytes.meter.charge(now_ns, bytes) {
            return None;
        }
        let (over, paid_ns) = (self.state_bytes.over(), self.state_bytes.meter.paid_ns());
        Some(self.pause(now_ns, over, paid_ns))
    }

    /// Pays for what scanners have done for the rule, in nanoseconds of CPU.
    pub(crate) fn charge_conditions(&mut self, now_ns: u64, cpu_ns: u64) -> Option<OverBudget> {
        if self.conditions.meter.is_full(now_ns) {
            self.pauses = 0;
        }
        if cpu_ns == 0 || !self.conditions.meter.charge(now_ns, cpu_ns) {
            return None;
        }
        let (over, paid_ns) = (self.conditions.over(), self.conditions.meter.paid_ns());
        Some(self.pause(now_ns, over, paid_ns))
    }

    /// Whether one more line may go to the log.
    pub(crate) fn may_log(&mut self, now_ns: u64) -> bool {
        let may = self.log_lines.has_some(now_ns);
        if may {
            self.log_lines.charge(now_ns, 1);
        }
        may
    }

    fn is_full(&mut self, now_ns: u64) -> bool {
        [&mut self.cpu, &mut self.alerts, &mut self.alert_bytes, &mut self.state_bytes]
            .into_iter()
            .all(|account| account.meter.is_full(now_ns))
    }

    fn pause(&mut self, now_ns: u64, over: OverBudget, paid_ns: u64) -> OverBudget {
        let pause_ms = pause::after(self.pauses);
        self.pauses = self.pauses.saturating_add(1);
        let until_ns = now_ns.saturating_add(pause_ms * NS_PER_MS).max(paid_ns);
        self.until_ns = self.until_ns.max(until_ns);
        let Self { cpu, alerts, alert_bytes, state_bytes, conditions, .. } = self;
        for account in [cpu, alerts, alert_bytes, state_bytes, conditions] {
            account.meter.resume(self.until_ns);
        }
        OverBudget { pause_ms: (self.until_ns - now_ns).div_ceil(NS_PER_MS), ..over }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = NS_PER_MS;
    const S: u64 = 1000 * MS;

    fn throttle() -> (Throttle, SharedCpuBudget) {
        (Throttle::new(&Limits::default()), SharedCpuBudget::new(limits::RULES_CPU_MS_PER_S))
    }

    fn slow(ms: u64) -> CallCost {
        CallCost { events: 1, cpu_ns: ms * MS, ..CallCost::default() }
    }

    #[test]
    fn what_events_pay_for_is_never_too_much() {
        let (mut throttle, mut shared_cpu) = throttle();
        for turn in 0..100_000 {
            let spent = CallCost { events: 256, cpu_ns: 25 * MS, alerts: 256, alert_bytes: 256 << 10 };
            assert_eq!(throttle.charge(S + turn, spent, &mut shared_cpu), None);
        }
    }

    #[test]
    fn a_slow_rule_is_paused_with_the_figure_and_longer_each_time() {
        let (mut throttle, mut shared_cpu) = throttle();
        let mut pauses = Vec::new();
        let mut ran_ms = 0;
        // 25 events a second of 58 ms each, for a minute.
        for event in 0..1500_u64 {
            let now_ns = S + event * 40 * MS;
            if throttle.blocks(now_ns) {
                continue;
            }
            ran_ms += 58;
            if let Some(over) = throttle.charge(now_ns, slow(58), &mut shared_cpu) {
                pauses.push(over.pause_ms);
                let text = over.to_string();
                assert!(text.starts_with("slow: ") && text.contains("its budget is 250 ms a second"), "{text}");
            }
        }
        assert_eq!(pauses[..5], [1000, 2000, 4000, 8000, 16_000], "{pauses:?}");
        assert!(ran_ms < 700, "{ran_ms} ms of a minute");
    }

    #[test]
    fn a_rule_that_stays_within_its_budget_is_trusted_again() {
        let (mut throttle, mut shared_cpu) = throttle();
        for now_ns in [10 * S, 20 * S, 30 * S] {
            let over = throttle.charge(now_ns, slow(300), &mut shared_cpu).expect("too much at once");
            assert_eq!(over.pause_ms, 1000, "it had a good while between");
            assert!(throttle.blocks(now_ns + S - 1) && !throttle.blocks(now_ns + S));
        }
    }

    #[test]
    fn debt_is_paid_however_large() {
        let (mut throttle, mut shared_cpu) = throttle();
        let spent = CallCost { events: 1, alert_bytes: 64 << 20, ..CallCost::default() };
        let over = throttle.charge(S, spent, &mut shared_cpu).expect("it is too much");
        assert!((59_000..=60_000).contains(&over.pause_ms), "{over}");
    }

    #[test]
    fn many_slow_rules_are_too_much_together() {
        let mut shared_cpu = SharedCpuBudget::new(500);
        let mut rules: Vec<Throttle> = (0..11).map(|_| Throttle::new(&Limits::default())).collect();
        let twice = (0..20).find_map(|turn| rules[turn % 10].charge(S, slow(40), &mut shared_cpu));
        assert!(twice.expect("more than 200 ms").to_string().contains("the budget of all rules together is 500 ms"));
        let quick = CallCost { events: 10, cpu_ns: MS, ..CallCost::default() };
        assert_eq!(rules[9].charge(S, quick, &mut shared_cpu), None, "a quick rule is not held up by others");
        assert_eq!(rules[10].charge(S, slow(40), &mut shared_cpu), None, "nor is one that seldom uses much");
    }

    #[test]
    fn one_call_that_uses_far_too_much_is_not_for_the_others_to_pay() {
        let (mut one, mut shared_cpu) = throttle();
        assert!(one.charge(S, slow(60_000), &mut shared_cpu).is_some());
        let mut other = Throttle::new(&Limits::default());
        assert_eq!(other.charge(S, slow(90), &mut shared_cpu), None);
    }

    #[test]
    fn log_lines_come_at_a_rate() {
        let (mut throttle, _) = throttle();
        assert_eq!((0..1000).filter(|_| throttle.may_log(S)).count(), 100);
        assert_eq!((0..1000).filter(|_| throttle.may_log(2 * S)).count(), 100);
    }

    /// Over any long time a rule runs for no more than its share, its burst, and one call at each end.
    #[test]
    fn random_rules_stay_within_their_share() {
        let mut random = 5_u64;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        for _ in 0..300 {
            let share = 1 + next(900);
            let mut throttle = Throttle::new(&Limits { cpu_ms_per_s: share, ..Limits::default() });
            let mut shared_cpu = SharedCpuBudget::new(100_000);
            let (mut now_ns, mut ran_ns, most) = (S, 0_u64, 1 + next(100));
            for _ in 0..1000 {
                now_ns += next(200) * MS;
                if !throttle.blocks(now_ns) {
                    let ms = 1 + next(most);
                    ran_ns += ms * MS;
                    throttle.charge(now_ns, slow(ms), &mut shared_cpu);
                    // The call itself takes time.
                    now_ns += ms * MS;
                }
            }
            let given = (now_ns - S) / 1000 * share + share * MS + 2 * most * MS + 1000 * 100_000;
            assert!(ran_ns <= given, "{ran_ns} of {given}, {share} ms a second, {most} ms at most");
        }
    }
}
