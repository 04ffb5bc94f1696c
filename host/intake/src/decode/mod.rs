//! From lines to records. Every decoder is pure, never fails, and borrows from the line what
//! stands there as it is.

mod auto;
mod facts;
mod format;
mod go;
mod json;
mod logfmt;
mod ndjson;
mod payload;
mod plain;
mod syslog;
mod time;

pub use format::{Format, UnknownFormat};

/// A time as logs and people write it, in nanoseconds since the Unix epoch: RFC 3339, the same with
/// a space for the `T` or without a zone (UTC), or a number of seconds, milli-, micro- or
/// nanoseconds since the epoch. `None` for anything else, and before 1970.
pub fn parse_time(text: &str) -> Option<u64> {
    time::value(text)
}
