//! The data of a store: the host's side of a guest's imports, with the state for the length of one call.

use std::sync::Arc;

use lifesigns_model::{InstanceError, LogLevel, RuleState, StateError};
use wasmtime::{Error, ResourceLimiter, Result};

use crate::{
    bindings::lifesigns::rule::{log, state},
    memory::{MemoryBudget, MemoryCharge},
};

/// The data beside the guest in a store.
pub(crate) struct StoreData {
    /// The rule's state, only while `evaluate` or `migrate` runs.
    pub(crate) state: Option<Box<dyn RuleState>>,
    /// A call that broke the contract; tells it apart from the guest's own traps.
    pub(crate) broken: Option<StateError>,
    /// Linear memory that the guest may have.
    pub(crate) memory_bytes: usize,
    /// The guest asked for more than it or all rules may have.
    pub(crate) denied: Option<InstanceError>,
    /// Calls of the host that are left of the call, if they are counted.
    pub(crate) host_calls: Option<u64>,
    /// It made more calls of the host than that.
    pub(crate) is_exhausted: bool,
    /// Where and why it has just panicked: what follows "panicked at".
    pub(crate) panic: Option<String>,
    /// Its share of the memory of all rules.
    charge: MemoryCharge,
    /// The beginning of its linear memory that is charged at a flat rate, once it is known.
    flat_bytes: Option<usize>,
}

impl StoreData {
    pub(crate) fn new(memory_bytes: usize, budget: &Arc<MemoryBudget>) -> Self {
        let charge = MemoryCharge::new(budget);
        Self {
            state: None,
            broken: None,
            memory_bytes,
            denied: None,
            host_calls: None,
            is_exhausted: false,
            panic: None,
            charge,
            flat_bytes: None,
        }
    }

    /// Charges `bytes` more; where the ceiling is reached, the refusal is remembered.
    fn charge(&mut self, bytes: usize) -> bool {
        let granted = self.charge.grow(bytes);
        if !granted {
            let budget = self.charge.budget();
            let (used_bytes, ceiling_bytes) = (budget.used_bytes(), budget.ceiling_bytes());
            self.denied = Some(InstanceError::Ceiling { wanted_bytes: bytes, used_bytes, ceiling_bytes });
        }
        granted
    }

    fn call<T>(&mut self, call: impl FnOnce(&mut dyn RuleState) -> Result<T, StateError>) -> Result<T> {
        if let Some(left) = &mut self.host_calls {
            let Some(next) = left.checked_sub(1) else {
                self.is_exhausted = true;
                return Err(Error::msg("too many calls of the host"));
            };
            *left = next;
        }
        let result = match &mut self.state {
            Some(state) => call(state.as_mut()),
            None => Err(StateError("state exists only during `evaluate` and `migrate`".into())),
        };
        result.map_err(|error| {
            let text = error.to_string();
            self.broken = Some(error);
            Error::msg(text)
        })
    }
}

impl state::Host for StoreData {
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

    fn rename(&mut self, event: u32, key: String, to: String) -> Result<bool> {
        self.call(|state| state.rename(event, &key, &to))
    }

    fn remind_at(&mut self, event: u32, name: String, time_ns: u64) -> Result<()> {
        self.call(|state| state.remind_at(event, &name, time_ns))
    }

    fn forget(&mut self, event: u32, name: String) -> Result<()> {
        self.call(|state| state.forget(event, &name))
    }
}

impl log::Host for StoreData {
    fn write(&mut self, level: log::Level, message: String) -> Result<()> {
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        // What the SDK writes when the rule panics: it becomes the text of the failure if it traps now.
        if let Some(place) = message.strip_prefix("panicked at ").filter(|_| level == LogLevel::Error) {
            self.panic = Some(place.replacen(":\n", ": ", 1));
            return Ok(());
        }
        // There is no state yet, and so no log, while `describe` runs.
        if let Some(state) = &mut self.state {
            state.log(level, &message);
        }
        Ok(())
    }
}

impl crate::bindings::lifesigns::rule::types::Host for StoreData {}

/// Elements that all tables of one guest may have together; a rule's function table has a few
/// hundred.
const TABLE_ELEMENTS: usize = 20_000;
/// Bytes of the host's memory for an element of a table.
const ELEMENT_BYTES: usize = 16;
/// The charge for an instance itself and the memory that it begins with, up to
/// [`FLAT_MEMORY_BYTES`]: most of that is a stack that is never touched.
const INSTANCE_BYTES: usize = 48 << 10;
const FLAT_MEMORY_BYTES: usize = 1280 << 10;

impl ResourceLimiter for StoreData {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        if desired > self.memory_bytes {
            self.denied = Some(InstanceError::Memory { wanted_bytes: desired, memory_bytes: self.memory_bytes });
            return Ok(false);
        }
        let Some(flat_bytes) = self.flat_bytes else {
            let flat_bytes = desired.min(FLAT_MEMORY_BYTES);
            self.flat_bytes = Some(flat_bytes);
            return Ok(self.charge(INSTANCE_BYTES + (desired - flat_bytes)));
        };
        Ok(self.charge(desired.saturating_sub(current.max(flat_bytes))))
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        Ok(desired <= TABLE_ELEMENTS && self.charge(desired.saturating_sub(current) * ELEMENT_BYTES))
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
