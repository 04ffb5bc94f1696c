//! Why a folder is not watched, and what an operator can do about it.

use std::path::PathBuf;

/// Why a folder is not watched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WatchError {
    /// The user has as many inotify instances as the system allows, or the process has no file descriptor left.
    #[error("the system gives no further inotify instance")]
    Instances,
    /// The user has as many watches as the system allows.
    #[error("the system gives no further inotify watch")]
    Watches,
    /// There is no such folder.
    #[error("there is no folder {}", .0.display())]
    Absent(PathBuf),
    /// Another error of the system.
    #[error("{0}")]
    Other(String),
    /// Watching is switched off.
    #[error("watching is switched off")]
    Off,
}

impl WatchError {
    /// Returns how to mend it; empty where the text says it.
    pub const fn fix(&self) -> &'static str {
        match self {
            Self::Instances => "raise fs.inotify.max_user_instances with sysctl, or the limit of open files",
            Self::Watches => "raise fs.inotify.max_user_watches with sysctl",
            Self::Absent(_) | Self::Other(_) | Self::Off => "",
        }
    }
}
