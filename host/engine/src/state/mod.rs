//! The state of one rule, in memory. Every change is noted so that a call that failed can be undone.

mod counts;
mod distincts;
mod entry;
mod key;
mod memory;
#[cfg(test)]
mod tests;

pub(crate) use memory::Memory;

const NS_PER_MS: u64 = 1_000_000;
