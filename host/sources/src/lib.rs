//! Sources: files that are followed, by few threads, and files and streams that are read once, by a thread
//! each, into a [`SourceSink`] that says how far each of them is committed. [`SourceSupervisor`] supervises them, and
//! others that a [`SourceDriver`] runs.

mod activity;
mod config;
mod driver;
mod error;
mod follow;
mod host_metrics;
mod input;
mod memory;
mod reader;
mod report;
mod sink;
mod state;
mod supervisor;
mod watch_report;

pub use activity::{Activity, SourceTraffic};
pub use config::sources_reporting_end;
pub use driver::{SourceDriver, SourceFeed};
pub use error::SourceError;
pub use follow::StartWatch;
pub use input::{Content, Input, InputSource};
pub use lifesigns_intake::{
    Cursor, DockerRead, DockerSettings, FollowFrom, HostMetricsSettings, HttpProtocol, HttpSettings, JournalSettings,
    ObjectLines, PlacedLine, PlacedLines, Pushed, RecordLines, SourceKind, SourceSettings, SyslogAddress,
    SyslogAddressError, SyslogLimits, SyslogSettings, SyslogTls,
};
pub use lifesigns_watch::{FolderChange, FolderWatch, OnChange, WatchError};
pub use memory::MemorySink;
pub use report::{SourceReport, SourceReports};
pub use sink::{SourceSink, Submission, TrySubmission};
pub use supervisor::SourceSupervisor;
pub use watch_report::WatchReport;
