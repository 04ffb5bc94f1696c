//! The state of a host, as plain data that the host fills in.

use std::path::PathBuf;

use lifesigns_compliance::UndecidedExpression;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event_search::KeptEventsStatus;
use crate::rule_status::{CompilingRule, DisabledRule, RefusedRule, RuleStatus};

/// The state of a host. Times are nanoseconds since 1970.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HostStatus {
    /// The host's version of lifesigns.
    pub version: String,
    /// The host's process id.
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
    /// Rules that are disabled in their manifests.
    pub disabled: Vec<DisabledRule>,
    /// Rules whose modules are being compiled.
    pub compiling: Vec<CompilingRule>,
    /// Memory that all rules use together.
    pub rules_memory: MemoryStatus,
    /// Its sources.
    pub sources: Vec<SourceStatus>,
    /// How changes of followed files are noticed.
    pub watch: WatchStatus,
    /// Counters of the engine since it started.
    pub engine: EngineStatus,
    /// Number of known objects.
    pub objects: u64,
    /// Those of them that no inventory names.
    pub discovered: u64,
    /// Number of open alerts.
    pub alerts: AlertCounts,
    /// The state of the store.
    pub store: StoreStatus,
    /// What commits.
    pub recorder: RecorderStatus,
    /// Its receivers.
    pub receivers: Vec<ReceiverStatus>,
    /// The configuration.
    pub config: ConfigStatus,
    /// Data that was dropped since the host started, by kind.
    pub dropped: Vec<DropStatus>,
    /// Expressions that cannot be decided on some objects.
    pub undecided: Vec<UndecidedExpression>,
}

/// Data of one kind that was dropped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DropStatus {
    /// The kind's short name.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// What happened; the text follows the number.
    pub text: String,
    /// What it means and what to do.
    pub advice: String,
    /// The first of them, shortened; empty if there is none to name.
    pub example: String,
}

/// Memory that all rules use together: linear memory, tables and machine code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MemoryStatus {
    /// Used, in bytes.
    pub used_bytes: u64,
    /// Machine code among it, in bytes.
    pub code_bytes: u64,
    /// The limit, in bytes; rules that would need more are refused or fail.
    pub ceiling_bytes: u64,
}

/// The state of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SourceStatus {
    /// Its name.
    pub name: String,
    /// How far it was read and committed, as a person reads it: `inode 4711, byte 1024`.
    pub cursor: String,
    /// Lines that were read and committed.
    pub lines: u64,
    /// Bytes that are there and not yet committed, where that is known.
    pub lag_bytes: Option<u64>,
    /// Event time of its last line.
    pub last_ns: Option<u64>,
    /// Why it does not make progress; empty if it does.
    pub error: String,
    /// What it is doing.
    pub state: SourceState,
    /// Bytes that are known not to have been read since the host started.
    pub unread_bytes: u64,
    /// How often since the host started something was not read, or may not have been.
    pub gaps: u64,
    /// Remarks: the last gap, an encoding, content that is not text.
    pub notes: Vec<String>,
    /// What it has received since it was started, if it listens.
    pub traffic: Option<TrafficStatus>,
}

/// What a source that listens has received.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TrafficStatus {
    /// Where it listens.
    pub address: String,
    /// Open connections.
    pub connections: u64,
    /// Connections that were refused because too many were open.
    pub refused: u64,
    /// Lines.
    pub lines: u64,
    /// Bytes.
    pub bytes: u64,
    /// Datagrams that the kernel dropped because they were not read in time.
    pub dropped: u64,
    /// Lines that are not of the protocol, which were kept as plain text.
    pub malformed: u64,
    /// Lines that were cut because they were too long.
    pub cut: u64,
    /// Items and requests that were refused, with the reason in the answer.
    pub rejected: u64,
    /// Samples that no setting selects.
    pub skipped: u64,
    /// Requests that were asked to come again later, because too much was on its way.
    pub turned_away: u64,
    /// What went wrong last; empty if nothing did.
    pub problem: String,
}

/// How changes of followed files are noticed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WatchStatus {
    /// Folders whose changes the system reports.
    pub watched_folders: u64,
    /// Folders whose changes it does not report, or not all; files in them are polled.
    pub polled_folders: u64,
    /// How often reports were lost since the host started; each time all files were looked at.
    pub missed: u64,
    /// What keeps files from being watched, or makes reports be lost; empty if nothing does.
    pub problem: String,
    /// What to do about it; empty if the problem says it.
    pub fix: String,
}

/// What a source is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceState {
    /// It has just been started.
    #[default]
    Starting,
    /// It waits for its file, which is absent or cannot be read now.
    Waiting,
    /// What its path leads to cannot be read as a source; it is tried again.
    Refused,
    /// It is read.
    Reading,
    /// It has reached its end.
    Ended,
    /// It failed before its end.
    Failed,
}

impl SourceState {
    /// Returns the word for it.
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

/// Counters of the engine since the host started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct EngineStatus {
    /// Lines that were read.
    pub lines: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// Events that rules evaluated; an event counts once for each rule that was shown it.
    pub events: u64,
    /// Raises and clears.
    pub signs: u64,
    /// Bytes between sources and shards now.
    pub inflight_bytes: u64,
    /// Lines that began like their format and then were not of it; they were read as plain text.
    pub malformed: u64,
    /// How long calls of rules took.
    pub calls: CallTimesStatus,
    /// Events that are kept to be searched.
    pub kept: KeptEventsStatus,
}

/// How long calls of rules took, in CPU, since the host started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CallTimesStatus {
    /// Calls by what they took, the shortest first.
    pub buckets: Vec<CallBucket>,
    /// All calls, with those that took longer than the last bucket.
    pub count: u64,
    /// What all of them took, in nanoseconds.
    pub sum_ns: u64,
}

/// Calls that took at most some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CallBucket {
    /// That time, in nanoseconds.
    pub up_to_ns: u64,
    /// How many, with those of shorter buckets.
    pub count: u64,
}

/// Open alerts: violations by criticality, and those that policy allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AlertCounts {
    /// Open critical violations.
    pub critical: u64,
    /// Open immediate violations.
    pub immediate: u64,
    /// Open violations that are warnings.
    pub warning: u64,
    /// Open violations that are information.
    pub information: u64,
    /// Open alerts that policy allows.
    pub allowed: u64,
    /// Open alerts that someone has acknowledged; they are among those above.
    pub acknowledged: u64,
    /// Open alerts that are silenced; they are among those above.
    pub silenced: u64,
}

impl AlertCounts {
    /// Returns the number of open violations of every criticality.
    pub fn violations(&self) -> u64 {
        self.critical + self.immediate + self.warning + self.information
    }
}

/// The turns of what applies checkpoints and commits them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RecorderStatus {
    /// Turns since the host started.
    pub turns: u64,
    /// Time that they took, from the cut of the checkpoint to its release, in nanoseconds.
    pub total_ns: u64,
    /// Time that the present one has taken so far; 0 while there is nothing to do.
    pub running_ns: u64,
}

/// The state of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct StoreStatus {
    /// Its file.
    pub path: PathBuf,
    /// Its size with its write-ahead log, in bytes.
    pub size_bytes: u64,
    /// Whether it takes commits.
    pub state: StoreState,
    /// What is wrong and what to do; empty if nothing is wrong.
    pub text: String,
    /// Time of the last commit, on the host's clock.
    pub committed_ns: Option<u64>,
    /// Commits since the host started.
    pub commits: u64,
}

/// Whether the store takes commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// The host has failed and commits nothing further; what it acknowledged is in the store.
    Ended,
}

impl StoreState {
    /// Returns the word for it.
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

/// The state of a receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ReceiverStatus {
    /// Its name.
    pub name: String,
    /// `webhook`, `alertmanager`, `vrops`, `email`, `ndjson`.
    pub kind: String,
    /// Notices that wait for delivery.
    pub pending: u64,
    /// Notices that were given up.
    pub dead: u64,
    /// The number of the last entry of the audit log whose head it was sent, if it was sent one.
    pub anchored_entry: Option<u64>,
    /// When it was sent that head.
    pub anchored_ns: Option<u64>,
    /// When the notice was made that has waited longest; `None` if none waits.
    pub oldest_ns: Option<u64>,
    /// When a delivery last succeeded.
    pub last_ok_ns: Option<u64>,
    /// Since when deliveries fail; `None` while they succeed.
    pub down_since_ns: Option<u64>,
    /// Why the last delivery failed; empty if it succeeded.
    pub last_error: String,
}

/// The configuration in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConfigStatus {
    /// The files it was read from.
    pub files: Vec<PathBuf>,
    /// When they were read, on the host's clock.
    pub loaded_ns: u64,
    /// Why a later version of the files is not in force; empty if it is.
    pub last_error: String,
}
