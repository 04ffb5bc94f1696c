//! Sources: files and streams that are read, a thread each, into a [`SourceSink`] that says how far each of
//! them is committed. [`SourceSupervisor`] supervises them; what they read is an [`Input`].

mod config;
mod error;
mod input;
mod memory;
mod reader;
mod report;
mod sink;
mod state;
mod supervisor;

pub use config::sources_reporting_end;
pub use error::SourceError;
pub use input::{Content, Input, InputSource};
pub use lifesigns_intake::{FollowFrom, ObjectLines, Pushed, RecordLines, SourceKind, SourceSettings};
pub use memory::MemorySink;
pub use report::{Activity, SourceReport, SourceReports};
pub use sink::{SourceSink, Submission};
pub use supervisor::SourceSupervisor;
