//! lifesigns as a library: sandboxed WebAssembly rules over log events, and alerts made of what the
//! rules say. [`HostBuilder`] makes a [`Host`], which only evaluates, or a [`RecordingHost`], which records
//! alerts, evaluates them by groups and policies, and notifies receivers.

mod builder;
mod compilations;
mod host;
mod load;
mod loader;
mod plain_source;
mod recording_host;
mod rule_reload;
mod sink;

pub use builder::{HostBuilder, HostError};
pub use host::Host;
pub use lifesigns_api as api;
pub use lifesigns_compliance as compliance;
pub use lifesigns_engine as engine;
pub use lifesigns_intake::{Format, TimeFormat, TimeFormatError};
pub use lifesigns_model as model;
pub use lifesigns_notifications as notifications;
pub use lifesigns_record::{self as record, RetentionPolicy};
pub use lifesigns_recorder::{AlertStream, ConfigureError, RecorderConfig, RecorderHandle};
pub use lifesigns_rulestore as rulestore;
pub use lifesigns_sandbox::{
    AdmitError, Cache, CacheError, ChildProcess, CompileLimits, Compiler, InProcess, MemoryBudget, Sandbox,
    SandboxError, WasmModule, compile_worker,
};
pub use lifesigns_sources as sources;
pub use load::{LoadOutcome, RuleLoad};
pub use loader::Loader;
pub use plain_source::{lines, lines_by, plain, source, source_by};
pub use recording_host::{IngestHandle, RecordingHost};
pub use rule_reload::LoadSink;
