//! A day of a simulated fleet. The host under test is the real one (files that rotate, rules in
//! WebAssembly, a store on the disk) on a clock that the simulation sets. An independent model, which
//! sees only what was written where and when, knows which alerts should be open.

mod day;
mod fleet;
mod host;
mod logs;
mod model;
mod random;

pub use day::{DayResult, RecordKind, simulate};
