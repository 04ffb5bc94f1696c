//! Exit codes: 0 fine, 1 failed, 2 usage, 78 bad configuration (`EX_CONFIG` of sysexits.h).

use std::{fmt, process::ExitCode};

/// How a command ended when it did not end well.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something went wrong.
    Failed(String),
    /// The command line makes no sense.
    Usage(String),
    /// A manifest, inventory or configuration file is wrong.
    Configuration(String),
    /// The same, laid out and coloured for the terminal already.
    Diagnosed(String),
}

pub(crate) type Outcome = Result<(), Failure>;

impl Failure {
    pub(crate) fn failed(error: impl fmt::Display) -> Self {
        Self::Failed(error.to_string())
    }

    pub(crate) fn configuration(error: impl fmt::Display) -> Self {
        Self::Configuration(error.to_string())
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.number())
    }

    /// Returns the exit code as a number.
    pub(crate) const fn number(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::Configuration(_) | Self::Diagnosed(_) => 78,
        }
    }

    /// What sort of failure it is, in a word.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Failed(_) => "failed",
            Self::Usage(_) => "usage",
            Self::Configuration(_) | Self::Diagnosed(_) => "configuration",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(text) | Self::Usage(text) | Self::Configuration(text) | Self::Diagnosed(text) => {
                f.write_str(text)
            }
        }
    }
}
