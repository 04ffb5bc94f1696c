//! The counters of an engine's threads. Its locks are leaves: no method takes another lock, and none
//! is held between two calls.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::{
    RuleUse, ShardReport, Tally,
    scan_cost::ScanCharge,
    usage::{Usage, UsageTable},
};

/// The counters of an engine since its start.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Counted by the scanners.
    pub tally: Tally,
    /// Counted by the shards.
    pub report: ShardReport,
}

/// The counters of a running engine.
pub(crate) struct Statistics {
    totals: Mutex<Totals>,
    usage: Mutex<UsageTable>,
    started: Instant,
}

impl Statistics {
    pub(crate) fn new() -> Self {
        Self { totals: Mutex::default(), usage: Mutex::default(), started: Instant::now() }
    }

    /// Adds the counters of one scanned chunk.
    pub(crate) fn add_tally(&self, tally: Tally) {
        self.lock_totals().tally += tally;
    }

    /// Adds the counters of one shard since its last report.
    pub(crate) fn add_report(&self, report: ShardReport) {
        self.lock_totals().report.merge(report);
    }

    /// Adds the use of rules in one shard since its last report.
    pub(crate) fn add_usage(&self, usage: Vec<(String, Usage)>) {
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
                totals.report.over_budget(rule, over);
            }
        }
        drop(totals);
        self.add_usage(charges.into_iter().map(|charge| (charge.rule, charge.usage)).collect());
    }

    /// Returns the counters so far.
    pub(crate) fn totals(&self) -> Totals {
        self.lock_totals().clone()
    }

    /// Returns the use of each rule that was shown something, by name. State is not among it.
    pub(crate) fn usage(&self) -> BTreeMap<String, RuleUse> {
        self.lock_usage().snapshot(self.started.elapsed())
    }

    fn lock_totals(&self) -> MutexGuard<'_, Totals> {
        self.totals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_usage(&self) -> MutexGuard<'_, UsageTable> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
