//! What the wall costs: `evaluate` of a Wasm instance against the same rule linked natively.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use lifesigns_bench::{Modules, Table, machine, median, native, pin, quick, repeats};
use lifesigns_model::{
    Description, EventBatch, EventKind, EventRow, Limits, LogLevel, Module, ReminderChange, RuleAlertBatch,
    RuleInstance, RuleState, StateError,
};

const EVENT_BYTES: usize = 200;

/// What is measured, its settings, and the same rule as Wasm and natively.
type Pair = (&'static str, &'static str, Arc<dyn Module>, Arc<dyn Module>);

/// `only` names the cases to measure, such as `keyword/64`; none means all.
pub(crate) fn table(only: &[String]) {
    let machine = machine();
    let core = pin();
    let modules = Modules::new();
    let sandbox = modules.sandbox();
    let pairs: [Pair; 2] = [
        ("idle: wants four fields, does nothing", "{}", modules.load(&sandbox, "idle"), native::<idle::Idle>()),
        (
            "keyword: an alert for each event",
            r#"{"contains": ["containers/create"]}"#,
            modules.load(&sandbox, "keyword"),
            native::<keyword::Keyword>(),
        ),
    ];
    let mut cases = Vec::new();
    for (name, settings, wasm, native) in &pairs {
        let sizes = [1, 8, 64, 256].into_iter();
        let id = |events| format!("{}/{events}", name.split(':').next().unwrap_or_default());
        for events in sizes.filter(|events| only.is_empty() || only.contains(&id(*events))) {
            cases.push(Case {
                name,
                events,
                wasm: Side::open(wasm, settings, events),
                native: Side::open(native, settings, events),
            });
        }
    }
    let repeats = repeats(301);
    for _ in 0..repeats {
        for case in &mut cases {
            case.wasm.measure();
            case.native.measure();
        }
    }
    println!("\n## Delivery across the wall\n");
    println!(
        "{machine}; pinned to core {core:?}; {repeats} interleaved rounds, medians; events of {EVENT_BYTES} bytes.\n"
    );
    let mut table =
        Table::new(&["rule", "batch", "Wasm, ns/event", "native, ns/event", "the wall, ns/event", "target"]);
    for case in &mut cases {
        let (wasm, native) = (case.wasm.ns_per_event(), case.native.ns_per_event());
        let target = if case.events == 64 { "<= 60" } else { "" };
        let figures = [wasm, native, wasm - native].map(|figure| format!("{figure:.1}"));
        let [wasm, native, wall] = figures;
        table.row([case.name.to_owned(), case.events.to_string(), wasm, native, wall, target.to_owned()]);
    }
    println!("{table}");
}

struct Case<'a> {
    name: &'a str,
    events: usize,
    wasm: Side,
    native: Side,
}

struct Side {
    instance: Box<dyn RuleInstance>,
    state: Option<Box<dyn RuleState>>,
    batch: EventBatch,
    answer: RuleAlertBatch,
    times: Vec<Duration>,
    calls: usize,
}

impl Side {
    fn open(module: &Arc<dyn Module>, settings: &str, events: usize) -> Self {
        let opened = module.instantiate(settings, &Limits::default()).expect("a rule of our own");
        Self {
            batch: batch(&opened.description, events),
            instance: opened.instance,
            state: Some(Box::new(Nothing)),
            answer: RuleAlertBatch::default(),
            times: Vec::new(),
            calls: (if quick() { 640 } else { 6400 }) / events,
        }
    }

    fn measure(&mut self) {
        let start = Instant::now();
        for _ in 0..self.calls {
            self.answer.clear();
            let state = self.state.take().expect("it came back");
            let (state, outcome) = self.instance.evaluate(black_box(&self.batch), state, &mut self.answer);
            outcome.expect("a rule of our own");
            self.state = Some(state);
        }
        black_box(&self.answer);
        self.times.push(start.elapsed());
    }

    fn ns_per_event(&mut self) -> f64 {
        median(&mut self.times).as_nanos() as f64 / (self.calls * self.batch.len()) as f64
    }
}

/// Events of [`EVENT_BYTES`] bytes of message and fields, and an object.
fn batch(description: &Description, events: usize) -> EventBatch {
    let mut batch = EventBatch::default();
    let fields = ["info", "Calling POST", "POST", "/v1.41/containers/create"];
    let fields = &fields[..description.wants.fields.len()];
    let start = "Calling POST /v1.41/containers/create?name=web-";
    let left = EVENT_BYTES - start.len() - fields.iter().map(|field| field.len()).sum::<usize>();
    let object = batch_object(&mut batch);
    for event in 0..events {
        batch.begin(1_795_500_000_000_000_000 + event as u64, EventKind::Log);
        batch.span(object);
        batch.text(None);
        batch.text(Some(&format!("{start}{event:0left$}")));
        for field in fields {
            batch.text(Some(field));
        }
    }
    batch
}

fn batch_object(batch: &mut EventBatch) -> lifesigns_model::Span {
    lifesigns_model::Span::push(&mut batch.text, "vm-production-17")
}

/// Neither rule remembers anything.
struct Nothing;

impl RuleState for Nothing {
    fn begin(&mut self, _: &[EventRow], _: bool) {}

    fn commit(&mut self) -> Vec<ReminderChange> {
        Vec::new()
    }

    fn rollback(&mut self) {}

    fn get(&mut self, _: u32, _: &str) -> Result<Option<&[u8]>, StateError> {
        Ok(None)
    }

    fn rename(&mut self, _: u32, _: &str, _: &str) -> Result<bool, StateError> {
        Ok(false)
    }

    fn set(&mut self, _: u32, _: &str, _: &[u8], _: u64) -> Result<(), StateError> {
        Ok(())
    }

    fn delete(&mut self, _: u32, _: &str) -> Result<(), StateError> {
        Ok(())
    }

    fn count(&mut self, _: u32, _: &str, _: u32, _: u64) -> Result<u64, StateError> {
        Ok(0)
    }

    fn distinct(&mut self, _: u32, _: &str, _: Option<&str>, _: u64) -> Result<u64, StateError> {
        Ok(0)
    }

    fn remind_at(&mut self, _: u32, _: &str, _: u64) -> Result<(), StateError> {
        Ok(())
    }

    fn forget(&mut self, _: u32, _: &str) -> Result<(), StateError> {
        Ok(())
    }

    fn log(&mut self, _: LogLevel, _: &str) {}
}
