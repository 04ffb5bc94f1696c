//! Why an agent does not start.

use std::{io, path::PathBuf};

/// Why an agent does not start, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// The URL is not one of a host.
    #[error("{url:?} is not the URL of a host: {why}")]
    Url {
        /// What was given.
        url: String,
        /// Why not.
        why: &'static str,
    },
    /// The token would be readable on its way.
    #[error("{url} would carry the token readable to everyone on its way: use https, or a host at 127.0.0.1")]
    Readable {
        /// The URL.
        url: String,
    },
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
