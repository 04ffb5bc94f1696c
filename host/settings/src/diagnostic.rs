//! One error in the settings, with its place and how to correct it.

use std::fmt;

use lifesigns_compliance::config::ConfigLocation;

use crate::source_text::TextSpan;

/// One error in the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The place that it is about.
    pub place: ConfigLocation,
    /// The error, in a sentence.
    pub message: String,
    /// How to correct it, if that is known.
    pub help: Option<String>,
    pub(crate) at: Option<TextSpan>,
    /// Its line may hold a secret and is not shown.
    pub(crate) hidden: bool,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.line {
            0 => write!(f, "{}: {}", self.place.file, self.message)?,
            _ => write!(f, "{}: {}", self.place, self.message)?,
        }
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}
