//! Who tells that a folder has changed: the system, through notify. The only file that knows notify.

use std::path::{Path, PathBuf};

use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};

use crate::nudges::Nudges;

/// Asks the system for changes directly in some folders. Dropping it ends that.
pub(crate) struct Notice {
    _watcher: RecommendedWatcher,
}

impl Notice {
    /// Changes in `folders` become nudges.
    ///
    /// # Errors
    /// When the system has no more watches to give, or has none at all for such a folder.
    pub(crate) fn new(folders: &[PathBuf], nudges: Nudges) -> Result<Self, String> {
        let explain = |error: &notify::Error, folder: &Path| format!("{}: {error}", folder.display());
        let handler = move |event: notify::Result<notify::Event>| {
            // An error means that something was missed, which is as good as a change.
            if event.map_or(true, |event| is_change(&event.kind)) {
                nudges.nudge();
            }
        };
        let first = folders.first().map_or(Path::new(""), PathBuf::as_path);
        let mut watcher = notify::recommended_watcher(handler).map_err(|error| explain(&error, first))?;
        for folder in folders {
            watcher.watch(folder, RecursiveMode::NonRecursive).map_err(|error| explain(&error, folder))?;
        }
        Ok(Self { _watcher: watcher })
    }
}

/// Reading is no change, and our own scans read.
fn is_change(kind: &EventKind) -> bool {
    !matches!(kind, EventKind::Access(kind) if *kind != AccessKind::Close(AccessMode::Write))
}
