//! One rule in one shard: its open batch, its instance, its state, and what becomes of a batch.

use std::{any::Any, sync::Arc};

use lifesigns_model::{
    AlertRef, Answer, Attributes, Batch, Cell, CellError, Kind, OpenError, Order, ReminderChange, Row, State, limits,
};

use crate::{
    Rule, RuleSet,
    objects::Objects,
    origin::Origin,
    outlet::{Outlet, Spot},
    quarantine::Quarantine,
    report::Report,
    scanned::{Line, Scanned},
    state::Memory,
};

/// Which clock quarantine goes by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// Event time: replay, where everything must come out the same again.
    Event,
    /// The driver's clock, nanoseconds since the Unix epoch.
    Wall(u64),
}

/// What a flush needs of its shard.
pub(crate) struct Around<'a, 'b> {
    pub(crate) objects: &'a mut Objects,
    pub(crate) answer: &'a mut Answer,
    pub(crate) report: &'a mut Report,
    pub(crate) clock: Clock,
    /// Whether changes of state are noted.
    pub(crate) cuts: bool,
    pub(crate) outlet: &'a mut (dyn Outlet + 'b),
}

/// An event for a rule.
pub(crate) struct Shown<'a> {
    pub(crate) object: u32,
    pub(crate) time_ns: u64,
    pub(crate) kind: Kind,
    pub(crate) message: Option<&'a str>,
    /// The log line whose fields and app it has.
    pub(crate) line: Option<(&'a Scanned, &'a Line)>,
    pub(crate) origin: Origin,
    /// Where it stands in the stream.
    pub(crate) spot: Spot,
}

/// One rule in one shard.
pub(crate) struct Slot {
    pub(crate) rule: Arc<Rule>,
    /// Its place in the generation.
    number: u32,
    cell: Option<Box<dyn Cell>>,
    state: Option<Box<Memory>>,
    quarantine: Quarantine,
    pub(crate) reminds: bool,
    batch: Batch,
    rows: Vec<Row>,
    origins: Vec<(Origin, Spot)>,
}

impl Slot {
    pub(crate) fn new(rule: Arc<Rule>, number: u32, state: Box<Memory>) -> Self {
        let reminds = rule.description.wants_kind(Kind::Reminder);
        Self {
            rule,
            number,
            cell: None,
            state: Some(state),
            quarantine: Quarantine::default(),
            reminds,
            batch: Batch::default(),
            rows: Vec::new(),
            origins: Vec::new(),
        }
    }

    /// Takes another place in a new generation.
    pub(crate) fn moved(mut self, number: u32) -> Self {
        self.number = number;
        self
    }

    /// Lets the state outlive the slot.
    pub(crate) fn into_state(self) -> Option<Box<Memory>> {
        self.state
    }

    /// Its state, while no call runs.
    pub(crate) fn state_mut(&mut self) -> Option<&mut Memory> {
        self.state.as_deref_mut()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds an event to the open batch. Says whether the batch is full.
    pub(crate) fn push(&mut self, rules: &RuleSet, shown: Shown<'_>, around: &mut Around<'_, '_>) -> bool {
        let now_ns = match around.clock {
            Clock::Event => shown.time_ns,
            Clock::Wall(now_ns) => now_ns,
        };
        if self.quarantine.blocks(now_ns) {
            around.report.missed(&self.rule.name, 1);
            return false;
        }
        let object = around.objects.get(shown.object);
        self.batch.begin(shown.time_ns, shown.kind);
        match self.rows.last() {
            Some(last) if last.object == shown.object => {
                let width = 2 * Batch::width(&self.rule.description.wants);
                let at = (self.rows.len() - 1) * width;
                let (offset, len) = (self.batch.spans[at], self.batch.spans[at + 1]);
                self.batch.span(lifesigns_model::Span { offset, len });
            }
            _ => {
                self.batch.text(Some(&object.id));
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
        self.rows.push(Row { object: shown.object, time_ns: shown.time_ns });
        self.origins.push((shown.origin, shown.spot));
        self.rows.len() >= limits::BATCH_EVENTS || self.batch.text.len() >= limits::BATCH_BYTES
    }

    /// Shows the open batch to the rule and passes its alerts on. When the rule fails, its events
    /// are tried one by one.
    pub(crate) fn flush(&mut self, around: &mut Around<'_, '_>) {
        if self.rows.is_empty() {
            return;
        }
        let batch = std::mem::take(&mut self.batch);
        let rows = std::mem::take(&mut self.rows);
        let origins = std::mem::take(&mut self.origins);
        match self.run(&batch, &rows, &origins, around) {
            Ok(()) => {}
            Err(error) if rows.len() == 1 => self.poisoned(rows[0], &error, around),
            Err(_) => self.one_by_one(&batch, &rows, &origins, around),
        }
        (self.batch, self.rows, self.origins) = (batch, rows, origins);
        self.batch.clear();
        self.rows.clear();
        self.origins.clear();
    }

    fn one_by_one(&mut self, batch: &Batch, rows: &[Row], origins: &[(Origin, Spot)], around: &mut Around<'_, '_>) {
        let mut single = Batch::default();
        for (index, row) in rows.iter().enumerate() {
            if self.quarantine.blocks(now(around.clock, *row)) {
                around.report.missed(&self.rule.name, 1);
                continue;
            }
            single.clear();
            single.copy_event(batch, index, &self.rule.description.wants);
            let one = index..index + 1;
            if let Err(error) = self.run(&single, &rows[one.clone()], &origins[one], around) {
                self.poisoned(*row, &error, around);
            }
        }
    }

    fn poisoned(&mut self, row: Row, error: &CellError, around: &mut Around<'_, '_>) {
        let pause_ms = self.quarantine.failed(now(around.clock, row));
        let object = &around.objects.get(row.object).id;
        tracing::warn!(rule = self.rule.name, object = &**object, pause_ms, "a rule failed on an event: {error}");
        around.report.failed(&self.rule.name, error, pause_ms);
    }

    /// One call of the rule.
    fn run(
        &mut self,
        batch: &Batch,
        rows: &[Row],
        origins: &[(Origin, Spot)],
        around: &mut Around<'_, '_>,
    ) -> Result<(), CellError> {
        let mut cell = match self.cell.take() {
            Some(cell) => cell,
            None => open(&self.rule)?,
        };
        let mut state = self.state.take().expect("state is out only while this function runs");
        state.begin(rows, self.reminds);
        around.answer.clear();
        let (state, outcome) = cell.evaluate(batch, state, around.answer);
        let state: Result<Box<Memory>, _> = (state as Box<dyn Any>).downcast();
        let Ok(mut state) = state else {
            self.state = Some(Box::new(Memory::new(&self.rule.name, around.cuts)));
            return Err(CellError::Call("it gave back another state than it was lent".into()));
        };
        let reminders = match &outcome {
            Ok(()) => state.commit(),
            Err(_) => {
                state.rollback();
                Vec::new()
            }
        };
        around.report.dropped.merge(state.take_dropped());
        self.state = Some(state);
        outcome?;
        self.cell = Some(cell);
        self.quarantine.answered(rows.len());
        around.report.events += rows.len() as u64;
        for change in &reminders {
            self.remind(change, rows, origins, around);
        }
        self.emit(rows, origins, around);
        Ok(())
    }

    fn remind(&self, change: &ReminderChange, rows: &[Row], origins: &[(Origin, Spot)], around: &mut Around<'_, '_>) {
        let at = change.event as usize;
        let object = rows[at].object;
        let Some(due_ns) = change.due_ns else {
            around.objects.forget(object, &self.rule.name, &change.name);
            return;
        };
        let too_many = around.objects.remind(object, &self.rule.name, &change.name, due_ns, origins[at].0.kept());
        around.report.reminders_left_out += u64::from(too_many);
    }

    fn emit(&self, rows: &[Row], origins: &[(Origin, Spot)], around: &mut Around<'_, '_>) {
        let answer = &*around.answer;
        let (mut nth, mut before) = (0, u32::MAX);
        for row in &answer.rows {
            nth = if row.event == before { nth + 1 } else { 0 };
            before = row.event;
            let (at, (origin, spot)) = (rows[row.event as usize], &origins[row.event as usize]);
            let (source, evidence) = origin.evidence();
            let pairs = &answer.attributes[row.attributes_start as usize..row.attributes_end as usize];
            let alert = AlertRef {
                order: Order { time_ns: at.time_ns, source, line: evidence.line, rule: self.number, nth },
                rule: &self.rule.name,
                symptom: &self.rule.description.symptoms[row.symptom as usize],
                object: &around.objects.get(at.object).id,
                change: row.change,
                summary: row.summary.str(&answer.text),
                attributes: Attributes::new(&answer.text, pairs),
                evidence,
                module: self.rule.module.digest(),
            };
            around.outlet.alert(*spot, &alert);
            around.report.alerts += 1;
        }
    }
}

fn open(rule: &Rule) -> Result<Box<dyn Cell>, CellError> {
    match rule.module.open(&rule.settings, &rule.limits) {
        Ok(opened) if opened.description == rule.description => Ok(opened.cell),
        Ok(_) => Err(CellError::Answer("it describes itself differently than when it was loaded".into())),
        Err(OpenError::Cell(error)) => Err(error),
        Err(error) => Err(CellError::Answer(error.to_string())),
    }
}

const fn now(clock: Clock, row: Row) -> u64 {
    match clock {
        Clock::Event => row.time_ns,
        Clock::Wall(now_ns) => now_ns,
    }
}
