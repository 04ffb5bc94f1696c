//! The calls of the host, and their implementations: the imports of the Wasm world, or a native type.

use crate::{
    Level,
    bindings::lifesigns::rule::{log, state},
};

/// The calls of the host.
#[doc(hidden)]
pub trait Host {
    fn get(&self, event: u32, key: &str) -> Option<Vec<u8>>;
    fn set(&self, event: u32, key: &str, value: &[u8], ttl_ms: u64);
    fn delete(&self, event: u32, key: &str);
    fn count(&self, event: u32, key: &str, amount: u32, window_ms: u64) -> u64;
    fn distinct(&self, event: u32, key: &str, value: Option<&str>, window_ms: u64) -> u64;
    fn rename(&self, event: u32, key: &str, to: &str) -> bool;
    fn remind_at(&self, event: u32, name: &str, time_ns: u64);
    fn forget(&self, event: u32, name: &str);
    fn log(&self, level: Level, message: &str);
}

/// The implementation of the host's calls. In a module it is one type, so that a rule imports only the
/// interfaces whose functions it uses; natively it is any type that implements [`Host`].
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

    fn rename(&self, event: u32, key: &str, to: &str) -> bool {
        state::rename(event, key, to)
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
