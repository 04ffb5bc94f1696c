//! lifesigns as a library: sandboxed WebAssembly rules over log events, and what becomes of what
//! they say. [`Builder`] makes a [`Host`], which only evaluates, or a [`KeptHost`], which keeps
//! alerts, judges them by groups and policies, and tells receivers.

mod builder;
mod compilations;
mod host;
mod kept;
mod load;
mod loader;
mod own;
mod turn;

pub use builder::{Builder, HostError};
pub use host::Host;
pub use kept::{Door, KeptHost};
pub use lifesigns_compliance as compliance;
pub use lifesigns_engine::{self as engine, now_ns};
pub use lifesigns_intake::Format;
pub use lifesigns_model as model;
pub use lifesigns_notifications as notifications;
pub use lifesigns_recorder::{Alerts, ConfigureError, Keep, Setup};
pub use lifesigns_rulestore as rulestore;
pub use lifesigns_sandbox::{
    AdmitError, Cache, CacheError, ChildProcess, CompileLimits, Compiler, InProcess, MemoryBudget, Sandbox,
    SandboxError, compile_worker,
};
pub use lifesigns_store::Retention;
pub use load::{Load, Outcome};
pub use loader::Loader;
pub use own::{lines, lines_by, plain, source, source_by};
pub use turn::LoadSink;
