//! The resource use of rules: counted by the shards, summed for the host, with rates over the last
//! seconds.

use std::{collections::BTreeMap, time::Duration};

use lifesigns_model::RuleKey;

/// Rates look back over one to two of these.
const WINDOW_NS: u64 = 5_000_000_000;

/// The use of one rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleUsage {
    /// Events that it was shown.
    pub events: u64,
    /// CPU for them, with the host's work for its answers, in nanoseconds; 0 in a replay.
    pub cpu_ns: u64,
    /// Raises and clears.
    pub alerts: u64,
    /// Bytes of their summaries and attributes.
    pub alert_bytes: u64,
    /// Bytes of changed state that were committed.
    pub state_bytes: u64,
    /// Lines that it wrote to its log and that were left out.
    pub log_lines_left_out: u64,
    /// Raises and failures of which it is not kept what the rule was given.
    pub calls_left_out: u64,
    /// How often it was paused because it had used more than its budget.
    pub pauses: u64,
}

impl std::ops::AddAssign for RuleUsage {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.cpu_ns += other.cpu_ns;
        self.alerts += other.alerts;
        self.alert_bytes += other.alert_bytes;
        self.state_bytes += other.state_bytes;
        self.log_lines_left_out += other.log_lines_left_out;
        self.calls_left_out += other.calls_left_out;
        self.pauses += other.pauses;
    }
}

/// The use of one rule: totals, rates per second, and the state that it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RuleUsageTotals {
    /// Since the start.
    pub total: RuleUsage,
    /// CPU in milliseconds a second, over the last seconds.
    pub cpu_ms_per_s: f64,
    /// Raises and clears a second, over the last seconds.
    pub alerts_per_s: f64,
    /// State that it holds now, in bytes.
    pub state_bytes: u64,
}

/// One rule's use over time.
#[derive(Clone, Copy, Debug, Default)]
struct RuleRates {
    total: RuleUsage,
    /// The total at the beginning of this window, and of the one before.
    begin: (u64, RuleUsage),
    before: (u64, RuleUsage),
}

impl RuleRates {
    fn roll_window(&mut self, now_ns: u64) {
        if now_ns.saturating_sub(self.begin.0) >= WINDOW_NS {
            self.before = if now_ns - self.begin.0 < 2 * WINDOW_NS { self.begin } else { (now_ns, self.total) };
            self.begin = (now_ns, self.total);
        }
    }

    fn snapshot(&self, now_ns: u64) -> RuleUsageTotals {
        let mut now = *self;
        now.roll_window(now_ns);
        let (since_ns, then) = now.before;
        let seconds = now_ns.saturating_sub(since_ns).max(WINDOW_NS / 5) as f64 / 1e9;
        RuleUsageTotals {
            total: self.total,
            cpu_ms_per_s: (self.total.cpu_ns - then.cpu_ns) as f64 / 1e6 / seconds,
            alerts_per_s: (self.total.alerts - then.alerts) as f64 / seconds,
            state_bytes: 0,
        }
    }
}

/// The use of all rules.
#[derive(Debug, Default)]
pub(crate) struct UsageTable(BTreeMap<RuleKey, RuleRates>);

impl UsageTable {
    /// Adds the counters of a shard; `now` is the time since the start.
    pub(crate) fn add(&mut self, uses: Vec<(RuleKey, RuleUsage)>, now: Duration) {
        let now_ns = now.as_nanos() as u64;
        for (rule, usage) in uses {
            let rated = self.0.entry(rule).or_insert_with(|| RuleRates {
                begin: (now_ns, RuleUsage::default()),
                before: (now_ns, RuleUsage::default()),
                ..RuleRates::default()
            });
            rated.roll_window(now_ns);
            rated.total += usage;
        }
    }

    /// Returns the use by rule, with rates as of `now`, the time since the start.
    pub(crate) fn snapshot(&self, now: Duration) -> BTreeMap<RuleKey, RuleUsageTotals> {
        let now_ns = now.as_nanos() as u64;
        self.0.iter().map(|(rule, rated)| (rule.clone(), rated.snapshot(now_ns))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    #[test]
    fn rates_are_of_the_last_seconds_and_totals_of_ever() {
        let mut uses = UsageTable::default();
        let one = RuleUsage { cpu_ns: 50_000_000, alerts: 2, ..RuleUsage::default() };
        for tenth in 0..300 {
            uses.add(vec![("r".into(), one)], Duration::from_millis(100_000 + tenth * 100));
        }
        let snapshot = uses.snapshot(Duration::from_secs(130))[&RuleKey::live("r")];
        assert_eq!((snapshot.total.alerts, snapshot.total.cpu_ns), (600, 15 * S));
        assert!((snapshot.cpu_ms_per_s - 500.0).abs() < 15.0, "{snapshot:?}");
        assert!((snapshot.alerts_per_s - 20.0).abs() < 0.6, "{snapshot:?}");
        let later = uses.snapshot(Duration::from_secs(150))[&RuleKey::live("r")];
        assert_eq!((later.cpu_ms_per_s, later.total), (0.0, snapshot.total));
    }
}
