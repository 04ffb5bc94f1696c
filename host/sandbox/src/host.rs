//! The other side of a guest's imports: the state that is lent for the length of one call.

use lifesigns_model::{Level, State, StateError};
use wasmtime::{Error, ResourceLimiter, Result};

use crate::bindings::lifesigns::rule::{log, state};

/// What lives in a store beside the guest.
pub(crate) struct Lent {
    /// The rule's state, only while `evaluate` runs.
    pub(crate) state: Option<Box<dyn State>>,
    /// A call that broke the contract; tells it apart from the guest's own traps.
    pub(crate) broken: Option<StateError>,
    /// Linear memory that the guest may have.
    pub(crate) memory_bytes: usize,
    /// The guest asked for more.
    pub(crate) memory_denied: bool,
}

impl Lent {
    pub(crate) const fn new(memory_bytes: usize) -> Self {
        Self { state: None, broken: None, memory_bytes, memory_denied: false }
    }

    fn call<T>(&mut self, call: impl FnOnce(&mut dyn State) -> Result<T, StateError>) -> Result<T> {
        let result = match &mut self.state {
            Some(state) => call(state.as_mut()),
            None => Err(StateError("state is there during `evaluate` only".into())),
        };
        result.map_err(|error| {
            let text = error.to_string();
            self.broken = Some(error);
            Error::msg(text)
        })
    }
}

impl state::Host for Lent {
    fn get(&mut self, event: u32, key: String) -> Result<Option<Vec<u8>>> {
        self.call(|state| Ok(state.get(event, &key)?.map(<[u8]>::to_vec)))
    }

    fn set(&mut self, event: u32, key: String, value: Vec<u8>, ttl_ms: u64) -> Result<()> {
        self.call(|state| state.set(event, &key, &value, ttl_ms))
    }

    fn delete(&mut self, event: u32, key: String) -> Result<()> {
        self.call(|state| state.delete(event, &key))
    }

    fn count(&mut self, event: u32, key: String, amount: u32, window_ms: u64) -> Result<u64> {
        self.call(|state| state.count(event, &key, amount, window_ms))
    }

    fn distinct(&mut self, event: u32, key: String, value: Option<String>, window_ms: u64) -> Result<u64> {
        self.call(|state| state.distinct(event, &key, value.as_deref(), window_ms))
    }

    fn remind_at(&mut self, event: u32, name: String, time_ns: u64) -> Result<()> {
        self.call(|state| state.remind_at(event, &name, time_ns))
    }

    fn forget(&mut self, event: u32, name: String) -> Result<()> {
        self.call(|state| state.forget(event, &name))
    }
}

impl log::Host for Lent {
    fn write(&mut self, level: log::Level, message: String) -> Result<()> {
        let level = match level {
            log::Level::Debug => Level::Debug,
            log::Level::Info => Level::Info,
            log::Level::Warn => Level::Warn,
            log::Level::Error => Level::Error,
        };
        // A line written in `describe` has nobody to go to yet.
        if let Some(state) = &mut self.state {
            state.log(level, &message);
        }
        Ok(())
    }
}

impl crate::bindings::lifesigns::rule::types::Host for Lent {}

/// Elements that all tables of one guest may have together; a rule's function table has a few
/// hundred.
const TABLE_ELEMENTS: usize = 20_000;

impl ResourceLimiter for Lent {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        let granted = desired <= self.memory_bytes;
        self.memory_denied |= !granted;
        Ok(granted)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }

    fn instances(&self) -> usize {
        16
    }

    fn tables(&self) -> usize {
        8
    }

    fn memories(&self) -> usize {
        1
    }
}
