//! What a rule runner borrows of its shard to evaluate a batch.

use std::sync::Arc;

use lifesigns_model::RuleAlertBatch;

use crate::{
    RuleSet, event_sink::EventSink, objects::Objects, report::ShardReport, shadow_matchers::ShadowMatchers,
    state::StateLedger, throttle::SharedCpuBudget,
};

/// The clock of quarantine and budgets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShardClock {
    /// Event time: replay, where everything must come out the same again.
    Event,
    /// The driver's clock, nanoseconds since the Unix epoch.
    Wall(u64),
}

impl ShardClock {
    /// Returns the time, by this clock, of an event at `event_ns`.
    pub(crate) const fn at(self, event_ns: u64) -> u64 {
        match self {
            Self::Event => event_ns,
            Self::Wall(now_ns) => now_ns,
        }
    }
}

/// What runners use of their shard, beside what belongs to all runners.
pub(crate) struct ShardParts<'a, 'b> {
    pub(crate) objects: &'a mut Objects,
    pub(crate) report: &'a mut ShardReport,
    pub(crate) clock: ShardClock,
    pub(crate) sink: &'a mut (dyn EventSink + 'b),
}

/// What the runners of one shard use in turn.
pub(crate) struct RunnerResources {
    answer: RuleAlertBatch,
    /// The budget that all of them share.
    shared_cpu: SharedCpuBudget,
    /// The state that rules hold, in all shards.
    ledger: Arc<StateLedger>,
    /// What rules and their shadows said, until it is compared.
    shadows: ShadowMatchers,
}

impl RunnerResources {
    pub(crate) fn new(rules: &RuleSet, ledger: Arc<StateLedger>, cpu_ms_per_s: u64) -> Self {
        let shared_cpu = SharedCpuBudget::new(cpu_ms_per_s);
        Self { answer: RuleAlertBatch::default(), shared_cpu, ledger, shadows: ShadowMatchers::new(rules) }
    }

    pub(crate) const fn ledger(&self) -> &Arc<StateLedger> {
        &self.ledger
    }

    /// Compares rules with their shadows in another rule set from now on.
    pub(crate) fn switch_rules(&mut self, rules: &RuleSet) {
        self.shadows = ShadowMatchers::new(rules);
    }

    /// Settles what rules and their shadows have said. No batch may be open.
    pub(crate) fn record_differences(&mut self, rules: &RuleSet) {
        self.shadows.record_differences(rules);
    }

    /// Returns what one runner needs for a batch.
    pub(crate) fn context<'a, 'b>(&'a mut self, parts: &'a mut ShardParts<'_, 'b>) -> FlushContext<'a, 'b> {
        FlushContext {
            objects: parts.objects,
            answer: &mut self.answer,
            report: parts.report,
            clock: parts.clock,
            shared_cpu: &mut self.shared_cpu,
            ledger: &self.ledger,
            shadows: &mut self.shadows,
            sink: parts.sink,
        }
    }
}

/// What one runner needs to evaluate a batch.
pub(crate) struct FlushContext<'a, 'b> {
    pub(crate) objects: &'a mut Objects,
    pub(crate) answer: &'a mut RuleAlertBatch,
    pub(crate) report: &'a mut ShardReport,
    pub(crate) clock: ShardClock,
    /// The budget that all rules of the shard share.
    pub(crate) shared_cpu: &'a mut SharedCpuBudget,
    pub(crate) ledger: &'a StateLedger,
    pub(crate) shadows: &'a mut ShadowMatchers,
    pub(crate) sink: &'a mut (dyn EventSink + 'b),
}
