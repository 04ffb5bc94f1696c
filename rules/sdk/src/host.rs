//! The host's calls, and who answers them: the imports of the Wasm world, or natively anybody.

use crate::{
    Level,
    bindings::lifesigns::rule::{log, state},
};

/// The host's calls. Two implementations: the imports of the Wasm world, and the native harness.
#[doc(hidden)]
pub trait Host {
    fn get(&self, event: u32, key: &str) -> Option<Vec<u8>>;
    fn set(&self, event: u32, key: &str, value: &[u8], ttl_ms: u64);
    fn delete(&self, event: u32, key: &str);
    fn count(&self, event: u32, key: &str, amount: u32, window_ms: u64) -> u64;
    fn distinct(&self, event: u32, key: &str, value: Option<&str>, window_ms: u64) -> u64;
    fn remind_at(&self, event: u32, name: &str, time_ns: u64);
    fn forget(&self, event: u32, name: &str);
    fn log(&self, level: Level, message: &str);
}

/// Answers the guest's calls of the host. In a module that is one type, so that a rule imports only the
/// interfaces whose functions it uses; natively it can be anybody.
#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub type Calls = Imports;
#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
pub type Calls = dyn Host;

/// The imports of the Wasm world.
pub struct Imports;

impl Host for Imports {
    fn get(&self, event: u32, key: &str) -> Option<Vec<u8>> {
        state::get(event, key)
    }

    fn set(&self, event: u32, key: &str, value: &[u8], ttl_ms: u64) {
        state::set(event, key, value, ttl_ms);
    }

    fn delete(&self, event: u32, key: &str) {
        state::delete(event, key);
    }

    fn count(&self, event: u32, key: &str, amount: u32, window_ms: u64) -> u64 {
        state::count(event, key, amount, window_ms)
    }

    fn distinct(&self, event: u32, key: &str, value: Option<&str>, window_ms: u64) -> u64 {
        state::distinct(event, key, value, window_ms)
    }

    fn remind_at(&self, event: u32, name: &str, time_ns: u64) {
        state::remind_at(event, name, time_ns);
    }

    fn forget(&self, event: u32, name: &str) {
        state::forget(event, name);
    }

    fn log(&self, level: Level, message: &str) {
        log::write(level, message);
    }
}
