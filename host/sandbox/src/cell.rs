//! One instance of a module: a store, a deadline, and what to make of the ways it can end.

use lifesigns_model::{Answer, Batch, Cell, CellError, Limits, OpenError, Opened, State};
use wasmtime::{Engine, Store, Trap};

use crate::{
    bindings::{Rule, RulePre},
    convert, describe,
    host::Lent,
    ticker,
};

/// How much a guest may pass to the host in one call, in bytes as wasmtime counts them.
const HOSTCALL_BYTES: usize = 16 << 20;

/// An instance that has been described. After an error it must not be called again.
pub(crate) struct WasmCell {
    store: Store<Lent>,
    rule: Rule,
    symptoms: usize,
    limits: Limits,
}

impl WasmCell {
    pub(crate) fn open(
        engine: &Engine,
        pre: &RulePre<Lent>,
        settings: &str,
        limits: &Limits,
    ) -> Result<Opened, OpenError> {
        let mut store = Store::new(engine, Lent::new(limits.memory_bytes));
        store.limiter(|lent| lent);
        store.set_hostcall_fuel(HOSTCALL_BYTES);
        store.set_max_component_handles(16);
        store.set_epoch_deadline(ticker::ticks(limits.deadline_ms));
        let rule = pre.instantiate(&mut store).map_err(|error| failure(&mut store, &error, limits))?;
        let described =
            rule.call_describe(&mut store, settings).map_err(|error| failure(&mut store, &error, limits))?;
        let description = convert::description(described.map_err(OpenError::Settings)?);
        describe::check(&description).map_err(OpenError::Description)?;
        let symptoms = description.symptoms.len();
        Ok(Opened { cell: Box::new(Self { store, rule, symptoms, limits: limits.clone() }), description })
    }
}

impl Cell for WasmCell {
    fn evaluate(
        &mut self,
        batch: &Batch,
        state: Box<dyn State>,
        answer: &mut Answer,
    ) -> (Box<dyn State>, Result<(), CellError>) {
        self.store.set_epoch_deadline(ticker::ticks(self.limits.deadline_ms));
        self.store.data_mut().state = Some(state);
        let result = self.rule.call_evaluate(&mut self.store, convert::batch(batch));
        let state =
            self.store.data_mut().state.take().expect("only this function takes it, and it has just put it there");
        let outcome = match result {
            Ok(alerts) => convert::answer(&alerts, batch.len(), self.symptoms, &self.limits, answer),
            Err(error) => Err(failure(&mut self.store, &error, &self.limits)),
        };
        (state, outcome)
    }
}

/// What ended a call, in the model's words.
fn failure(store: &mut Store<Lent>, error: &wasmtime::Error, limits: &Limits) -> CellError {
    let lent = store.data_mut();
    if let Some(broken) = lent.broken.take() {
        return CellError::Call(broken.to_string());
    }
    if lent.memory_denied {
        return CellError::Memory { memory_bytes: limits.memory_bytes };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => CellError::Deadline { deadline_ms: limits.deadline_ms },
        Some(trap) => CellError::Trap(trap.to_string()),
        None => CellError::Trap(format!("{:#}", error.root_cause())),
    }
}
