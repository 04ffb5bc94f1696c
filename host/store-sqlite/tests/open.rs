//! Who may open what, and what is said when not.
#![allow(clippy::unwrap_used)]

mod common;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use common::*;
use lifesigns_model::{RuleKey, StateChange};
use lifesigns_record::Commit;
use lifesigns_store_sqlite::{Store, StoreError, StoreOpenError, StoreReader};
use rusqlite::Connection;

fn raw(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn nobody_else_may_read_it() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    store.commit(&commit(1, changes(1))).unwrap();
    for entry in fs::read_dir(folder.file("")).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
}

#[test]
fn a_second_host_is_refused_and_told_who_has_it() {
    let folder = Folder::new();
    let first = Store::open(folder.path(), 0).unwrap();
    let error = Store::open(folder.path(), 0).unwrap_err();
    let StoreOpenError::InUse { pid, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*pid, Some(std::process::id()));
    assert!(error.to_string().contains("store.db") && error.to_string().contains("process"), "{error}");
    // That it was refused did not take anything from the first.
    assert!(matches!(Store::open(folder.path(), 0), Err(StoreOpenError::InUse { .. })));
    drop(first);
    Store::open(folder.path(), 0).unwrap();
}

#[test]
fn a_reader_sees_what_was_committed_beside_a_host_and_without_one() {
    let folder = Folder::new();
    assert!(matches!(StoreReader::open(folder.path()), Err(StoreOpenError::Missing(_))));
    assert!(!folder.path().exists());
    let mut store = Store::open(folder.path(), 0).unwrap();
    let reader = StoreReader::open(folder.path()).unwrap();
    for number in 1..=3 {
        store.commit(&commit(number, changes(number))).unwrap();
        assert_eq!(reader.load().unwrap().restored.alerts.len() as u64, number);
    }
    drop(store);
    assert_eq!(reader.load().unwrap().restored.alerts.len(), 3);
    drop(reader);
    assert_eq!(StoreReader::open(folder.path()).unwrap().load().unwrap().restored.alerts.len(), 3);
}

#[test]
fn an_empty_file_becomes_a_store() {
    let folder = Folder::new();
    fs::write(folder.path(), "").unwrap();
    assert!(matches!(StoreReader::open(folder.path()), Err(StoreOpenError::Missing(_))));
    Store::open(folder.path(), 0).unwrap();
    StoreReader::open(folder.path()).unwrap();
}

#[test]
fn a_store_of_a_newer_host_is_refused_and_left_alone() {
    let folder = Folder::new();
    drop(Store::open(folder.path(), 0).unwrap());
    raw(&folder.path(), "PRAGMA user_version = 4711");
    let before = fs::read(folder.path()).unwrap();
    for error in [Store::open(folder.path(), 0).unwrap_err(), StoreReader::open(folder.path()).unwrap_err()] {
        assert!(matches!(error, StoreOpenError::Newer { found: 4711, .. }), "{error:?}");
        assert!(error.to_string().contains("4711"), "{error}");
    }
    assert!(fs::read(folder.path()).unwrap() == before);
}

/// The steps that made a store of the schema before rules had lanes.
const VERSION_4: [&str; 4] = [
    include_str!("../src/schema/1.sql"),
    include_str!("../src/schema/2.sql"),
    include_str!("../src/schema/3.sql"),
    include_str!("../src/schema/4.sql"),
];

#[test]
fn a_store_from_before_rules_had_lanes_goes_on_with_the_live_versions() {
    let folder = Folder::new();
    raw(&folder.path(), &VERSION_4.concat());
    raw(
        &folder.path(),
        "INSERT INTO state VALUES ('vm-1', 'watch', 'count', x'0102'), ('vm-2', 'watch', 'count', x'03');
         INSERT INTO reminder VALUES ('vm-1', 'watch', 'later', 77, 'a.log', 5, 'a line');
         PRAGMA application_id = 0x6c73676e;
         PRAGMA user_version = 4;",
    );
    assert!(matches!(StoreReader::open(folder.path()), Err(StoreOpenError::Older { found: 4, .. })));
    let mut store = Store::open(folder.path(), 0).unwrap();
    let start = store.load().unwrap().start;
    let entry = |object: &str, rule: RuleKey, entry: &[u8]| StateChange {
        rule,
        object: object.into(),
        key: "count".into(),
        version: 0,
        entry: Some(entry.to_vec()),
    };
    let before = [entry("vm-1", "watch".into(), &[1, 2]), entry("vm-2", "watch".into(), &[3])];
    assert_eq!(start.states, before);
    let [reminder] = start.reminders.as_slice() else { panic!("{:?}", start.reminders) };
    assert_eq!((&reminder.rule, reminder.due_ns, reminder.line), (&RuleKey::live("watch"), Some(77), 5));

    let of_shadow = StateChange { version: 2, ..entry("vm-1", RuleKey::shadow("watch"), &[9]) };
    store.commit(&Commit { now_ns: 1, states: vec![of_shadow.clone()], ..Commit::default() }).unwrap();
    let gone = StateChange { entry: None, ..before[0].clone() };
    store.commit(&Commit { now_ns: 2, states: vec![gone], ..Commit::default() }).unwrap();
    drop(store);
    let states = StoreReader::open(folder.path()).unwrap().load().unwrap().start.states;
    assert_eq!(states, [of_shadow, before[1].clone()], "each lane has its own entry of that key");
}

#[test]
fn what_is_not_ours_is_left_as_it_is() {
    let folder = Folder::new();
    let path = folder.path();
    fs::write(&path, "no database at all, but long enough to be looked at as one".repeat(100)).unwrap();
    let text = fs::read(&path).unwrap();
    assert!(matches!(Store::open(&path, 0), Err(StoreOpenError::Foreign(_))));
    assert!(matches!(StoreReader::open(&path), Err(StoreOpenError::Foreign(_))));
    assert!(fs::read(&path).unwrap() == text);

    let other = folder.file("other.db");
    raw(&other, "CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')");
    let bytes = fs::read(&other).unwrap();
    assert!(matches!(Store::open(&other, 0), Err(StoreOpenError::Foreign(_))));
    assert!(matches!(StoreReader::open(&other), Err(StoreOpenError::Foreign(_))));
    assert!(fs::read(&other).unwrap() == bytes);
    assert!(matches!(Store::open(folder.file(""), 0), Err(StoreOpenError::File { .. } | StoreOpenError::Store(_))));
    assert!(matches!(Store::open(folder.file("no/such/folder.db"), 0), Err(StoreOpenError::File { .. })));
}

/// Pages of the file that are in use, so that damage to them matters.
const PAGE: usize = 4096;

#[test]
fn a_damaged_store_is_told_with_its_name_and_what_to_do_and_is_never_touched() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    for number in 1..200 {
        store.commit(&commit(number, changes(number))).unwrap();
    }
    drop(store);
    let whole = fs::read(folder.path()).unwrap();
    let pages = whole.len() / PAGE;
    let (mut found, mut tried) = (0, 0);
    for page in (1..pages).step_by(7) {
        let mut bytes = whole.clone();
        // The head of a page: what it is and how its cells lie.
        bytes[page * PAGE..page * PAGE + 64].fill(0xa5);
        let path = folder.file(&format!("damaged-{page}.db"));
        fs::write(&path, &bytes).unwrap();
        tried += 1;
        match Store::open(&path, 0).and_then(|store| Ok(store.load()?)) {
            Err(StoreOpenError::Store(StoreError::Corrupt(named, _))) => {
                assert_eq!(named, path);
                assert!(fs::read(&path).unwrap() == bytes, "page {page}: the file was changed");
                found += 1;
            }
            Err(error) => panic!("page {page}: {error:?}"),
            // Pages further down a chain of long values hold no structure that could be wrong.
            Ok(_) => {}
        }
    }
    assert!(found * 3 > tried, "{found} of {tried}");
    let short = folder.file("short.db");
    fs::write(&short, &whole[..whole.len() / 2]).unwrap();
    let error = Store::open(&short, 0).unwrap_err();
    assert!(matches!(&error, StoreOpenError::Store(StoreError::Corrupt(..))), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("short.db") && text.contains("backup") && text.contains("keep the file"), "{text}");
}
