//! The state of one rule, in memory. Every change is noted so that a call that failed can be undone.

mod key;
mod memory;
mod window;

pub(crate) use memory::Memory;
