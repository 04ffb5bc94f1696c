//! Back doors: how alerts leave. [`ndjson`] is for programs, [`people`] for people.

pub mod config;
pub mod ndjson;
pub mod people;

mod headers;
mod time;

pub use time::rfc3339;
