//! From lines to records. Every decoder is pure, never fails, and borrows from the line what
//! is there as it is.

mod bytes;
mod context;
mod decoders;
mod device;
mod envelope;
mod events;
mod facts;
mod format;
mod format_parts;
mod front;
mod go;
mod header;
mod json;
mod keys;
mod layer;
mod line_start;
mod logfmt;
mod ndjson;
mod noise;
mod payload;
mod plain;
mod reference;
mod rfc5424;
mod shapes;
mod source_times;
mod syslog;
mod tag;
mod terminal;
mod time;
mod time_format;
mod time_hint;
mod time_signs;
mod words;
mod zone;

pub use format::{Format, UnknownFormat};
pub use format_parts::TimeFormatError;
pub use time_format::TimeFormat;

pub use json::{InvalidJson, JsonReader};
pub(crate) use layer::owned;

/// Returns a time as logs and people write it, in nanoseconds since the Unix epoch: RFC 3339, the same with a space for
/// the `T` or without a zone (UTC), or a number of seconds, milli-, micro- or nanoseconds since the epoch. `None` for
/// anything else, and before 1970.
pub fn parse_time(text: &str) -> Option<u64> {
    time::value(text)
}
