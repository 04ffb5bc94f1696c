//! What a source is configured to read.

use std::path::PathBuf;

use crate::{
    decode::{Format, TimeFormat},
    host_source::HostMetricsSettings,
    http_source::HttpSettings,
    syslog_source::SyslogSettings,
};

/// Where following a file begins when it has no checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FollowFrom {
    /// With what is there.
    #[default]
    Start,
    /// With what is new.
    End,
}

/// What a source reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceKind {
    /// Standard input, to its end.
    Stdin,
    /// A file, once.
    File(PathBuf),
    /// A file, as it grows.
    Follow(PathBuf, FollowFrom),
    /// Syslog that others send.
    Syslog(SyslogSettings),
    /// What others send over HTTP in one protocol.
    Http(HttpSettings),
    /// The metrics of this machine.
    Host(HostMetricsSettings),
    /// Docker's Engine.
    Docker(DockerSettings),
    /// The journal of systemd.
    Journald(JournalSettings),
}

impl SourceKind {
    /// Whether it goes on for as long as the host runs.
    pub const fn is_endless(&self) -> bool {
        match self {
            Self::Stdin | Self::File(_) => false,
            Self::Follow(..)
            | Self::Syslog(_)
            | Self::Http(_)
            | Self::Host(_)
            | Self::Docker(_)
            | Self::Journald(_) => true,
        }
    }
}

/// What is read of Docker's Engine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DockerRead {
    /// Its events, and how many of its containers run.
    #[default]
    Events,
    /// What its containers write.
    Logs,
}

/// Docker's Engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DockerSettings {
    /// The socket of the daemon.
    pub socket: PathBuf,
    /// Where it begins without a checkpoint: with what the daemon still has, or with what is new.
    pub from: FollowFrom,
    /// What is read there.
    pub read: DockerRead,
}

/// The journal of systemd, as `journalctl` writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalSettings {
    /// The command: `journalctl`, looked for in `PATH`.
    pub command: PathBuf,
    /// Where it begins without a checkpoint.
    pub from: FollowFrom,
}

/// A source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSettings {
    /// What it reads.
    pub kind: SourceKind,
    /// Its name: unique, shown in evidence, and the key of its checkpoint.
    pub name: String,
    /// How lines are decoded.
    pub format: Format,
    /// How times look, if not as one of the shapes that are known; tried in order.
    pub time_formats: Vec<TimeFormat>,
    /// The object of lines that name none.
    pub object: String,
    /// The application of lines that name none.
    pub app: Option<String>,
}
