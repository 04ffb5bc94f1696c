//! A shard of a replay with what it gives in one slice: rendered alerts, or observations.

use std::{io, mem, sync::Arc};

use lifesigns_model::{ObjectFacts, Observation, RuleAlert, RuleAlertOrder, RuleAlertRef, limits};

use super::slice::{SHARDS, Slice};
use crate::{
    RuleSet,
    event_sink::{EventSink, LineContext, Phase, StreamPosition},
    flush_context::ShardClock,
    shard::Shard,
    shard_of,
    state::StateLedger,
};

/// A shard and its observations in one slice.
pub(super) struct ReplayShard<T> {
    number: u32,
    pub(super) shard: Shard,
    pub(super) sink: T,
}

impl<T: EventSink> ReplayShard<T> {
    pub(super) fn all(rules: &Arc<RuleSet>, known: &[ObjectFacts], sink: impl Fn() -> T) -> Vec<Self> {
        let shard = |number| {
            let ledger = StateLedger::part(SHARDS);
            let mut shard = Shard::new(Arc::clone(rules), ShardClock::Event, ledger, limits::RULES_CPU_MS_PER_S);
            known
                .iter()
                .filter(|facts| shard_of(&facts.object, SHARDS) == number)
                .for_each(|facts| shard.insert_known(facts));
            Self { number: number as u32, shard, sink: sink() }
        };
        (0..SHARDS).map(shard).collect()
    }

    /// Evaluates its lines of a slice.
    pub(super) fn walk(&mut self, slice: &Slice) {
        for at in slice.lines.iter().filter(|at| at.shard == self.number) {
            self.shard.line(&slice.chunks[at.chunk as usize], at.line, &mut self.sink);
        }
        self.shard.advance(slice.until_ns, &mut self.sink);
    }
}

/// Alerts of one slice, rendered.
pub(super) struct RenderedAlerts<'a> {
    render: &'a (dyn Fn(&RuleAlertRef<'_>, &mut Vec<u8>) + Sync),
    bytes: Vec<u8>,
    alerts: Vec<(RuleAlertOrder, usize, usize)>,
}

/// What a shard keeps room for from slice to slice.
const MOST_RENDERED: usize = 8 << 20;

impl<'a> RenderedAlerts<'a> {
    pub(super) const fn new(render: &'a (dyn Fn(&RuleAlertRef<'_>, &mut Vec<u8>) + Sync)) -> Self {
        Self { render, bytes: Vec::new(), alerts: Vec::new() }
    }

    /// Writes what shards have rendered, in order.
    pub(super) fn write(
        shards: &mut [&mut ReplayShard<Self>],
        emit: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let all =
            shards.iter().enumerate().flat_map(|(shard, it)| it.sink.alerts.iter().map(move |alert| (shard, alert)));
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|(_, (order, _, _))| *order);
        // What one shard has rendered in order is written at once.
        for run in all.chunk_by(|(shard, (_, _, end)), (next_shard, (_, start, _))| shard == next_shard && end == start)
        {
            let ((shard, (_, start, _)), (_, (_, _, end))) = (run[0], run[run.len() - 1]);
            emit(&shards[shard].sink.bytes[*start..*end])?;
        }
        for shard in shards {
            shard.sink.bytes.clear();
            shard.sink.bytes.shrink_to(MOST_RENDERED);
            shard.sink.alerts.clear();
        }
        Ok(())
    }
}

impl EventSink for RenderedAlerts<'_> {
    fn alert(&mut self, _: StreamPosition, alert: &RuleAlertRef<'_>) {
        let start = self.bytes.len();
        (self.render)(alert, &mut self.bytes);
        self.alerts.push((alert.order, start, self.bytes.len()));
    }
}

/// The order of observations: event time, source, line, phase of the line, rule, and the rule's own
/// order.
type SortKey = (u64, u32, u64, Phase, u32, u32);

/// Observations of one slice.
#[derive(Default)]
pub(super) struct SliceObservations {
    observations: Vec<(SortKey, Observation)>,
}

impl SliceObservations {
    /// Gives what shards have gathered, in order.
    pub(super) fn write(
        shards: &mut [&mut ReplayShard<Self>],
        emit: &mut dyn FnMut(Observation) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut all: Vec<_> = shards.iter_mut().flat_map(|shard| mem::take(&mut shard.sink.observations)).collect();
        // Stable, and what is of one line is of one shard.
        all.sort_by_key(|(key, _)| *key);
        all.into_iter().try_for_each(|(_, observation)| emit(observation))
    }
}

const fn key(order: RuleAlertOrder, phase: Phase) -> SortKey {
    (order.time_ns, order.source, order.line, phase, order.rule, order.nth)
}

impl EventSink for SliceObservations {
    fn alert(&mut self, _: StreamPosition, alert: &RuleAlertRef<'_>) {
        self.observations
            .push((key(alert.order, Phase::Event), Observation::RuleAlert(Box::new(RuleAlert::from(alert)))));
    }

    fn facts(&mut self, at: LineContext<'_>, facts: &ObjectFacts) {
        self.observations.push((key(at.order, Phase::Facts), at.facts(facts)));
    }

    fn seen(&mut self, at: LineContext<'_>, object: &str) {
        self.observations.extend(at.seen(object).map(|observation| (key(at.order, Phase::Seen), observation)));
    }
}
