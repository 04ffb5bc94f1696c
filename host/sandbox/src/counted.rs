//! Instances whose calls end by the instructions that they execute, not by time: the same call ends in the same way
//! however loaded the machine is. Counting makes code slower and has it compiled once more, so it is asked for only
//! when a deadline has passed in a replay.

use lifesigns_model::Limits;
use wasmtime::{
    Engine,
    component::{Component, HasSelf, Linker},
};

use crate::{
    admission::{self, AdmitError},
    bindings::{Rule, RulePre},
    compiler::config,
    store_data::StoreData,
    structure, ticker,
};

/// Instructions that stand for a millisecond. More than any machine executes in that time, so that a call that ends
/// before its deadline anywhere is never ended by the count.
const INSTRUCTIONS_PER_MS: u64 = 20_000_000;
/// Instructions that a call of the host stands for.
const INSTRUCTIONS_PER_HOST_CALL: u64 = 2_000;

/// A module that is compiled to be counted.
pub(crate) struct CountedModule {
    pub(crate) engine: Engine,
    pub(crate) linked: RulePre<StoreData>,
}

impl CountedModule {
    /// Compiles it. It has been admitted before, within the limits of compilation.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, AdmitError> {
        let failed = |error: wasmtime::Error| AdmitError::Unavailable(format!("{error:#}"));
        structure::check(bytes)?;
        let mut config = config();
        config.consume_fuel(true).epoch_interruption(false);
        let engine = Engine::new(&config).map_err(failed)?;
        let mut linker = Linker::new(&engine);
        Rule::add_to_linker::<_, HasSelf<StoreData>>(&mut linker, |data| data).map_err(failed)?;
        let component = Component::new(&engine, admission::component(bytes)?).map_err(failed)?;
        let linked = linker.instantiate_pre(&component).and_then(RulePre::new).map_err(failed)?;
        Ok(Self { engine, linked })
    }
}

/// How a call is kept from running for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deadline {
    /// By time, in ticks.
    Ticks(u64),
    /// By instructions, and by calls of the host.
    Instructions { instructions: u64, host_calls: u64 },
}

impl Deadline {
    /// By time.
    pub(crate) fn ticks(limits: &Limits) -> Self {
        Self::Ticks(ticker::ticks(limits.deadline_ms))
    }

    /// By instructions: those of the longest time that a call may take until its deadline ends it.
    pub(crate) fn instructions(limits: &Limits) -> Self {
        let longest_ms = ticker::longest_ms(limits.deadline_ms);
        let instructions = longest_ms.saturating_mul(INSTRUCTIONS_PER_MS);
        Self::Instructions { instructions, host_calls: instructions / INSTRUCTIONS_PER_HOST_CALL }
    }
}
