//! The settings of a host, checked.

use std::{net::SocketAddr, path::PathBuf};

use lifesigns_api::{AgentGroup, Role};
use lifesigns_compliance::ComplianceConfig;
use lifesigns_intake::SourceSettings;
use lifesigns_notifications::config::{OutboundConfig, ReceiverConfig};

/// The checked settings of `lifesigns.toml`, its `conf.d` and the environment. Paths are joined with the
/// folder of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The file.
    pub path: PathBuf,
    /// Files and folders on which the settings depend: the file, `conf.d` and what is in it,
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
    /// The output of raises and clears.
    pub output: OutputSettings,
    /// The mode of files that the host creates.
    pub file_mode: u32,
    /// Folders outside the rules folder that modules may lie in.
    pub module_folders: Vec<PathBuf>,
    /// Memory of all rules together, in bytes.
    pub rules_memory_bytes: u64,
    /// Limits on compiling modules.
    pub compile: CompileSettings,
    /// Threads and limits of the engine.
    pub engine: EngineSettings,
    /// The server, if there is one.
    pub server: Option<ServerSettings>,
    /// Sources, in the order of the files. May be empty, because an embedder may bring its own.
    pub sources: Vec<SourceSettings>,
    /// Groups of agents, in the order of the files.
    pub agent_groups: Vec<AgentGroup>,
    /// What was read and is not used, a line each with its place.
    pub warnings: Vec<String>,
    /// Groups, policies, alert definitions, routes.
    pub compliance: ComplianceConfig,
    /// Receivers of notifications.
    pub receivers: Vec<ReceiverConfig>,
    /// Networks to which notifications may be sent.
    pub outbound: OutboundConfig,
    /// How long the store keeps past data.
    pub retention: RetentionSettings,
}

/// The output of raises and clears.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputSettings {
    /// A file that is appended to; standard output if there is none.
    pub file: Option<PathBuf>,
}

/// Limits on compiling modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompileSettings {
    /// Memory of the process of the compiler, in bytes.
    pub memory_bytes: u64,
    /// Its processor time, in milliseconds.
    pub cpu_ms: u64,
    /// Machine code of one module, in bytes.
    pub code_bytes: u64,
    /// The number of modules that are compiled at a time.
    pub processes: usize,
    /// How long the start waits for modules to be compiled, in milliseconds.
    pub start_wait_ms: u64,
    /// The largest size of the cache, in bytes.
    pub cache_bytes: u64,
}

impl Default for CompileSettings {
    /// Returns 512 MiB, 20 s, 64 MiB, 2, 10 s and 1 GiB.
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

/// Threads and limits of the engine; `None` is the default of the engine.
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
    /// Events that rules were given, kept to be searched, in bytes.
    pub keep_events_bytes: Option<usize>,
}

/// The API and the receivers of events, in the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Addresses to listen at. Only loopback, unless there is TLS or plain connections are allowed.
    pub listen: Vec<SocketAddr>,
    /// Certificate and key.
    pub tls: Option<TlsSettings>,
    /// What callers without a token may do.
    pub anonymous: Vec<Role>,
    /// Whether a subset of VMware's API is answered.
    pub suite_api: bool,
    /// Connections at one time.
    pub connections: usize,
    /// Connections from one address at one time.
    pub connections_per_address: usize,
    /// The time for a request to be whole, and for an idle connection to be used again, in milliseconds.
    pub read_timeout_ms: u64,
    /// The time after which a client that takes nothing is disconnected, in milliseconds.
    pub write_timeout_ms: u64,
}

impl Default for ServerSettings {
    /// Returns no address, 1024 connections, 256 of them from one address, and 30 s each.
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            tls: None,
            anonymous: Vec::new(),
            suite_api: false,
            connections: 1024,
            connections_per_address: 256,
            read_timeout_ms: 30_000,
            write_timeout_ms: 30_000,
        }
    }
}

impl ServerSettings {
    /// Returns whether others than programs on this machine can connect.
    pub fn is_remote(&self) -> bool {
        self.listen.iter().any(|address| !address.ip().is_loopback())
    }
}

/// The files of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// The certificate with its chain.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
}

/// How long the store keeps past data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionSettings {
    /// Cancelled alerts, in milliseconds.
    pub alerts_ms: u64,
    /// The audit log, in milliseconds.
    pub audit_ms: u64,
    /// The history of badges, in milliseconds.
    pub badges_ms: u64,
    /// The largest size of the store, above which the oldest data is deleted.
    pub size_bytes: u64,
}

impl Default for RetentionSettings {
    /// Returns 90 days, a year, 30 days and 10 GiB.
    fn default() -> Self {
        const DAY_MS: u64 = 24 * 3600 * 1000;
        Self { alerts_ms: 90 * DAY_MS, audit_ms: 365 * DAY_MS, badges_ms: 30 * DAY_MS, size_bytes: 10 << 30 }
    }
}
