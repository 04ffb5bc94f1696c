//! What a watch reports, and the interface of one.

use std::path::{Path, PathBuf};

use crate::error::WatchError;

/// What has changed, as far as it was reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FolderChange {
    /// Something happened to the entry at this path: the folder as it was given to
    /// [`FolderWatch::watch`], and a name in it. It may be the folder itself.
    Entry(PathBuf),
    /// A watched folder was removed or renamed: it is watched no longer.
    Gone(PathBuf),
    /// Reports were lost: anything may have changed.
    Missed,
}

/// Receives changes, on a thread of the watch. It must not wait for a call of the same watch.
pub type OnChange = Box<dyn Fn(FolderChange) + Send>;

/// Reports changes directly in folders, until it is dropped.
pub trait FolderWatch: Send {
    /// Reports changes in `folder` from now on.
    ///
    /// # Errors
    /// When the system has no more watches to give, or has none for such a folder.
    fn watch(&mut self, folder: &Path) -> Result<(), WatchError>;

    /// Reports changes in `folder` no longer.
    fn unwatch(&mut self, folder: &Path);
}
