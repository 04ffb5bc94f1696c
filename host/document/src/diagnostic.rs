//! One mistake in a file, with its place and how to correct it.

use std::fmt;

use crate::source_text::{TextLocation, TextSpan};

/// One mistake in a file. Displayed as `file:line:column: message; help`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The place that it is about.
    pub place: TextLocation,
    /// The mistake, in a sentence.
    pub message: String,
    /// How to correct it, if that is known.
    pub help: Option<String>,
    pub(crate) at: Option<TextSpan>,
    /// Its line may hold a secret and is not shown.
    pub(crate) hidden: bool,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}
