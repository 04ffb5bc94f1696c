//! Why a replay ends before its sources do.

use std::io;

/// Why a replay ended early.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A source could not be read.
    #[error("{name} cannot be read: {error}")]
    Read {
        /// The source's name.
        name: String,
        /// The error of the system.
        error: io::Error,
    },
    /// The alerts could not be written.
    #[error("the alerts cannot be written: {0}")]
    Write(io::Error),
}
