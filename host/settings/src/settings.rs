//! The settings of a host, checked.

use std::path::PathBuf;

use lifesigns_compliance::ComplianceConfig;
use lifesigns_intake::SourceSettings;
use lifesigns_notifications::config::{OutboundConfig, ReceiverConfig};

/// Everything that `lifesigns.toml`, its `conf.d` and the environment say, checked. Paths are joined
/// with the folder of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The file.
    pub path: PathBuf,
    /// Files and folders whose changes change the settings: the file, `conf.d` and what is in it,
    /// inventories, templates.
    pub files: Vec<PathBuf>,
    /// The rules folder.
    pub rules: PathBuf,
    /// Files with objects and facts.
    pub inventories: Vec<PathBuf>,
    /// The folder of compiled modules, if one is named.
    pub cache: Option<PathBuf>,
    /// The database.
    pub store: PathBuf,
    /// The control socket.
    pub control: PathBuf,
    /// Where symptoms that are raised and cleared are written.
    pub output: OutputSettings,
    /// The mode of files that the host makes.
    pub file_mode: u32,
    /// Folders outside the rules folder that modules may lie in.
    pub module_folders: Vec<PathBuf>,
    /// Memory of all rules together, in bytes.
    pub rules_memory_bytes: u64,
    /// What compiling a module may take.
    pub compile: CompileSettings,
    /// Threads and bounds.
    pub engine: EngineSettings,
    /// What is read, in the order of the files. May be empty: an embedder brings its own.
    pub sources: Vec<SourceSettings>,
    /// Groups, policies, alert definitions, routes.
    pub compliance: ComplianceConfig,
    /// Who can be told.
    pub receivers: Vec<ReceiverConfig>,
    /// Where receivers may be.
    pub outbound: OutboundConfig,
    /// How long the store keeps what is over.
    pub retention: RetentionSettings,
}

/// Where symptoms that are raised and cleared are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputSettings {
    /// A file that is appended to; standard output if there is none.
    pub file: Option<PathBuf>,
}

/// What compiling a module may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileSettings {
    /// Memory of the compiler's process.
    pub memory_bytes: u64,
    /// Its processor time.
    pub cpu_ms: u64,
    /// What it may make.
    pub code_bytes: u64,
    /// How many there are at a time.
    pub processes: usize,
    /// How long the start waits for them.
    pub start_wait_ms: u64,
    /// What the cache may hold.
    pub cache_bytes: u64,
}

impl Default for CompileSettings {
    /// 512 MiB, 20 s, 64 MiB, 2, 10 s, 1 GiB.
    fn default() -> Self {
        Self {
            memory_bytes: 512 << 20,
            cpu_ms: 20_000,
            code_bytes: 64 << 20,
            processes: 2,
            start_wait_ms: 10_000,
            cache_bytes: 1 << 30,
        }
    }
}

/// Threads and bounds; `None` is the engine's own default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineSettings {
    /// Scanner threads.
    pub scanners: Option<usize>,
    /// Shards, each with a thread.
    pub shards: Option<usize>,
    /// Bytes between sources and shards.
    pub inflight_bytes: Option<usize>,
    /// Whether threads are pinned to cores.
    pub pin: Option<bool>,
    /// CPU that all rules of a shard may use together, in milliseconds a second.
    pub rules_cpu_ms_per_s: Option<u64>,
    /// State of all rules, in bytes.
    pub rules_state_bytes: Option<usize>,
}

/// How long the store keeps what is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionSettings {
    /// Cancelled alerts.
    pub alerts_ms: u64,
    /// The audit log.
    pub audit_ms: u64,
    /// The history of badges.
    pub badges_ms: u64,
    /// When the store is larger, the oldest of all that goes.
    pub size_bytes: u64,
}

impl Default for RetentionSettings {
    /// 90 days, a year, 30 days, 10 GiB.
    fn default() -> Self {
        const DAY_MS: u64 = 24 * 3600 * 1000;
        Self { alerts_ms: 90 * DAY_MS, audit_ms: 365 * DAY_MS, badges_ms: 30 * DAY_MS, size_bytes: 10 << 30 }
    }
}
