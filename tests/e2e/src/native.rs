//! Rules without Wasm, behind the same port as modules: the engine cannot tell the difference.

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use lifesigns_model::{
    Answer, Batch, Cell, CellError, Change, Condition, Criticality, Description, Impact, Interest, Kind, Kinds, Level,
    Limits, Module, OpenError, Opened, State, StateError, Subject, Symptom, Test, Wants,
};
use lifesigns_rule::{
    self as sdk, Rule,
    native::{Columns, HostCalls, Native},
};

type Open = fn(&str, &Limits) -> Result<Opened, OpenError>;

/// The rules of this workspace, by name.
const RULES: [(&str, Open); 6] = [
    ("container-churn", open::<container_churn::ContainerChurn>),
    ("docker-keyword", open::<docker_keyword::DockerKeyword>),
    ("docker-on-production", open::<docker_on_production::DockerOnProduction>),
    ("docker-under-load", open::<docker_under_load::DockerUnderLoad>),
    ("keyword", open::<keyword::Keyword>),
    ("untrusted-registry", open::<untrusted_registry::UntrustedRegistry>),
];

/// The rule `rules/NAME`, linked natively; `None` if there is none.
pub fn module(name: &str) -> Option<Arc<dyn Module>> {
    let (name, open) = RULES.iter().find(|(known, _)| *known == name)?;
    Some(Arc::new(NativeModule { digest: format!("native:{name}"), open: *open }))
}

/// The names of all rules that [`module`] knows.
pub fn names() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|(name, _)| *name)
}

struct NativeModule {
    digest: String,
    open: Open,
}

impl Module for NativeModule {
    fn digest(&self) -> &str {
        &self.digest
    }

    fn open(&self, settings: &str, limits: &Limits) -> Result<Opened, OpenError> {
        (self.open)(settings, limits)
    }
}

fn open<R: Rule + Send>(settings: &str, limits: &Limits) -> Result<Opened, OpenError> {
    let native = Native::<R>::new(settings).map_err(OpenError::Settings)?;
    let description = description(native.description());
    Ok(Opened { cell: Box::new(NativeCell { native, limits: limits.clone() }), description })
}

struct NativeCell<R> {
    native: Native<R>,
    limits: Limits,
}

impl<R: Rule + Send> Cell for NativeCell<R> {
    fn evaluate(
        &mut self,
        batch: &Batch,
        state: Box<dyn State>,
        answer: &mut Answer,
    ) -> (Box<dyn State>, Result<(), CellError>) {
        let columns = Columns {
            text: &batch.text,
            times_ns: &batch.times_ns,
            kinds: &batch.kinds,
            spans: &batch.spans,
            numbers: &batch.numbers,
        };
        let host = Calls(RefCell::new((state, None)));
        // A rule that panics must not take the host along, as in the sandbox.
        let alerts = catch_unwind(AssertUnwindSafe(|| self.native.evaluate(columns, &host)));
        let (state, broken) = host.0.into_inner();
        let outcome = match (alerts, broken) {
            (_, Some(StateError(text))) => Err(CellError::Call(text)),
            (Err(_), None) => Err(CellError::Trap("it panicked".into())),
            (Ok(alerts), None) => fill(&alerts, batch.len(), &self.limits, answer),
        };
        (state, outcome)
    }
}

/// Lays a rule's alerts flat, within the limits.
fn fill(alerts: &[sdk::Alert], events: usize, limits: &Limits, answer: &mut Answer) -> Result<(), CellError> {
    if alerts.len() > limits.alerts_per_event.saturating_mul(events) {
        return Err(CellError::Answer(format!("{} alerts for {events} events", alerts.len())));
    }
    for alert in alerts {
        let attributes = alert.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let bytes =
            alert.summary.len() + attributes.clone().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        if bytes > limits.alert_bytes {
            return Err(CellError::Answer(format!("an alert of {bytes} bytes; the limit is {}", limits.alert_bytes)));
        }
        let change = match alert.change {
            sdk::Change::Raise => Change::Raise,
            sdk::Change::Clear => Change::Clear,
        };
        answer.push(alert.event, alert.symptom, change, &alert.summary, attributes);
    }
    Ok(())
}

/// The lent state, and the first call that broke the contract.
struct Calls(RefCell<(Box<dyn State>, Option<StateError>)>);

impl Calls {
    fn call<T: Default>(&self, call: impl FnOnce(&mut dyn State) -> Result<T, StateError>) -> T {
        let (state, broken) = &mut *self.0.borrow_mut();
        call(state.as_mut()).unwrap_or_else(|error| {
            broken.get_or_insert(error);
            T::default()
        })
    }
}

impl HostCalls for Calls {
    fn get(&self, event: u32, key: &str) -> Option<Vec<u8>> {
        self.call(|state| Ok(state.get(event, key)?.map(<[u8]>::to_vec)))
    }

    fn set(&self, event: u32, key: &str, value: &[u8], ttl_ms: u64) {
        self.call(|state| state.set(event, key, value, ttl_ms));
    }

    fn delete(&self, event: u32, key: &str) {
        self.call(|state| state.delete(event, key));
    }

    fn count(&self, event: u32, key: &str, amount: u32, window_ms: u64) -> u64 {
        self.call(|state| state.count(event, key, amount, window_ms))
    }

    fn distinct(&self, event: u32, key: &str, value: Option<&str>, window_ms: u64) -> u64 {
        self.call(|state| state.distinct(event, key, value, window_ms))
    }

    fn remind_at(&self, event: u32, name: &str, time_ns: u64) {
        self.call(|state| state.remind_at(event, name, time_ns));
    }

    fn forget(&self, event: u32, name: &str) {
        self.call(|state| state.forget(event, name));
    }

    fn log(&self, level: sdk::Level, message: &str) {
        let level = match level {
            sdk::Level::Debug => Level::Debug,
            sdk::Level::Info => Level::Info,
            sdk::Level::Warn => Level::Warn,
            sdk::Level::Error => Level::Error,
        };
        self.0.borrow_mut().0.log(level, message);
    }
}

fn description(description: &sdk::Description) -> Description {
    Description {
        name: description.name.clone(),
        version: description.version.clone(),
        symptoms: description.symptoms.iter().map(symptom).collect(),
        interests: description.interests.iter().map(interest).collect(),
        wants: Wants {
            fields: description.wants.fields.clone(),
            properties: description.wants.properties.clone(),
            metrics: description.wants.metrics.clone(),
        },
    }
}

fn symptom(symptom: &sdk::Symptom) -> Symptom {
    Symptom {
        id: symptom.id.clone(),
        title: symptom.title.clone(),
        criticality: match symptom.criticality {
            sdk::Criticality::Information => Criticality::Information,
            sdk::Criticality::Warning => Criticality::Warning,
            sdk::Criticality::Immediate => Criticality::Immediate,
            sdk::Criticality::Critical => Criticality::Critical,
        },
        impact: match symptom.impact {
            sdk::Impact::Health => Impact::Health,
            sdk::Impact::Risk => Impact::Risk,
            sdk::Impact::Efficiency => Impact::Efficiency,
        },
        recommendation: symptom.recommendation.clone(),
        controls: symptom.controls.clone(),
        hold_ms: symptom.hold_ms,
    }
}

fn interest(interest: &sdk::Interest) -> Interest {
    let flags = [(sdk::Kinds::LOG, Kind::Log), (sdk::Kinds::FACT, Kind::Fact), (sdk::Kinds::REMINDER, Kind::Reminder)];
    let kinds: Vec<Kind> =
        flags.into_iter().filter(|(flag, _)| interest.kinds & *flag == *flag).map(|(_, kind)| kind).collect();
    Interest {
        kinds: Kinds::of(&kinds),
        contains: interest.contains.clone(),
        ignore_case: interest.ignore_case,
        conditions: interest.conditions.iter().map(condition).collect(),
    }
}

fn condition(condition: &sdk::Condition) -> Condition {
    Condition {
        subject: match &condition.subject {
            sdk::Subject::Field(name) => Subject::Field(name.clone()),
            sdk::Subject::Property(name) => Subject::Property(name.clone()),
        },
        test: match &condition.test {
            sdk::Test::Present => Test::Present,
            sdk::Test::Absent => Test::Absent,
            sdk::Test::OneOf(list) => Test::OneOf(list.clone()),
            sdk::Test::NoneOf(list) => Test::NoneOf(list.clone()),
            sdk::Test::StartsWith(list) => Test::StartsWith(list.clone()),
            sdk::Test::Contains(list) => Test::Contains(list.clone()),
        },
    }
}
