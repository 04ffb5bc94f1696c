//! The state of a rule, which the host keeps.

use crate::{Change, Level, duration::Duration, host::Calls};
// Natively the host is a trait object, whose functions need no import.
#[cfg(target_family = "wasm")]
use crate::host::Host as _;

/// State of this rule about one object. It belongs to the rule's name: it survives the instance and
/// the replacement of the module.
#[derive(Clone, Copy)]
pub struct State<'a> {
    host: &'a Calls,
    event: u32,
}

impl<'a> State<'a> {
    pub(crate) fn new(host: &'a Calls, event: u32) -> Self {
        Self { host, event }
    }

    /// Returns the value under `key`, if it exists and has not expired.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        self.host.get(self.event, key)
    }

    /// Returns the value under `key` as text; `None` also if it is not UTF-8.
    pub fn get_str(&self, key: &str) -> Option<String> {
        self.get(key).and_then(|value| String::from_utf8(value).ok())
    }

    /// Stores `value` under `key` for `ttl_ms` milliseconds of event time; 0 means that it does not expire.
    pub fn set(&self, key: &str, value: impl AsRef<[u8]>, ttl_ms: u64) {
        self.host.set(self.event, key, value.as_ref(), ttl_ms);
    }

    /// Remembers `key` for that long: "A, and within ten minutes B" is a mark at A, and [`State::is_marked`] at B.
    pub fn mark(&self, key: &str, within: Duration) {
        self.set(key, "", within.ms().max(1));
    }

    /// Returns whether `key` holds a value that has not expired.
    pub fn is_marked(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Remembers under `key` whether something holds. Returns [`Change::Raise`] when it begins to hold, and
    /// [`Change::Clear`] when it no longer does: what is raised once and cleared once.
    pub fn turn(&self, key: &str, holds: bool) -> Option<Change> {
        match (self.is_marked(key), holds) {
            (false, true) => {
                self.set(key, "", 0);
                Some(Change::Raise)
            }
            (true, false) => {
                self.delete(key);
                Some(Change::Clear)
            }
            _ => None,
        }
    }

    /// Removes `key`, whatever it holds.
    pub fn delete(&self, key: &str) {
        self.host.delete(self.event, key);
    }

    /// Adds `amount` to a counter (0 only reads, which changes nothing) and returns the sum over the last `window_ms`
    /// milliseconds. The counter remembers additions within the longest window that one has named.
    pub fn count(&self, key: &str, amount: u32, window_ms: u64) -> u64 {
        self.host.count(self.event, key, amount, window_ms)
    }

    /// Notes `value` and returns the number of different values of the last `window_ms` milliseconds. Values are
    /// remembered within the longest window that one was noted with.
    pub fn distinct(&self, key: &str, value: &str, window_ms: u64) -> u64 {
        self.host.distinct(self.event, key, Some(value), window_ms)
    }

    /// Returns the number of different values that were noted under `key` in the last `window_ms` milliseconds.
    pub fn distinct_now(&self, key: &str, window_ms: u64) -> u64 {
        self.host.distinct(self.event, key, None, window_ms)
    }

    /// Moves what `key` holds, a value or a count, to `to`. Returns whether it held anything.
    pub fn rename(&self, key: &str, to: &str) -> bool {
        self.host.rename(self.event, key, to)
    }

    /// Asks for a reminder called `name` at `time_ns`, or moves the one that is set. The earliest time is a
    /// millisecond after the event's. Of more than 1024 on one object the one that is due last is
    /// dropped; more than 1024 set or cancelled for one event fail the event.
    pub fn remind_at(&self, name: &str, time_ns: u64) {
        self.host.remind_at(self.event, name, time_ns);
    }

    /// Cancels a reminder, if it is set.
    pub fn forget(&self, name: &str) {
        self.host.forget(self.event, name);
    }

    /// Writes a line to the rule's own log.
    pub fn log(&self, level: Level, message: &str) {
        self.host.log(level, message);
    }
}
