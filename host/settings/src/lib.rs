//! Reads and checks `lifesigns.toml`, and reports all errors at once. [`Settings::load`] reads the file,
//! `conf.d` and the environment; [`Diagnostics`] hold the errors with their places and corrections;
//! [`schema`] is the JSON schema for editors.

mod check;
mod diagnostic;
mod diagnostics;
mod env;
mod excerpt;
mod json_schema;
mod keys;
mod load;
mod merge;
mod raw;
mod read;
mod schema;
mod settings;
mod source_text;
mod time_of_day;
mod zone;

pub use diagnostic::Diagnostic;
pub use diagnostics::Diagnostics;
pub use json_schema::schema;
pub use settings::{CompileSettings, EngineSettings, OutputSettings, RetentionSettings, Settings};
