//! Rules without Wasm, behind the same port as modules: the engine cannot tell the difference.

mod description;

use std::{
    cell::RefCell,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use lifesigns_model::{
    Change, DescribedInstance, EventBatch, InstanceError, InstantiateError, Limits, LogLevel, Module, RuleAlertBatch,
    RuleAlertRow, RuleInstance, RuleState, SettingsMistakes, Span, StateError,
};
use lifesigns_rule::{
    self as sdk, Rule,
    native::{Answer, Columns, HostCalls, Native},
};

/// The rule `R` as a module of this digest.
pub fn module<R: Rule + Send>(digest: &str) -> Arc<dyn Module> {
    Arc::new(NativeModule { digest: digest.to_owned(), rule: PhantomData::<fn() -> R> })
}

struct NativeModule<R> {
    digest: String,
    rule: PhantomData<fn() -> R>,
}

impl<R: Rule + Send> Module for NativeModule<R> {
    fn digest(&self) -> &str {
        &self.digest
    }

    fn instantiate(&self, settings: &str, limits: &Limits) -> Result<DescribedInstance, InstantiateError> {
        let native = Native::<R>::new(settings).map_err(mistakes)?;
        let description = description::description(native.description());
        Ok(DescribedInstance { instance: Box::new(NativeInstance { native, limits: limits.clone() }), description })
    }
}

fn mistakes(text: String) -> InstantiateError {
    InstantiateError::Settings(SettingsMistakes(text.lines().map(str::to_owned).collect()))
}

struct NativeInstance<R> {
    native: Native<R>,
    limits: Limits,
}

impl<R: Rule + Send> RuleInstance for NativeInstance<R> {
    fn evaluate(
        &mut self,
        batch: &EventBatch,
        state: Box<dyn RuleState>,
        answer: &mut RuleAlertBatch,
    ) -> (Box<dyn RuleState>, Result<(), InstanceError>) {
        let columns = Columns {
            text: &batch.text,
            times_ns: &batch.times_ns,
            kinds: &batch.kinds,
            spans: &batch.spans,
            numbers: &batch.numbers,
        };
        let host = StateCalls(RefCell::new((state, None)));
        // A rule that panics must not take the host along, as in the sandbox.
        let returned = catch_unwind(AssertUnwindSafe(|| self.native.evaluate(columns, &host)));
        let (state, broken) = host.0.into_inner();
        let outcome = match (returned, broken) {
            (_, Some(StateError(text))) => Err(InstanceError::Call(text)),
            (Err(_), None) => Err(InstanceError::Trap("it panicked".into())),
            (Ok(returned), None) => fill(returned, batch.len(), &self.limits, answer),
        };
        (state, outcome)
    }

    fn migrate(
        &mut self,
        version: u32,
        objects: &[Vec<String>],
        state: Box<dyn RuleState>,
    ) -> (Box<dyn RuleState>, Result<(), InstanceError>) {
        let host = StateCalls(RefCell::new((state, None)));
        let returned = catch_unwind(AssertUnwindSafe(|| self.native.migrate(version, objects, &host)));
        let (state, broken) = host.0.into_inner();
        let outcome = match (returned, broken) {
            (_, Some(StateError(text))) => Err(InstanceError::Call(text)),
            (Err(_), None) => Err(InstanceError::Trap("it panicked".into())),
            (Ok(()), None) => Ok(()),
        };
        (state, outcome)
    }
}

/// Takes over the SDK's answer, within the limits. Its spans are right by construction.
fn fill(returned: Answer, events: usize, limits: &Limits, answer: &mut RuleAlertBatch) -> Result<(), InstanceError> {
    if returned.alerts.len() > limits.alerts_per_event.saturating_mul(events) {
        return Err(InstanceError::Answer(format!("{} alerts for {events} events", returned.alerts.len())));
    }
    let span = |span: sdk::native::Span| Span { offset: span.offset, len: span.length };
    answer.text = returned.text;
    answer.attributes.extend(returned.attributes.iter().map(|pair| (span(pair.name), span(pair.value))));
    let mut attributes_end = 0;
    for alert in &returned.alerts {
        let attributes_start = attributes_end;
        attributes_end += alert.attributes;
        let pairs = &answer.attributes[attributes_start as usize..attributes_end as usize];
        let bytes = alert.summary.length + pairs.iter().map(|(name, value)| name.len + value.len).sum::<u32>();
        if bytes as usize > limits.alert_bytes {
            let limit = limits.alert_bytes;
            return Err(InstanceError::Answer(format!("an alert of {bytes} bytes; the limit is {limit}")));
        }
        let change = if alert.change == sdk::Change::Raise as u32 { Change::Raise } else { Change::Clear };
        let (event, symptom, summary) = (alert.event, alert.symptom, span(alert.summary));
        answer.rows.push(RuleAlertRow { event, symptom, change, summary, attributes_start, attributes_end });
    }
    Ok(())
}

/// The lent state, and the first call that broke the contract.
struct StateCalls(RefCell<(Box<dyn RuleState>, Option<StateError>)>);

impl StateCalls {
    fn call<T: Default>(&self, call: impl FnOnce(&mut dyn RuleState) -> Result<T, StateError>) -> T {
        let (state, broken) = &mut *self.0.borrow_mut();
        call(state.as_mut()).unwrap_or_else(|error| {
            broken.get_or_insert(error);
            T::default()
        })
    }
}

impl HostCalls for StateCalls {
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

    fn rename(&self, event: u32, key: &str, to: &str) -> bool {
        self.call(|state| state.rename(event, key, to))
    }

    fn remind_at(&self, event: u32, name: &str, time_ns: u64) {
        self.call(|state| state.remind_at(event, name, time_ns));
    }

    fn forget(&self, event: u32, name: &str) {
        self.call(|state| state.forget(event, name));
    }

    fn log(&self, level: sdk::Level, message: &str) {
        let level = match level {
            sdk::Level::Debug => LogLevel::Debug,
            sdk::Level::Info => LogLevel::Info,
            sdk::Level::Warn => LogLevel::Warn,
            sdk::Level::Error => LogLevel::Error,
        };
        self.0.borrow_mut().0.log(level, message);
    }
}
