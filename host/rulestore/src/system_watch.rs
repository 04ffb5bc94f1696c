//! Change notifications of the system, through notify. The only file that knows notify.

use std::path::{Path, PathBuf};

use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode},
};

use lifesigns_model::WakeSignal;

/// Receives changes directly in some folders from the system, until it is dropped.
pub(crate) struct SystemWatch {
    _watcher: RecommendedWatcher,
}

impl SystemWatch {
    /// Wakes `changed` when something in `folders` changes.
    ///
    /// # Errors
    /// When the system has no more watches to give, or has none at all for such a folder.
    pub(crate) fn new(folders: &[PathBuf], changed: WakeSignal) -> Result<Self, String> {
        let explain = |error: &notify::Error, folder: &Path| format!("{}: {error}", folder.display());
        let handler = move |event: notify::Result<notify::Event>| {
            // An error means that something was missed, which is as good as a change.
            if event.map_or(true, |event| is_change(&event.kind)) {
                changed.wake();
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

/// Whether it is a change: reading is none, and scans read.
fn is_change(kind: &EventKind) -> bool {
    !matches!(kind, EventKind::Access(kind) if *kind != AccessKind::Close(AccessMode::Write))
}
