//! Wakes the watcher of a rules folder when the system reports a change.

use std::path::PathBuf;

use lifesigns_watch::{FolderWatch, WatchError};

use lifesigns_model::WakeSignal;

/// Receives changes directly in some folders from the system, until it is dropped.
pub(crate) struct FolderSubscription {
    _watch: lifesigns_watch::SystemWatch,
}

impl FolderSubscription {
    /// Wakes `changed` when something in `folders` changes.
    ///
    /// # Errors
    /// When the system has no more watches to give, or has none at all for such a folder.
    pub(crate) fn new(folders: &[PathBuf], changed: WakeSignal) -> Result<Self, WatchError> {
        // Whatever is reported, also that something was missed, is as good as a change.
        let mut watch = lifesigns_watch::SystemWatch::new(Box::new(move |_| changed.wake()))?;
        for folder in folders {
            watch.watch(folder)?;
        }
        Ok(Self { _watch: watch })
    }
}
