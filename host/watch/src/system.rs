//! Change notifications of the system, through notify. The only file that knows notify.

use std::{
    collections::HashSet,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _,
    event::{AccessKind, AccessMode, ModifyKind},
};

use crate::{
    change::{FolderChange, FolderWatch, OnChange},
    error::WatchError,
};

/// The error number of a process or a user that has as many file descriptors or instances as it may have.
const EMFILE: i32 = 24;

/// Receives changes directly in some folders from the system, until it is dropped.
pub struct SystemWatch {
    watcher: RecommendedWatcher,
    folders: Arc<Mutex<HashSet<PathBuf>>>,
}

impl SystemWatch {
    /// Watches no folder yet.
    ///
    /// # Errors
    /// When the system gives none.
    pub fn new(on_change: OnChange) -> Result<Self, WatchError> {
        let folders: Arc<Mutex<HashSet<PathBuf>>> = Arc::default();
        let known = Arc::clone(&folders);
        let handler = move |event: notify::Result<Event>| match event {
            Ok(event) if event.need_rescan() => on_change(FolderChange::Missed),
            Ok(event) => report(event, &known, &on_change),
            Err(_) => on_change(FolderChange::Missed),
        };
        let watcher = notify::recommended_watcher(handler).map_err(|error| explain(&error, Path::new("")))?;
        Ok(Self { watcher, folders })
    }
}

impl FolderWatch for SystemWatch {
    fn watch(&mut self, folder: &Path) -> Result<(), WatchError> {
        // Before: what is removed at once is reported.
        self.folders.lock().insert(folder.to_owned());
        self.watcher.watch(folder, RecursiveMode::NonRecursive).map_err(|error| {
            self.folders.lock().remove(folder);
            explain(&error, folder)
        })
    }

    fn unwatch(&mut self, folder: &Path) {
        if self.folders.lock().remove(folder) {
            // One that was removed is watched no longer.
            let _ = self.watcher.unwatch(folder);
        }
    }
}

fn report(event: Event, folders: &Mutex<HashSet<PathBuf>>, on_change: &OnChange) {
    if !is_change(&event.kind) {
        return;
    }
    let is_away = matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
    for path in event.paths {
        let is_folder = is_away && folders.lock().contains(&path);
        on_change(if is_folder { FolderChange::Gone(path) } else { FolderChange::Entry(path) });
    }
}

/// Whether it is a change: reading is none, and those who are notified read.
fn is_change(kind: &EventKind) -> bool {
    !matches!(kind, EventKind::Access(kind) if *kind != AccessKind::Close(AccessMode::Write))
}

fn explain(error: &notify::Error, folder: &Path) -> WatchError {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => WatchError::Watches,
        notify::ErrorKind::PathNotFound => WatchError::Absent(folder.to_owned()),
        notify::ErrorKind::Io(cause) if cause.raw_os_error() == Some(EMFILE) => WatchError::Instances,
        notify::ErrorKind::Io(cause) if cause.kind() == io::ErrorKind::NotFound => {
            WatchError::Absent(folder.to_owned())
        }
        _ if folder.as_os_str().is_empty() => WatchError::Other(error.to_string()),
        _ => WatchError::Other(format!("{}: {error}", folder.display())),
    }
}
