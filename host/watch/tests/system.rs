//! Folders that the system reports on.

#![allow(clippy::unwrap_used)]

use std::{
    fs::{self, File},
    path::Path,
    sync::mpsc,
    time::Duration,
};

use lifesigns_watch::{FolderChange, FolderWatch, SystemWatch, WatchError};

/// Only a failing test waits this long.
const DEADLINE: Duration = Duration::from_secs(60);

fn watching() -> (SystemWatch, mpsc::Receiver<FolderChange>) {
    let (sender, changes) = mpsc::channel();
    let watch = SystemWatch::new(Box::new(move |change| drop(sender.send(change)))).unwrap();
    (watch, changes)
}

#[track_caller]
fn sees(changes: &mpsc::Receiver<FolderChange>, expected: &FolderChange) {
    while changes.recv_timeout(DEADLINE).unwrap() != *expected {}
}

#[test]
fn what_happens_in_a_folder_is_reported_under_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("app.log");
    let (mut watch, changes) = watching();
    watch.watch(folder.path()).unwrap();
    fs::write(&file, "one\n").unwrap();
    sees(&changes, &FolderChange::Entry(file.clone()));
    fs::rename(&file, folder.path().join("app.log.1")).unwrap();
    let renamed = FolderChange::Entry(folder.path().join("app.log.1"));
    sees(&changes, &renamed);
    // Reading is no change. Reports come in order: before and after it a file is made.
    File::create(folder.path().join("before")).unwrap();
    sees(&changes, &FolderChange::Entry(folder.path().join("before")));
    fs::read(folder.path().join("app.log.1")).unwrap();
    File::create(folder.path().join("after")).unwrap();
    let after = FolderChange::Entry(folder.path().join("after"));
    loop {
        let change = changes.recv_timeout(DEADLINE).unwrap();
        assert_ne!(change, renamed);
        if change == after {
            break;
        }
    }
}

#[test]
fn a_folder_that_goes_is_reported_and_can_be_watched_again() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("logs");
    fs::create_dir(&folder).unwrap();
    let (mut watch, changes) = watching();
    watch.watch(&folder).unwrap();
    fs::remove_dir(&folder).unwrap();
    sees(&changes, &FolderChange::Gone(folder.clone()));
    assert_eq!(watch.watch(&folder), Err(WatchError::Absent(folder.clone())));
    fs::create_dir(&folder).unwrap();
    watch.unwatch(&folder);
    watch.watch(&folder).unwrap();
    fs::write(folder.join("app.log"), "one\n").unwrap();
    sees(&changes, &FolderChange::Entry(folder.join("app.log")));
}

#[test]
fn a_folder_that_is_not_there_is_said() {
    let (mut watch, _changes) = watching();
    assert_eq!(watch.watch(Path::new("/nowhere/at/all")), Err(WatchError::Absent("/nowhere/at/all".into())));
    assert_eq!(WatchError::Watches.fix(), "raise fs.inotify.max_user_watches with sysctl");
}
