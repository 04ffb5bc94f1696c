//! A shard owns some of the objects, alone: their facts, their rules' state, their rules'
//! instances. It is a plain value that a thread drives; the same events give the same alerts.

mod checkpoint;
mod conditions;
mod migrate;
mod moves;
mod objects;
mod reminders;
mod shadows;

use std::{collections::HashMap, mem, sync::Arc};

use lifesigns_model::{EventKind, RuleAlertBatch, RuleAlertOrder, RuleKey, StateChange, clamp_event_time};

use crate::{
    RuleSet,
    event_sink::{EventSink, LineContext, Phase, StreamPosition},
    flush_context::{FlushContext, ShardClock},
    kept_events::{KeptEvent, KeptEvents},
    objects::Objects,
    origin::EventOrigin,
    property_cost::PropertyCost,
    report::ShardReport,
    rule_runner::{RuleEvent, RuleRunner},
    scanned::ScannedChunk,
    shadow_matchers::ShadowMatchers,
    state::{RuleMemory, StateLedger},
    throttle::SharedCpuBudget,
    usage::RuleUsage,
};

/// Everything about some of the objects.
pub(crate) struct Shard {
    rules: Arc<RuleSet>,
    pub(crate) runners: Vec<Option<Box<RuleRunner>>>,
    /// Runners with an open batch.
    open: Vec<u32>,
    /// State of rules that have no runner now: a rule that comes back finds it.
    pub(crate) states: HashMap<RuleKey, Box<RuleMemory>>,
    pub(crate) objects: Objects,
    answer: RuleAlertBatch,
    pub(crate) clock: ShardClock,
    pub(crate) report: ShardReport,
    /// The state that rules hold, in all shards.
    pub(crate) ledger: Arc<StateLedger>,
    /// The budget that all rules of this shard share.
    shared_cpu: SharedCpuBudget,
    /// What rules and their shadows said, until it is compared.
    shadows: ShadowMatchers,
    /// Runners that have run since their use was last taken.
    ran: Vec<u32>,
    /// What rules were charged for their conditions since then.
    charged: Vec<(RuleKey, RuleUsage)>,
    /// State of objects that were evicted since the last checkpoint.
    pub(crate) gone: Vec<StateChange>,
    /// Where the events that rules were given are kept, and the shard's part of it; `None` in a replay.
    kept_events: Option<(Arc<KeptEvents>, usize)>,
    /// The last line that was taken, and how many reminders have fired.
    position: StreamPosition,
}

impl Shard {
    pub(crate) fn new(rules: Arc<RuleSet>, clock: ShardClock, ledger: Arc<StateLedger>, cpu_ms_per_s: u64) -> Self {
        let runners = rules.rules().iter().map(|_| None).collect();
        Self {
            shadows: ShadowMatchers::new(&rules),
            rules,
            runners,
            open: Vec::new(),
            states: HashMap::new(),
            objects: Objects::default(),
            answer: RuleAlertBatch::default(),
            clock,
            report: ShardReport::default(),
            ledger,
            shared_cpu: SharedCpuBudget::new(cpu_ms_per_s),
            ran: Vec::new(),
            charged: Vec::new(),
            gone: Vec::new(),
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
        if self.open.is_empty() {
            self.shadows.record_differences(&self.rules);
        }
        mem::take(&mut self.report)
    }

    /// Takes the use of rules since the last call.
    pub(crate) fn take_usage(&mut self) -> Vec<(RuleKey, RuleUsage)> {
        let mut ran = mem::take(&mut self.ran);
        ran.sort_unstable();
        ran.dedup();
        let mut used = mem::take(&mut self.charged);
        for number in ran {
            if let Some(Some(runner)) = self.runners.get_mut(number as usize) {
                used.push((runner.rule.key.clone(), mem::take(&mut runner.usage)));
            }
        }
        used
    }

    /// Returns the number of known objects.
    pub(crate) fn objects(&self) -> usize {
        self.objects.len()
    }

    /// Sets the driver's clock.
    pub(crate) fn set_clock(&mut self, clock: ShardClock) {
        self.clock = clock;
    }

    /// Takes a line: its facts, and its message for the rules that want it.
    pub(crate) fn line(&mut self, scanned: &Arc<ScannedChunk>, number: u32, sink: &mut dyn EventSink) {
        if !Arc::ptr_eq(&scanned.rules, &self.rules) {
            self.switch_rules(&scanned.rules, sink);
            self.migrate_states();
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
            if cost.rule != interest.rule {
                self.charge(mem::replace(&mut cost, PropertyCost::of(interest.rule)));
            }
            if interest.rule == shown_to || !self.properties_pass(object, time_ns, &interest.properties, &mut cost) {
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
        while let Some(number) = self.open.pop() {
            self.flush_runner(number, sink);
        }
        self.shadows.record_differences(&self.rules);
    }

    /// Switches to another rule set. Rules that stay keep their instances, and a key keeps its state.
    pub(crate) fn switch_rules(&mut self, rules: &Arc<RuleSet>, sink: &mut dyn EventSink) {
        self.flush(sink);
        let mut staying: HashMap<RuleKey, Box<RuleRunner>> = HashMap::new();
        for runner in self.runners.drain(..).flatten() {
            staying.insert(runner.rule.key.clone(), runner);
        }
        self.ran.clear();
        self.rules = Arc::clone(rules);
        self.shadows = ShadowMatchers::new(rules);
        for (number, rule) in rules.rules().iter().enumerate() {
            let runner = match staying.remove(&rule.key) {
                Some(runner) if Arc::ptr_eq(&runner.rule, rule) => {
                    self.ran.push(number as u32);
                    Some(Box::new(runner.moved(number as u32)))
                }
                Some(runner) => {
                    runner.into_state().map(|state| Box::new(RuleRunner::new(Arc::clone(rule), number as u32, state)))
                }
                None => None,
            };
            self.runners.push(runner);
        }
        for (key, runner) in staying {
            self.states.extend(runner.into_state().map(|state| (key, state)));
        }
    }

    fn show(&mut self, number: u32, shown: RuleEvent<'_>, sink: &mut dyn EventSink) {
        let object = shown.object;
        let runner = match &mut self.runners[number as usize] {
            Some(runner) => runner,
            empty => {
                let rule = Arc::clone(&self.rules.rules()[number as usize]);
                let state = self.states.remove(&rule.key);
                let state =
                    state.unwrap_or_else(|| Box::new(self.ledger.memory(&rule.key, rule.description.state_version)));
                empty.insert(Box::new(RuleRunner::new(rule, number, state)))
            }
        };
        if runner.is_empty() {
            self.open.push(number);
        }
        let mut context = FlushContext {
            objects: &mut self.objects,
            answer: &mut self.answer,
            report: &mut self.report,
            clock: self.clock,
            shared_cpu: &mut self.shared_cpu,
            ledger: &self.ledger,
            shadows: &mut self.shadows,
            sink,
        };
        if runner.push(&self.rules, shown, &mut context) {
            self.ran.push(number);
            runner.flush(&mut context);
        } else if runner.reminds {
            let pending = &mut self.objects.get_mut(object).pending;
            if !pending.contains(&number) {
                pending.push(number);
            }
        }
    }

    fn flush_runner(&mut self, number: u32, sink: &mut dyn EventSink) {
        let Some(Some(runner)) = self.runners.get_mut(number as usize) else { return };
        if runner.is_empty() {
            return;
        }
        if self.ran.last() != Some(&number) {
            self.ran.push(number);
        }
        runner.flush(&mut FlushContext {
            objects: &mut self.objects,
            answer: &mut self.answer,
            report: &mut self.report,
            clock: self.clock,
            shared_cpu: &mut self.shared_cpu,
            ledger: &self.ledger,
            shadows: &mut self.shadows,
            sink,
        });
    }
}
