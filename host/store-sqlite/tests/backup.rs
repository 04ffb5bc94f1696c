//! Copies of a store that is being written.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
};

use common::*;
use lifesigns_compliance::BookChanges;
use lifesigns_record::BackupError;
use lifesigns_store_sqlite::{Store, StoreReader};

#[test]
fn a_copy_made_while_it_is_written_is_one_moment_and_a_store() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    for first in (0..6000).step_by(500) {
        let changes =
            BookChanges { alerts: (first..first + 500).map(|number| alert(number).into()).collect(), ..changes(first) };
        store.commit(&commit(first, changes)).unwrap();
    }
    let reader = store.reader().unwrap();
    let (stop, (sender, receiver)) = (AtomicBool::new(false), mpsc::channel());
    let copy = folder.file("copy.db");
    let written = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut number = 10_000;
            while !stop.load(Ordering::Relaxed) {
                store.commit(&commit(number, changes(number))).unwrap();
                number += 1;
                let _ = sender.send(());
            }
            number - 10_000
        });
        receiver.recv().unwrap();
        let mut steps = Vec::new();
        // Each step waits for a commit, so that all of it happens amid writing.
        let outcome = reader.backup(&copy, |progress| {
            receiver.try_iter().for_each(drop);
            receiver.recv().unwrap();
            steps.push(progress);
        });
        stop.store(true, Ordering::Relaxed);
        outcome.unwrap();
        assert!(
            steps.len() > 3 && steps.windows(2).all(|pair| pair[0].done < pair[1].done && pair[0].all == pair[1].all)
        );
        let last = steps.last().unwrap();
        assert_eq!(last.done, last.all);
        writer.join().unwrap()
    });
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!folder.file("copy.db-wal").exists());
    let copied = Store::open(&copy, 0).unwrap();
    let loaded = copied.load().unwrap();
    let extra = loaded.restored.alerts.len() as u64 - 6000;
    assert!((1..written).contains(&extra), "{extra} of {written}: a moment while it was written");
    let audit = copied.reader().unwrap().audit_verify(None).unwrap();
    assert_eq!(audit.entries, 12 + extra);
    // It is part of the same history.
    StoreReader::open(folder.path()).unwrap().audit_verify(Some(&audit.head)).unwrap();
    let mut names: Vec<_> = fs::read_dir(folder.file("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.retain(|name| name.to_string_lossy().contains("part"));
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn a_backup_goes_into_the_stores_place() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    store.commit(&commit(1, changes(1))).unwrap();
    store.reader().unwrap().backup(folder.file("copy.db"), |_| {}).unwrap();
    store.commit(&commit(2, changes(2))).unwrap();
    drop(store);
    fs::copy(folder.file("copy.db"), folder.path()).unwrap();
    let mut store = Store::open(folder.path(), 0).unwrap();
    assert_eq!(store.load().unwrap().restored.alerts, [alert(1).into()]);
    store.commit(&commit(3, changes(3))).unwrap();
    store.reader().unwrap().audit_verify(None).unwrap();
}

#[test]
fn nothing_is_overwritten_and_nothing_left_behind() {
    let folder = Folder::new();
    let store = Store::open(folder.path(), 0).unwrap();
    let reader = store.reader().unwrap();
    fs::write(folder.file("mine"), "mine").unwrap();
    for name in ["mine", "store.db", "store.db-lock"] {
        let error = reader.backup(folder.file(name), |_| {}).unwrap_err();
        assert!(matches!(error, BackupError::Exists(_)), "{name}: {error:?}");
    }
    // Another file takes the name while it is copied.
    let late = folder.file("late");
    let error = reader.backup(&late, |_| fs::write(&late, "theirs").unwrap()).unwrap_err();
    assert!(matches!(error, BackupError::Exists(_)), "{error:?}");
    assert_eq!(fs::read_to_string(&late).unwrap(), "theirs");
    assert_eq!(fs::read_to_string(folder.file("mine")).unwrap(), "mine");
    let error = reader.backup(folder.file("no/such/folder"), |_| {}).unwrap_err();
    assert!(matches!(error, BackupError::File { .. }), "{error:?}");
    let parts = fs::read_dir(folder.file(""))
        .unwrap()
        .filter(|it| it.as_ref().unwrap().file_name().to_string_lossy().contains("part"));
    assert_eq!(parts.count(), 0);
}
