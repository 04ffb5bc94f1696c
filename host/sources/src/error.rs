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
