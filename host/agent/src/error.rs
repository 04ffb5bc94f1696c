//! Why an agent does not start.

use std::{io, path::PathBuf};

use lifesigns_api::HostUrlError;

/// Why an agent does not start, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The URL is not one of a host, or the token would be readable on its way there.
    #[error(transparent)]
    Url(#[from] HostUrlError),
    /// The token or the certificates cannot be read.
    #[error("{0}")]
    Credentials(String),
    /// Another agent has the folder.
    #[error("another agent has its state in {}: stop it, or name another folder with `--state`", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The folder of the state cannot be used.
    #[error("the state in {} cannot be used: {error}", path.display())]
    State {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        #[source]
        error: io::Error,
    },
    /// The system gives no thread.
    #[error("the agent cannot be started: {0}")]
    System(#[source] io::Error),
}
