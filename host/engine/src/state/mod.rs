//! The state of one rule, in memory. Every change is noted so that a call that failed can be undone.

mod account;
mod before;
mod committed;
mod counts;
mod distincts;
mod entry;
mod key;
mod ledger;
mod memory;
mod object;
#[cfg(test)]
mod tests;
mod transfer;
mod undo;

pub(crate) use ledger::StateLedger;
pub(crate) use memory::RuleMemory;

const NS_PER_MS: u64 = 1_000_000;
