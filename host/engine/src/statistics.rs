//! The counters of an engine's threads. Its locks are leaves: no method takes another lock, and none
//! is held between two calls.

use std::{collections::BTreeMap, time::Instant};

use parking_lot::{Mutex, MutexGuard};

use lifesigns_model::RuleKey;

use crate::{
    RuleUsageTotals, ScanCounts, ShardReport,
    scan_cost::ScanCharge,
    usage::{RuleUsage, UsageTable},
};

/// The counters of an engine since its start.
#[derive(Clone, Debug, Default)]
pub struct EngineTotals {
    /// Counted by the scanners.
    pub scan_counts: ScanCounts,
    /// Counted by the shards.
    pub report: ShardReport,
}

/// The counters of a running engine.
pub(crate) struct Statistics {
    totals: Mutex<EngineTotals>,
    usage: Mutex<UsageTable>,
    started: Instant,
}

impl Statistics {
    pub(crate) fn new() -> Self {
        Self { totals: Mutex::default(), usage: Mutex::default(), started: Instant::now() }
    }

    /// Adds the counters of one scanned chunk.
    pub(crate) fn add_scan_counts(&self, scan_counts: ScanCounts) {
        self.lock_totals().scan_counts += scan_counts;
    }

    /// Adds the counters of one shard since its last report.
    pub(crate) fn add_report(&self, report: ShardReport) {
        self.lock_totals().report.merge(report);
    }

    /// Adds the use of rules in one shard since its last report.
    pub(crate) fn add_usage(&self, usage: Vec<(RuleKey, RuleUsage)>) {
        self.lock_usage().add(usage, self.started.elapsed());
    }

    /// Adds the charges of one chunk that was scanned.
    pub(crate) fn add_scan_charges(&self, charges: Vec<ScanCharge>) {
        if charges.is_empty() {
            return;
        }
        let mut totals = self.lock_totals();
        for ScanCharge { rule, missed, over, .. } in &charges {
            if *missed > 0 {
                totals.report.missed(rule, *missed);
            }
            if let Some(over) = over {
                // Scanners have no clock of pauses; their pauses are short.
                totals.report.over_budget(rule, over, 0);
            }
        }
        drop(totals);
        self.add_usage(charges.into_iter().map(|charge| (charge.rule, charge.usage)).collect());
    }

    /// Returns the counters so far.
    pub(crate) fn totals(&self) -> EngineTotals {
        self.lock_totals().clone()
    }

    /// Returns the use of each rule that was shown something. State is not among it.
    pub(crate) fn usage(&self) -> BTreeMap<RuleKey, RuleUsageTotals> {
        self.lock_usage().snapshot(self.started.elapsed())
    }

    fn lock_totals(&self) -> MutexGuard<'_, EngineTotals> {
        self.totals.lock()
    }

    fn lock_usage(&self) -> MutexGuard<'_, UsageTable> {
        self.usage.lock()
    }
}
