//! Why a source ended.

use std::io;

/// Why a source ended before its time, or could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// It cannot be read.
    #[error("{source_name} cannot be read: {cause}")]
    Read {
        /// The source.
        source_name: String,
        /// The error of the system.
        #[source]
        cause: io::Error,
    },
    /// It is neither a file nor standard input, and nothing was given that reads it.
    #[error("{source_name} cannot be read: this program has no reader for such a source")]
    NoDriver {
        /// The source.
        source_name: String,
    },
    /// The system gave no thread for it.
    #[error("{source_name} cannot be started: {cause}")]
    Thread {
        /// The source.
        source_name: String,
        /// The error of the system.
        #[source]
        cause: io::Error,
    },
}
