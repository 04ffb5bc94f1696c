//! What is wrong with a configuration, as data.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One mistake in a configuration. It never repeats a line that may hold a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConfigMistake {
    /// The file that it is in; a variable of the environment where that is at fault.
    pub file: String,
    /// From 1; 0 where no line is at fault.
    pub line: u32,
    /// From 1.
    pub column: u32,
    /// What is wrong.
    pub message: String,
    /// How to correct it, if that is known.
    pub help: Option<String>,
}
