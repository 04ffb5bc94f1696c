//! lifesigns as a library: sandboxed WebAssembly rules over log events.

mod host;
mod loader;

pub use host::{Builder, Host, HostError, LoadSink};
pub use lifesigns_engine as engine;
pub use lifesigns_model as model;
pub use lifesigns_sandbox::{AdmitError, Cache, CacheError, Sandbox, SandboxError};
pub use lifesigns_shelf as shelf;
pub use loader::{Load, Loader, Outcome};
