//! How a host is: plain data that the host fills in.

use std::path::PathBuf;

use lifesigns_compliance::UndecidedExpression;
use serde::{Deserialize, Serialize};

/// How a host is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Status {
    /// Of lifesigns.
    pub version: String,
    /// The host's process.
    pub pid: u32,
    /// When it started, on its clock.
    pub started_ns: u64,
    /// Its clock now.
    pub now_ns: u64,
    /// Event time, as far as it has come everywhere.
    pub event_time_ns: u64,
    /// Rules that run.
    pub rules: Vec<RuleStatus>,
    /// Rules that do not.
    pub refused: Vec<RefusedRule>,
    /// Rules whose modules are being compiled.
    pub compiling: Vec<CompilingRule>,
    /// What all rules together have of the host's memory.
    pub rules_memory: MemoryStatus,
    /// Front doors.
    pub sources: Vec<SourceStatus>,
    /// What the engine has done since it started.
    pub engine: EngineStatus,
    /// Objects that are known.
    pub objects: u64,
    /// Those of them that no inventory names.
    pub discovered: u64,
    /// Open alerts.
    pub alerts: AlertCounts,
    /// The store.
    pub store: StoreStatus,
    /// Back doors.
    pub receivers: Vec<ReceiverStatus>,
    /// The configuration.
    pub config: ConfigStatus,
    /// What found no room or was not fit to be kept since the host started, by kind.
    pub dropped: Vec<DropStatus>,
    /// Expressions that cannot be decided on some objects.
    pub undecided: Vec<UndecidedExpression>,
}

/// How much of a kind was dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DropStatus {
    /// The kind's short name.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// What happened, as it follows the number.
    pub text: String,
    /// What it means and what to do.
    pub advice: String,
    /// The first of them, cut, where there is one to name.
    pub example: String,
}

/// A rule that runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleStatus {
    /// Its name.
    pub name: String,
    /// Its module's name and version.
    pub module: String,
    /// `sha256:…` of the module.
    pub digest: String,
    /// Events on which it failed.
    pub failed: u64,
    /// Events that it was not shown because it was paused, or because there was no room for what would
    /// come of them.
    pub missed: u64,
    /// How often it was paused because it had used more than its budget.
    pub over_budget: u64,
    /// Events that it was shown.
    pub events: u64,
    /// CPU over the last seconds, in microseconds a second.
    pub cpu_us_per_s: u64,
    /// Raises and clears in all, and over the last seconds in thousandths a second.
    pub signs: u64,
    /// See `signs`.
    pub signs_per_1000_s: u64,
    /// State that it holds, in bytes.
    pub state_bytes: u64,
    /// Lines that it wrote to its log and that were left out.
    pub log_lines_left_out: u64,
    /// What went wrong last; empty if nothing did.
    pub last_error: String,
}

/// A rule that does not run, or only in its old version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RefusedRule {
    /// Its name.
    pub name: String,
    /// Why, and what to do about it.
    pub why: String,
    /// `sha256:…` of its module; empty where that could not be read.
    pub digest: String,
}

/// A rule whose module is being compiled; an old version of it may run meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CompilingRule {
    /// Its name.
    pub name: String,
    /// `sha256:…` of its module.
    pub digest: String,
    /// Since when, on the host's clock.
    pub since_ns: u64,
    /// An old version runs meanwhile.
    pub old_version_runs: bool,
}

/// What all rules together have of the host's memory: linear memory, tables and machine code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MemoryStatus {
    /// What is charged to them, in bytes.
    pub used_bytes: u64,
    /// How much of it is machine code.
    pub code_bytes: u64,
    /// What they may have; rules that would need more are refused or fail.
    pub ceiling_bytes: u64,
}

/// A front door.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SourceStatus {
    /// Its name.
    pub name: String,
    /// How far it was read and committed, as a person reads it: `inode 4711, byte 1024`.
    pub cursor: String,
    /// Lines that were read and committed.
    pub lines: u64,
    /// Bytes that are there and not yet committed, where that can be known.
    pub lag_bytes: Option<u64>,
    /// Event time of its last line.
    pub last_ns: Option<u64>,
    /// Why it does not go on; empty if it does.
    pub error: String,
    /// What it does now.
    pub state: SourceState,
    /// Bytes that are known not to have been read since the host started.
    pub unread_bytes: u64,
    /// Times since the host started that something was not read, or may not have been.
    pub gaps: u64,
    /// What else is worth knowing: the last gap, an encoding, content that is no text.
    pub notes: Vec<String>,
}

/// What a source does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SourceState {
    /// It has just been begun.
    #[default]
    Starting,
    /// It waits for its file, which is absent or cannot be read now.
    Waiting,
    /// What its path leads to cannot be read as a source; it is looked at again.
    Refused,
    /// It is read.
    Reading,
    /// It has come to its end.
    Ended,
    /// It ended before its end.
    Failed,
}

impl SourceState {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Waiting => "waiting",
            Self::Refused => "refused",
            Self::Reading => "reading",
            Self::Ended => "ended",
            Self::Failed => "failed",
        }
    }
}

/// What the engine has done since the host started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EngineStatus {
    /// Lines that were read.
    pub lines: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Events that rules answered; one event counts once for each rule that was shown it.
    pub events: u64,
    /// Raises and clears.
    pub signs: u64,
    /// Bytes between sources and shards now.
    pub inflight_bytes: u64,
}

/// Open alerts by what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AlertCounts {
    /// Open violations.
    pub critical: u64,
    /// Open violations.
    pub immediate: u64,
    /// Open violations.
    pub warning: u64,
    /// Open violations.
    pub information: u64,
    /// Open, and fine where they are.
    pub allowed: u64,
}

impl AlertCounts {
    /// Open violations of every criticality.
    pub fn violations(&self) -> u64 {
        self.critical + self.immediate + self.warning + self.information
    }
}

/// The store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreStatus {
    /// Where it is.
    pub path: PathBuf,
    /// Its size with its write-ahead log.
    pub size_bytes: u64,
    /// How it is.
    pub state: StoreState,
    /// What is wrong and what to do; empty if nothing is.
    pub text: String,
    /// When something was last committed, on the host's clock.
    pub committed_ns: Option<u64>,
    /// Commits since the host started.
    pub commits: u64,
}

/// How the store is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreState {
    /// It takes commits.
    #[default]
    Ok,
    /// The disk is full. Sources wait; it goes on by itself once there is room.
    Full,
    /// The file or its disk is read-only. Sources wait; it goes on by itself once it can be written.
    ReadOnly,
    /// Another process holds a lock on it. Sources wait; it goes on by itself once the lock is released.
    Busy,
    /// Writing fails for another reason, such as an error of the disk. It is tried again.
    Failing,
    /// It is damaged.
    Corrupt,
    /// The host has failed and keeps nothing any more; what it acknowledged is in the store.
    Ended,
}

impl StoreState {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Full => "full",
            Self::ReadOnly => "read-only",
            Self::Busy => "busy",
            Self::Failing => "failing",
            Self::Corrupt => "corrupt",
            Self::Ended => "ended",
        }
    }
}

/// A back door.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceiverStatus {
    /// Its name.
    pub name: String,
    /// `webhook`, `alertmanager`, `email`, `ndjson`.
    pub kind: String,
    /// Notices that wait.
    pub pending: u64,
    /// Notices that were given up.
    pub dead: u64,
    /// The number of the last entry of the audit log whose head it was sent, if it was sent one.
    pub anchored_entry: Option<u64>,
    /// When that was.
    pub anchored_ns: Option<u64>,
    /// When it last took something.
    pub last_ok_ns: Option<u64>,
    /// Why it last did not; empty since it last did.
    pub last_error: String,
}

/// The configuration in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigStatus {
    /// The files it was read from.
    pub files: Vec<PathBuf>,
    /// When, on the host's clock.
    pub loaded_ns: u64,
    /// Why a later version of the files is not in force; empty if it is.
    pub last_error: String,
}
