//! Front doors and decoders: bytes come in as whole lines, decoders make records of lines. Nothing
//! here knows rules, and nothing here is asynchronous: a source blocks while the engine is busy.

mod buffer;
mod carry;
mod compression;
mod config;
mod cursor;
mod decode;
mod encoding;
mod event_marker;
mod family;
mod fingerprint;
mod follow;
mod followed;
mod gap;
mod host_source;
mod http_source;
pub mod inventory;
mod journal_export;
mod lines;
mod log_file;
mod syslog_source;
mod zstd_frames;

pub use carry::{
    ObjectLines, PlacedLine, PlacedLines, Pushed, RecordLines, object_decoder, placed_decoder, record_decoder,
};
pub use compression::Compression;
pub use config::{DockerRead, DockerSettings, FollowFrom, JournalSettings, SourceKind, SourceSettings};
pub use cursor::Cursor;
pub use decode::{Format, InvalidJson, JsonReader, TimeFormat, TimeFormatError, UnknownFormat, parse_time};
pub use encoding::{Encoding, not_text};
pub use event_marker::EventMarker;
pub use follow::{Look, PollingTail, StartPosition, Tail};
pub use followed::Followed;
pub use gap::{FileState, FollowEvent, Gap, GapCause};
pub use host_source::{HostMetricsSettings, host_name};
pub use http_source::{HttpProtocol, HttpSettings};
pub use journal_export::{ExportedEntry, InvalidExport, JournalCursor, JournalExport};
pub use lines::LineChunks;
pub use log_file::{Filled, LogFile, OnRead, StayOpen};
pub use syslog_source::{SyslogAddress, SyslogAddressError, SyslogLimits, SyslogSettings, SyslogTls};
