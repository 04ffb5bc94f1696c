//! A disk that is really full, and one that is really read-only. They need a file system of their
//! own, in a namespace of their own; where that is not allowed the tests say so, and the same is
//! tested in `store.rs` with SQLite's own bounds.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use common::*;
use lifesigns_store_sqlite::{Store, StoreError, StoreOpenError, StoreReader};

/// Names the small disk to the test binary when it runs within.
const DISK: &str = "LIFESIGNS_STORE_SMALL_DISK";
const DISK_MIB: u32 = 8;

/// Runs the test `name` of this binary with a small disk.
fn within(name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().to_owned();
    let script = format!("mount -t tmpfs -o size={DISK_MIB}m none \"$0\" || exit 77; exec \"$@\"");
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", &script])
        .arg(&disk)
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--include-ignored"])
        .env(DISK, &disk)
        .output();
    match output {
        Ok(output) if output.status.success() => {
            assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
        }
        Ok(output) if ran(&output) => {
            panic!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        }
        other => println!("not tested, there can be no disk for it here: {other:?}"),
    }
}

/// Whether the test itself ran.
fn ran(output: &std::process::Output) -> bool {
    String::from_utf8_lossy(&output.stdout).contains("running 1 test")
}

fn disk() -> Option<PathBuf> {
    std::env::var_os(DISK).map(PathBuf::from)
}

#[test]
fn a_full_disk_loses_nothing_and_all_goes_on_once_there_is_room() {
    within("on_a_full_disk");
}

#[test]
fn a_read_only_disk_is_told_and_can_be_read() {
    within("on_a_read_only_disk");
}

#[track_caller]
fn stands_at(path: &Path, number: u64) {
    let reader = StoreReader::open(path).unwrap();
    let loaded = reader.load().unwrap();
    assert_eq!((loaded.restored.alerts.len() as u64, loaded.restored.clock_ns), (number, number));
    assert_eq!(reader.audit_verify(None).unwrap().entries, number);
}

#[test]
#[ignore = "runs within a disk of its own"]
fn on_a_full_disk() {
    let Some(disk) = disk() else { return };
    let path = disk.join("store.db");
    let ballast = disk.join("ballast");
    fs::write(&ballast, vec![0; 3 << 20]).unwrap();
    let mut store = Store::open(&path, 0).unwrap();
    let mut last = 0;
    let error = loop {
        match store.commit(&commit(last + 1, changes(last + 1))) {
            Ok(()) => last += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full(..)), "{error:?}");
    assert!(last > 20, "{last}");
    stands_at(&path, last);
    for _ in 0..20 {
        let again = store.commit(&commit(last + 1, changes(last + 1)));
        assert!(matches!(again, Err(StoreError::Full(..))), "{again:?}");
    }
    stands_at(&path, last);
    // Even a restart on the full disk loses nothing.
    drop(store);
    let mut store = Store::open(&path, 0).unwrap();
    stands_at(&path, last);
    fs::remove_file(&ballast).unwrap();
    for number in last + 1..last + 20 {
        store.commit(&commit(number, changes(number))).unwrap();
        stands_at(&path, number);
    }
}

#[test]
#[ignore = "runs within a disk of its own"]
fn on_a_read_only_disk() {
    let Some(disk) = disk() else { return };
    let path = disk.join("store.db");
    let mut store = Store::open(&path, 0).unwrap();
    for number in 1..=3 {
        store.commit(&commit(number, changes(number))).unwrap();
    }
    drop(store);
    let mount = |how: &str| Command::new("mount").args(["-o", how]).arg(&disk).status().unwrap();
    assert!(mount("remount,ro").success());
    let error = Store::open(&path, 0).unwrap_err();
    let StoreOpenError::File { source, .. } = &error else { panic!("{error:?}") };
    assert_eq!(source.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
    stands_at(&path, 3);
    assert!(mount("remount,rw").success());
    Store::open(&path, 0).unwrap().commit(&commit(4, changes(4))).unwrap();
    stands_at(&path, 4);
}
