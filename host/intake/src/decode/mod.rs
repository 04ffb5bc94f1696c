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
