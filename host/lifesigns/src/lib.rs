//! lifesigns as a library: sandboxed WebAssembly rules over log events, and alerts made of what the
//! rules say. [`HostBuilder`] makes a [`Host`], which only evaluates, or a [`RecordingHost`], which records
//! alerts, evaluates them by groups and policies, and notifies receivers.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use lifesigns::{HostBuilder, Sandbox, record::MemoryStore};
//!
//! # let folder = std::env::temp_dir().join("lifesigns-doc-rules");
//! // Clones are the same sandbox, for as many hosts as you like.
//! let sandbox = Sandbox::new(None)?;
//! let host = HostBuilder::new(sandbox.clone(), folder)
//!     .on_load(|loads| loads.iter().for_each(|load| eprintln!("{load}")))
//!     // `start_recording("lifesigns.db")` for what should survive a restart.
//!     .start_recording_with(Box::new(MemoryStore::default().open()))?;
//! let source = lifesigns::source("our program", "vm-7", lifesigns::Format::Auto);
//! host.submit(lifesigns::lines(&source, "disk full\n"))?;
//! host.wait_committed();
//! assert_eq!(host.stop().scan_counts.lines, 1);
//! # Ok(())
//! # }
//! ```
//!
//! From asynchronous code, whatever the runtime:
//!
//! ```no_run
//! # async fn program(host: std::sync::Arc<lifesigns::RecordingHost>, chunk: lifesigns::model::Chunk)
//! #     -> Result<(), Box<dyn std::error::Error>> {
//! let mut alerts = host.recorder().alerts().into_async(); // a `Stream`
//! let receipt = host.submit_async(chunk).await?; // waits for room without a thread
//! receipt.await?; // it is committed
//! if let Some(alert) = alerts.next().await {
//!     println!("{}: {}", alert.object, alert.summary);
//! }
//! lifesigns::unblock(move || host.stop()).await?;
//! # Ok(())
//! # }
//! ```

mod asynchronous;
mod builder;
mod compilations;
mod embedded;
mod handoff;
mod host;
mod load;
mod loader;
mod plain_source;
mod recording_host;
mod rule_control;
mod rule_desk;
mod rule_reload;
#[cfg(feature = "config")]
mod setup;
mod sink;
mod state_versions;

pub use asynchronous::{Receipt, Unacknowledged, UnblockError, unblock};
pub use builder::{HostBuilder, HostError};
pub use embedded::{EmbeddedRule, EmbeddedRuleError};
pub use host::Host;
pub use lifesigns_api as api;
pub use lifesigns_compliance as compliance;
pub use lifesigns_engine::{self as engine, EngineClosed, TrySubmitError, prefilter::PrefilterError};
#[cfg(feature = "http-api")]
pub use lifesigns_gateway as gateway;
pub use lifesigns_intake::{Format, TimeFormat, TimeFormatError};
pub use lifesigns_model as model;
pub use lifesigns_notifications as notifications;
pub use lifesigns_record::{self as record, RetentionPolicy};
pub use lifesigns_recorder::{
    AlertStream, AsyncAlertStream, ConfigureError, DescribeSources, MakeReceiver, RecorderConfig, RecorderError,
    RecorderHandle, Reload, ValidateConfig,
};
pub use lifesigns_rulestore as rulestore;
pub use lifesigns_sandbox::{
    AdmitError, Cache, CacheError, ChildProcess, CompileLimits, Compiler, InProcess, Interface, MemoryBudget, Sandbox,
    SandboxError, WasmModule, compile_worker,
};
#[cfg(feature = "config")]
pub use lifesigns_settings as settings;
pub use lifesigns_sources as sources;
#[cfg(feature = "store")]
pub use lifesigns_store_sqlite::{StoreError, StoreOpenError};
pub use load::{LoadOutcome, RuleLoad};
pub use loader::Loader;
pub use plain_source::{lines, lines_by, plain, source, source_by};
pub use recording_host::{IngestHandle, RecordingHost};
pub use rule_reload::LoadSink;
#[cfg(feature = "config")]
pub use setup::{Setup, SetupError, recorder_config};
