//! The logs that a command reads once, and how they are read, as typed.

use std::path::PathBuf;

use clap::Args;
use lifesigns_intake::{Format, TimeFormat};
use lifesigns_text::visible;

/// Parses a time, in nanoseconds since 1970.
pub(crate) fn time(text: &str) -> Result<u64, String> {
    lifesigns_intake::parse_time(text)
        .ok_or_else(|| format!("\"{}\" is no RFC 3339 time such as 2026-01-31T00:00:00Z", visible(text)))
}

/// The logs that a command reads once, and how.
#[derive(Args)]
pub(crate) struct LogInputs {
    /// The format of the lines.
    #[arg(long, default_value_t = Format::Auto, value_name = "auto|plain|syslog|logfmt|ndjson")]
    pub(crate) format: Format,
    /// How times look, such as "%d/%m/%y %H:%M:%S", if none of the shapes that are known; may be repeated.
    #[arg(long = "time-format", value_name = "FORMAT")]
    pub(crate) time_formats: Vec<TimeFormat>,
    /// The object of lines that name none. Default: the file's name without its last extension.
    #[arg(long, value_name = "ID")]
    pub(crate) object: Option<String>,
    /// RFC 3164 times have no year: they are completed to be before this time (RFC 3339).
    /// Default: the file's modification time; for standard input, now.
    #[arg(long, value_name = "TIME")]
    pub(crate) before: Option<String>,
    /// Log files, as they are or compressed by gzip or zstd, or `-` for standard input.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}
