//! TOML and JSON files that people write: parsed with the span of each value, checked against tables of
//! keys ([`TableSchema`]), with all mistakes at once and a correction for each. The same tables make the
//! JSON schemas.

mod check;
mod diagnostic;
mod diagnostics;
#[cfg(feature = "terminal")]
mod excerpt;
mod json;
mod json_schema;
mod parse;
mod raw;
mod schema;
mod source_text;
mod text_file;

pub use check::Checker;
pub use diagnostic::Diagnostic;
pub use diagnostics::{DiagnosticSink, Diagnostics};
pub use json_schema::json_schema;
pub use parse::{parse_json, parse_toml, parse_toml_value};
pub use raw::{RawEntry, RawNode, RawValue};
pub use schema::{
    KeySchema, RequiredKeys, Secrets, TableSchema, TextSchema, ValueError, ValueSchema, optional, required,
};
pub use source_text::{SourceText, SourceTexts, TextLocation, TextSpan};
pub use text_file::{TextFileError, read_text};
