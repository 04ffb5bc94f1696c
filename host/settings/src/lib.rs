//! `lifesigns.toml`: as typed, then checked, with all mistakes at once. [`Settings::load`] reads the
//! file, `conf.d` and the environment; [`Diagnostics`] say where and what to do; [`schema`] tells
//! editors.

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
