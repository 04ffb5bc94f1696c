//! Reads and checks `lifesigns.toml`, and reports all errors at once. [`Settings::load`] reads the file,
//! `conf.d` and the environment; [`schema`] is the JSON schema for editors.

mod env;
mod keys;
mod liagent;
mod load;
mod merge;
mod read;
mod settings;
mod time_of_day;
mod zone;

use lifesigns_document::json_schema;

pub use lifesigns_document::{Diagnostic, Diagnostics, TextLocation};
pub use settings::{
    CompileSettings, EngineSettings, OutputSettings, RetentionSettings, ServerSettings, Settings, TlsSettings,
};

/// Returns the JSON Schema 2020-12 of `lifesigns.toml` and of each file in `conf.d`.
pub fn schema() -> serde_json::Value {
    json_schema(&keys::ROOT, "lifesigns.toml", "The configuration of a lifesigns host, or a part of it in conf.d.")
}
