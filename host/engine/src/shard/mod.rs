//! A shard owns some of the objects, alone: their facts, and what rules hold of them. It is a plain value that a
//! thread drives; the same events give the same alerts.

mod checkpoint;
mod objects;
mod reminders;

use std::{collections::BTreeSet, mem, sync::Arc};

use lifesigns_model::{EventKind, RuleAlertOrder, RuleKey, clamp_event_time};

use crate::{
    RuleSet, StateMove,
    event_sink::{EventSink, LineContext, Phase, StreamPosition},
    flush_context::{ShardClock, ShardParts},
    kept_events::{KeptEvent, KeptEvents},
    objects::Objects,
    origin::EventOrigin,
    property_cost::PropertyCost,
    report::ShardReport,
    rule_runner::RuleEvent,
    runner_table::RunnerTable,
    scanned::ScannedChunk,
    state::StateLedger,
    usage::RuleUsage,
};

/// Everything about some of the objects.
pub(crate) struct Shard {
    runners: RunnerTable,
    objects: Objects,
    clock: ShardClock,
    report: ShardReport,
    /// Where the events that rules were given are kept, and the shard's part of it; `None` in a replay.
    kept_events: Option<(Arc<KeptEvents>, usize)>,
    /// The last line that was taken, and how many reminders have fired.
    position: StreamPosition,
}

impl Shard {
    pub(crate) fn new(rules: Arc<RuleSet>, clock: ShardClock, ledger: Arc<StateLedger>, cpu_ms_per_s: u64) -> Self {
        Self {
            runners: RunnerTable::new(rules, ledger, cpu_ms_per_s),
            objects: Objects::default(),
            clock,
            report: ShardReport::default(),
            position: StreamPosition::default(),
            kept_events: None,
        }
    }

    /// Keeps the events that rules are given, in the part of this number.
    pub(crate) fn keep_events(&mut self, events: Arc<KeptEvents>, part: usize) {
        self.kept_events = Some((events, part));
    }

    /// Takes the counters since the last call.
    pub(crate) fn take_report(&mut self) -> ShardReport {
        self.runners.record_differences();
        mem::take(&mut self.report)
    }

    /// Takes the use of rules since the last call.
    pub(crate) fn take_usage(&mut self) -> Vec<(RuleKey, RuleUsage)> {
        self.runners.take_usage()
    }

    /// Returns the number of known objects.
    pub(crate) fn objects(&self) -> usize {
        self.objects.len()
    }

    /// Sets the driver's clock.
    pub(crate) fn set_clock(&mut self, clock: ShardClock) {
        self.clock = clock;
    }

    /// Returns the runners, and the parts of the shard that they use.
    fn split<'a, 'b>(&'a mut self, sink: &'a mut (dyn EventSink + 'b)) -> (&'a mut RunnerTable, ShardParts<'a, 'b>) {
        let parts = ShardParts { objects: &mut self.objects, report: &mut self.report, clock: self.clock, sink };
        (&mut self.runners, parts)
    }

    /// Takes a line: its facts, and its message for the rules that want it.
    pub(crate) fn line(&mut self, scanned: &Arc<ScannedChunk>, number: u32, sink: &mut dyn EventSink) {
        if !Arc::ptr_eq(&scanned.rules, self.runners.rules()) {
            self.move_states(&scanned.rules, &[], sink);
        }
        let line = &scanned.lines[number as usize];
        let time_ns = line.time_ns.unwrap_or_default();
        let counted_ns = clamp_event_time(time_ns, scanned.handed_in_ns);
        self.position =
            StreamPosition { chunk: scanned.number, line: number, phase: Phase::Seen, nth: self.position.nth };
        let source_line = scanned.first_line + u64::from(line.number);
        let order = RuleAlertOrder {
            time_ns: counted_ns,
            source: scanned.source.rank,
            line: source_line,
            ..RuleAlertOrder::default()
        };
        let source = (!scanned.listed).then_some(&*scanned.source.name);
        let line_context =
            |phase, position| LineContext { position: StreamPosition { phase, nth: 0, ..position }, order, source };
        let object = match self.objects.touch(scanned.object(line)) {
            Some(object) => object,
            None => {
                let object = self.insert_object(scanned.object(line), sink);
                sink.seen(line_context(Phase::Seen, self.position), scanned.object(line));
                object
            }
        };
        self.advance_object(object, counted_ns, scanned.handed_in_ns, sink);
        let origin = || EventOrigin::Line(Arc::clone(scanned), number);
        if let Some(facts) = line.facts {
            let facts = &scanned.facts[facts as usize];
            sink.facts(line_context(Phase::Facts, self.position), facts);
            self.apply_facts(object, facts, counted_ns, &origin(), sink);
        }
        let position = StreamPosition { phase: Phase::Event, nth: 0, ..self.position };
        let rules = &scanned.rules;
        let (mut shown_to, mut cost) = (u32::MAX, PropertyCost::default());
        for hit in &scanned.hits[line.hits.start as usize..line.hits.end as usize] {
            let interest = &rules.index.interests[*hit as usize];
            // Interests come rule by rule, and a rule sees an event once.
            if cost.rule() != interest.rule {
                self.charge(mem::replace(&mut cost, PropertyCost::of(interest.rule)));
            }
            let facts = &self.objects.get(object).facts;
            if interest.rule == shown_to || !cost.passes(facts, time_ns, &interest.properties) {
                continue;
            }
            shown_to = interest.rule;
            let message = line.message.get(&scanned.text);
            let line = Some((&**scanned, line));
            let shown = RuleEvent { object, time_ns, kind: EventKind::Log, message, line, origin: origin(), position };
            self.show(shown_to, shown, sink);
        }
        self.charge(cost);
        if shown_to != u32::MAX
            && let Some((events, part)) = &self.kept_events
        {
            let text = line.raw.str(&scanned.text);
            let (source, object) = (&scanned.source, scanned.object(line));
            let event = KeptEvent { time_ns: counted_ns, object, source, line: source_line, text };
            events.add(*part, source, &event, scanned.handed_in_ns);
        }
    }

    /// Shows all open batches to their rules.
    pub(crate) fn flush(&mut self, sink: &mut dyn EventSink) {
        let (runners, mut parts) = self.split(sink);
        runners.flush(&mut parts);
    }

    /// Switches to `rules` and moves what rules hold.
    pub(crate) fn move_states(&mut self, rules: &Arc<RuleSet>, moves: &[StateMove], sink: &mut dyn EventSink) {
        let (runners, mut parts) = self.split(sink);
        runners.move_states(rules, moves, &mut parts);
    }

    /// Discards state and reminders of all shadows but those of the rules with these names.
    pub(crate) fn retain_shadows(&mut self, names: &BTreeSet<String>, sink: &mut dyn EventSink) {
        let (runners, mut parts) = self.split(sink);
        runners.retain_shadows(names, &mut parts);
    }

    fn show(&mut self, rule: u32, shown: RuleEvent<'_>, sink: &mut dyn EventSink) {
        let (runners, mut parts) = self.split(sink);
        runners.show(rule, shown, &mut parts);
    }

    fn charge(&mut self, cost: PropertyCost) {
        self.runners.charge(cost, self.clock, &mut self.report);
    }
}
