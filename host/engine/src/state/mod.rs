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

use lifesigns_model::NS_PER_MS;

pub(crate) use ledger::StateLedger;
pub(crate) use memory::RuleMemory;
