//! A rule linked natively behind the port that Wasm modules stand behind.

use std::{cell::RefCell, marker::PhantomData};

use lifesigns_model as model;
use lifesigns_rule::{
    Change, Criticality, Description, Impact, Interest, Kinds, Level, Rule, Subject, Test,
    native::{Columns, HostCalls, Native},
};

/// A module made of a Rust type.
#[derive(Debug)]
pub struct NativeModule<R> {
    digest: String,
    rule: PhantomData<fn() -> R>,
}

impl<R> Default for NativeModule<R> {
    fn default() -> Self {
        // As long as a real one, since it is part of every alert.
        Self { digest: format!("sha256:{:0>64}", "0"), rule: PhantomData }
    }
}

impl<R: Rule + Send> model::Module for NativeModule<R> {
    fn digest(&self) -> &str {
        &self.digest
    }

    fn open(&self, settings: &str, _: &model::Limits) -> Result<model::Opened, model::OpenError> {
        let native = Native::<R>::new(settings).map_err(model::OpenError::Settings)?;
        let description = description(native.description());
        Ok(model::Opened { cell: Box::new(NativeCell(native)), description })
    }
}

struct NativeCell<R>(Native<R>);

impl<R: Rule + Send> model::Cell for NativeCell<R> {
    fn evaluate(
        &mut self,
        batch: &model::Batch,
        state: Box<dyn model::State>,
        answer: &mut model::Answer,
    ) -> (Box<dyn model::State>, Result<(), model::CellError>) {
        let columns = Columns {
            text: &batch.text,
            times_ns: &batch.times_ns,
            kinds: &batch.kinds,
            spans: &batch.spans,
            numbers: &batch.numbers,
        };
        let calls = Calls(RefCell::new(state));
        for alert in self.0.evaluate(columns, &calls) {
            let change = match alert.change {
                Change::Raise => model::Change::Raise,
                Change::Clear => model::Change::Clear,
            };
            let attributes = alert.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            answer.push(alert.event, alert.symptom, change, &alert.summary, attributes);
        }
        (calls.0.into_inner(), Ok(()))
    }
}

/// A call that breaks the contract ends the bench.
struct Calls(RefCell<Box<dyn model::State>>);

impl Calls {
    fn call<T>(&self, call: impl FnOnce(&mut dyn model::State) -> Result<T, model::StateError>) -> T {
        call(self.0.borrow_mut().as_mut()).unwrap_or_else(|error| panic!("{error}"))
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

    fn log(&self, level: Level, message: &str) {
        let level = match level {
            Level::Debug => model::Level::Debug,
            Level::Info => model::Level::Info,
            Level::Warn => model::Level::Warn,
            Level::Error => model::Level::Error,
        };
        self.0.borrow_mut().log(level, message);
    }
}

fn description(from: &Description) -> model::Description {
    model::Description {
        name: from.name.clone(),
        version: from.version.clone(),
        symptoms: from
            .symptoms
            .iter()
            .map(|symptom| model::Symptom {
                id: symptom.id.clone(),
                title: symptom.title.clone(),
                criticality: match symptom.criticality {
                    Criticality::Information => model::Criticality::Information,
                    Criticality::Warning => model::Criticality::Warning,
                    Criticality::Immediate => model::Criticality::Immediate,
                    Criticality::Critical => model::Criticality::Critical,
                },
                impact: match symptom.impact {
                    Impact::Health => model::Impact::Health,
                    Impact::Risk => model::Impact::Risk,
                    Impact::Efficiency => model::Impact::Efficiency,
                },
                recommendation: symptom.recommendation.clone(),
                controls: symptom.controls.clone(),
                hold_ms: symptom.hold_ms,
            })
            .collect(),
        interests: from.interests.iter().map(interest).collect(),
        wants: model::Wants {
            fields: from.wants.fields.clone(),
            properties: from.wants.properties.clone(),
            metrics: from.wants.metrics.clone(),
        },
    }
}

fn interest(from: &Interest) -> model::Interest {
    let kinds =
        [(Kinds::LOG, model::Kind::Log), (Kinds::FACT, model::Kind::Fact), (Kinds::REMINDER, model::Kind::Reminder)];
    let kinds: Vec<_> =
        kinds.into_iter().filter(|(flag, _)| from.kinds & *flag == *flag).map(|(_, kind)| kind).collect();
    let condition = |condition: &lifesigns_rule::Condition| model::Condition {
        subject: match condition.subject.clone() {
            Subject::Field(name) => model::Subject::Field(name),
            Subject::Property(name) => model::Subject::Property(name),
        },
        test: match condition.test.clone() {
            Test::Present => model::Test::Present,
            Test::Absent => model::Test::Absent,
            Test::OneOf(list) => model::Test::OneOf(list),
            Test::NoneOf(list) => model::Test::NoneOf(list),
            Test::StartsWith(list) => model::Test::StartsWith(list),
            Test::Contains(list) => model::Test::Contains(list),
        },
    };
    model::Interest {
        kinds: model::Kinds::of(&kinds),
        contains: from.contains.clone(),
        ignore_case: from.ignore_case,
        conditions: from.conditions.iter().map(condition).collect(),
    }
}
