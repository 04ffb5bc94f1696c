//! What a rule runner borrows of its shard to evaluate a batch.

use lifesigns_model::RuleAlertBatch;

use crate::{
    event_sink::EventSink, objects::Objects, report::ShardReport, shadow_matchers::ShadowMatchers, state::StateLedger,
    throttle::SharedCpuBudget,
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

/// The parts of the shard that a flush needs.
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
