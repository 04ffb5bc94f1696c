//! One rule in one shard: its open batch, its instance, its state, and the evaluation of a batch.

use std::{any::Any, collections::HashSet, sync::Arc};

use lifesigns_model::{
    Attributes, EventBatch, EventKind, EventRow, InstanceError, ReminderChange, RuleAlertOrder, RuleAlertRef,
    RuleInstance, RuleKey, RuleState, limits,
};

use crate::{
    LoadedRule, RuleSet,
    call_keeper::{CallKeeper, GivenBatch},
    cpu,
    event_sink::StreamPosition,
    flush_context::{FlushContext, ShardClock},
    origin::EventOrigin,
    quarantine::Quarantine,
    reminders::ReminderSpec,
    report::ShardReport,
    state::RuleMemory,
    tap,
    throttle::{CallCost, OverBudget, Throttle},
    usage::RuleUsage,
};

mod calls;
mod event;
mod failures;
mod open;

pub(crate) use event::RuleEvent;
pub(crate) use open::open;

/// About the bytes of an attribute beside its text.
const ATTRIBUTE_BYTES: usize = 32;
/// About how long a batch may take: the events of other rules wait behind it.
const SLICE_NS: u64 = 10_000_000;

/// One rule in one shard.
pub(crate) struct RuleRunner {
    rule: Arc<LoadedRule>,
    /// Its number in the rule set.
    number: u32,
    instance: Option<Box<dyn RuleInstance>>,
    state: Option<Box<RuleMemory>>,
    quarantine: Quarantine,
    throttle: Throttle,
    /// Its use since this was last taken.
    usage: RuleUsage,
    reminds: bool,
    /// Bytes of its alerts that wait for a checkpoint.
    waiting: usize,
    /// Events of a batch at most: few if it is slow.
    most: usize,
    /// The release by an operator that it has followed.
    released_ns: u64,
    batch: EventBatch,
    rows: Vec<EventRow>,
    origins: Vec<(EventOrigin, StreamPosition)>,
    /// How many alerts an answer has had for each event so far; kept for its room.
    counts: Vec<u32>,
    calls: CallKeeper,
}

impl RuleRunner {
    pub(crate) fn new(rule: Arc<LoadedRule>, number: u32, mut state: Box<RuleMemory>) -> Self {
        state.limit(&rule.limits);
        let reminds = rule.description.wants_kind(EventKind::Reminder);
        let throttle = Throttle::new(&rule.limits);
        Self {
            rule,
            number,
            instance: None,
            state: Some(state),
            quarantine: Quarantine::default(),
            throttle,
            usage: RuleUsage::default(),
            reminds,
            waiting: 0,
            most: limits::BATCH_EVENTS,
            released_ns: 0,
            batch: EventBatch::default(),
            rows: Vec::new(),
            origins: Vec::new(),
            counts: Vec::new(),
            calls: CallKeeper::default(),
        }
    }

    /// Returns the identity of its rule.
    pub(crate) fn key(&self) -> &RuleKey {
        &self.rule.key
    }

    /// Whether it runs this rule, in this version and with these settings.
    pub(crate) fn runs(&self, rule: &Arc<LoadedRule>) -> bool {
        Arc::ptr_eq(&self.rule, rule)
    }

    /// Whether its rule may set reminders.
    pub(crate) const fn reminds(&self) -> bool {
        self.reminds
    }

    /// Takes its use since the last call.
    pub(crate) fn take_usage(&mut self) -> RuleUsage {
        std::mem::take(&mut self.usage)
    }

    /// None of its alerts waits for a checkpoint any more.
    pub(crate) const fn checkpointed(&mut self) {
        self.waiting = 0;
    }

    /// Takes another number in a new rule set.
    pub(crate) fn moved(mut self, number: u32) -> Self {
        self.number = number;
        self
    }

    /// Takes the state, which outlives the runner.
    pub(crate) fn into_state(self) -> Option<Box<RuleMemory>> {
        self.state
    }

    /// Returns its state, while no call runs.
    pub(crate) fn state_mut(&mut self) -> Option<&mut RuleMemory> {
        self.state.as_deref_mut()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns whether it is paused now: its events are counted as missed, or wait if they are reminders
    /// and the rule is only over its budget.
    pub(crate) fn is_over_budget(&self, now_ns: u64) -> bool {
        self.throttle.blocks(now_ns)
    }

    /// Adds an event to the open batch. Returns whether the batch is full.
    pub(crate) fn push(&mut self, rules: &RuleSet, shown: RuleEvent<'_>, context: &mut FlushContext<'_, '_>) -> bool {
        let now_ns = context.clock.at(shown.time_ns);
        self.follow_release();
        if self.rule.is_paused() || self.blocks(now_ns) {
            context.report.missed(&self.rule.key, 1);
            return false;
        }
        if context.sink.is_full(self.waiting) {
            context.report.no_room(&self.rule.key);
            return false;
        }
        let object = context.objects.get(shown.object);
        self.batch.begin(shown.time_ns, shown.kind);
        match self.rows.last() {
            Some(last) if last.object == shown.object => {
                let width = 2 * EventBatch::width(&self.rule.description.wants);
                let at = (self.rows.len() - 1) * width;
                let (offset, len) = (self.batch.spans[at], self.batch.spans[at + 1]);
                self.batch.span(lifesigns_model::Span { offset, len });
            }
            _ => {
                self.batch.text(Some(object.id()));
            }
        }
        self.batch.text(shown.line.and_then(|(scanned, line)| scanned.app(line)));
        self.batch.text(shown.message);
        for number in &rules.index.wanted_fields[self.number as usize] {
            self.batch.text(shown.line.and_then(|(scanned, line)| scanned.field(line, *number)));
        }
        let wants = &self.rule.description.wants;
        for name in &wants.properties {
            self.batch.text(object.facts.property(name, shown.time_ns));
        }
        for name in &wants.metrics {
            self.batch.number(object.facts.metric(name, shown.time_ns));
        }
        self.rows.push(EventRow { object: shown.object, time_ns: shown.time_ns });
        self.origins.push((shown.origin, shown.position));
        // One that has failed is shown its events one by one, so that the next failure costs one deadline and not two.
        let most = if self.quarantine == Quarantine::Trusted { self.most } else { 1 };
        self.rows.len() >= most || self.batch.text.len() >= limits::BATCH_BYTES
    }

    /// Forgets failures and debts if an operator has released the rule since.
    fn follow_release(&mut self) {
        let released_ns = self.rule.released_ns();
        if released_ns != self.released_ns {
            self.released_ns = released_ns;
            (self.quarantine, self.throttle) = (Quarantine::default(), Throttle::new(&self.rule.limits));
        }
    }

    /// Shows the open batch to the rule and passes its alerts on. When the rule fails, its events
    /// are tried one by one.
    pub(crate) fn flush(&mut self, context: &mut FlushContext<'_, '_>) {
        if self.rows.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        let rows = std::mem::take(&mut self.rows);
        let origins = std::mem::take(&mut self.origins);
        match self.paid(&batch, &rows, &origins, context) {
            Ok(()) => {}
            Err(error) if rows.len() == 1 => {
                self.failed_on_event(&GivenBatch { batch: &batch, rows: &rows, origins: &origins }, &error, context);
            }
            Err(_) => self.retry_one_by_one(&batch, &rows, &origins, context),
        }
        (self.batch, self.rows, self.origins) = (batch, rows, origins);
        self.batch.clear();
        self.rows.clear();
        self.origins.clear();
    }

    /// Calls the rule and charges it.
    fn paid(
        &mut self,
        batch: &EventBatch,
        rows: &[EventRow],
        origins: &[(EventOrigin, StreamPosition)],
        context: &mut FlushContext<'_, '_>,
    ) -> Result<(), InstanceError> {
        let is_live = matches!(context.clock, ShardClock::Wall(_));
        let begun_ns = if is_live { cpu::used_ns() } else { 0 };
        let alerts_before = self.usage;
        let outcome = self.run(batch, rows, origins, context);
        let cpu_ns = if is_live { cpu::used_ns().saturating_sub(begun_ns) } else { 0 };
        self.usage.cpu_ns += cpu_ns;
        self.usage.events += rows.len() as u64;
        if is_live {
            context.report.calls.note(cpu_ns);
            let events = SLICE_NS.saturating_mul(rows.len() as u64) / cpu_ns.max(1);
            self.most = events.clamp(1, limits::BATCH_EVENTS as u64) as usize;
        }
        if !is_live && matches!(outcome, Err(InstanceError::Deadline { .. })) {
            // It is shown its events again, and pays then, as on a machine where this call was in time.
            return outcome;
        }
        let spent = CallCost {
            events: origins.iter().filter(|(origin, _)| origin.pays()).count() as u64,
            cpu_ns,
            alerts: self.usage.alerts - alerts_before.alerts,
            alert_bytes: self.usage.alert_bytes - alerts_before.alert_bytes,
        };
        if let Some(matcher) = context.shadows.of_rule(self.number) {
            matcher.charge(self.rule.key.lane, rows.len() as u64, cpu_ns);
        }
        let last = rows[rows.len() - 1];
        let now_ns = context.clock.at(last.time_ns);
        let over = self.throttle.charge(now_ns, spent, context.shared_cpu);
        self.pause(over, now_ns, context.report);
        outcome
    }

    /// Charges `bytes` of committed state, `beyond` of them beyond the allowance.
    pub(crate) fn pay_for_state(&mut self, bytes: u64, beyond: u64, clock: ShardClock, report: &mut ShardReport) {
        self.usage.state_bytes += bytes;
        if let ShardClock::Wall(now_ns) = clock {
            let over = self.throttle.charge_state(now_ns, beyond);
            self.pause(over, now_ns, report);
        }
    }

    fn pause(&mut self, over: Option<OverBudget>, now_ns: u64, report: &mut ShardReport) {
        let Some(over) = over else { return };
        self.usage.pauses += 1;
        report.over_budget(&self.rule.key, &over, now_ns);
    }

    fn blocks(&self, now_ns: u64) -> bool {
        self.quarantine.blocks(now_ns) || self.throttle.blocks(now_ns)
    }

    /// Calls the rule.
    fn run(
        &mut self,
        batch: &EventBatch,
        rows: &[EventRow],
        origins: &[(EventOrigin, StreamPosition)],
        context: &mut FlushContext<'_, '_>,
    ) -> Result<(), InstanceError> {
        let mut instance = match self.instance.take() {
            Some(instance) => instance,
            None => open(&self.rule)?,
        };
        let mut state = self.state.take().expect("state is out only while this function runs");
        state.begin(rows, self.reminds);
        context.answer.clear();
        let (state, outcome) = instance.evaluate(batch, state, context.answer);
        let state: Result<Box<RuleMemory>, _> = (state as Box<dyn Any>).downcast();
        let Ok(mut state) = state else {
            self.state = Some(Box::new(context.ledger.memory(&self.rule.key, self.rule.description.state_version)));
            return Err(InstanceError::Call("it gave back another state than it was passed".into()));
        };
        let mut calls = Vec::new();
        let reminders = match &outcome {
            Ok(()) => {
                calls = self.keep_raises(&GivenBatch { batch, rows, origins }, &state, context);
                state.commit()
            }
            Err(_) => {
                state.rollback();
                Vec::new()
            }
        };
        let now_ns = context.clock.at(rows[rows.len() - 1].time_ns);
        self.usage.log_lines_left_out += state.emit_log(|| self.throttle.may_log(now_ns));
        context.report.dropped.merge(state.take_dropped());
        self.state = Some(state);
        if self.rule.tap.is_open(now_ns) {
            tap::record(&self.rule.tap, &self.rule.description, batch, context.answer, &outcome);
        }
        outcome?;
        self.instance = Some(instance);
        self.quarantine.answered(rows.len());
        context.report.events += rows.len() as u64;
        let mut paid = HashSet::new();
        for change in &reminders {
            let is_first = change.due_ns.is_some() && paid.insert(change.event);
            self.remind(change, is_first, rows, origins, context);
        }
        self.emit(rows, origins, context);
        calls.into_iter().for_each(|call| context.sink.call(call));
        Ok(())
    }

    /// `is_first`: the first reminder that was set for its event, which has an allowance.
    fn remind(
        &self,
        change: &ReminderChange,
        is_first: bool,
        rows: &[EventRow],
        origins: &[(EventOrigin, StreamPosition)],
        context: &mut FlushContext<'_, '_>,
    ) {
        let at = change.event as usize;
        let object = rows[at].object;
        let Some(due_ns) = change.due_ns else {
            context.objects.forget(object, &self.rule.key, &change.name);
            return;
        };
        let origin = &origins[at].0;
        let set =
            ReminderSpec { due_ns, line: origin.kept(), pays: is_first && matches!(origin, EventOrigin::Line(..)) };
        let too_many = context.objects.remind(object, &self.rule.key, &change.name, set);
        context.report.reminders_left_out += u64::from(too_many);
    }

    fn emit(
        &mut self,
        rows: &[EventRow],
        origins: &[(EventOrigin, StreamPosition)],
        context: &mut FlushContext<'_, '_>,
    ) {
        let answer = &*context.answer;
        // An answer may take up an event again after another one.
        let mut counts = std::mem::take(&mut self.counts);
        counts.clear();
        counts.resize(rows.len(), 0);
        let waiting = context.sink.buffered_bytes();
        for row in &answer.rows {
            let count = &mut counts[row.event as usize];
            let nth = *count;
            *count += 1;
            let (at, (origin, position)) = (rows[row.event as usize], &origins[row.event as usize]);
            let (source, evidence) = origin.evidence();
            let pairs = &answer.attributes[row.attributes_start as usize..row.attributes_end as usize];
            let object = context.objects.get(at.object).id();
            let alert = RuleAlertRef {
                order: RuleAlertOrder { time_ns: at.time_ns, source, line: evidence.line, rule: self.number, nth },
                rule: self.rule.name(),
                symptom: &self.rule.description.symptoms[row.symptom as usize],
                object,
                change: row.change,
                summary: row.summary.str(&answer.text),
                attributes: Attributes::new(&answer.text, pairs),
                evidence,
                module: self.rule.module.digest(),
            };
            if let Some(matcher) = context.shadows.of_rule(self.number) {
                matcher.note(self.rule.key.lane, row.symptom, object, &alert);
            }
            if !self.rule.key.is_shadow() {
                context.sink.alert(*position, &alert);
                context.report.alerts += 1;
            }
        }
        self.counts = counts;
        self.waiting += context.sink.buffered_bytes() - waiting;
        self.usage.alerts += answer.rows.len() as u64;
        self.usage.alert_bytes += (answer.text.len() + answer.attributes.len() * ATTRIBUTE_BYTES) as u64;
    }
}
