//! The sandbox: the only crate that knows wasmtime. Bytes come in, modules that can be opened for
//! any number of rules come out; everything that a guest may do wrong ends here as an error.
//!
//! The sandbox is made of absence: a guest is linked against `lifesigns:rule/state` and
//! `lifesigns:rule/log` and nothing else. It speaks deadlines in milliseconds; ticks stay inside.

mod admission;
mod answer;
mod bindings;
mod cache;
mod child;
mod compiler;
mod convert;
mod cost;
mod counted;
mod describe;
mod descriptions;
mod evict;
mod instance;
mod memory;
mod module;
#[doc(hidden)]
pub mod probe;
mod store_data;
mod structure;
mod ticker;
mod worker;

pub use admission::AdmitError;
pub use cache::{Cache, CacheError};
pub use child::ChildProcess;
pub use compiler::{CompileLimits, Compiler, InProcess};
pub use memory::MemoryBudget;
pub use module::{Interface, Sandbox, SandboxError, WasmModule};
pub use worker::compile_worker;
