//! What the doctor finds.
#![allow(clippy::unwrap_used)]

mod common;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use common::*;
use lifesigns_record::{Commit, OutboxChange, OutboxUpdate};
use lifesigns_store_sqlite::{Finding, FindingLevel, Store, doctor};
use rusqlite::Connection;

/// A store that a host has closed.
fn sound(folder: &Folder) {
    let mut store = Store::open(folder.path(), 0).unwrap();
    for number in 1..50 {
        store.commit(&commit(number, changes(number))).unwrap();
    }
}

/// What is not as it should be; how much room the machine has is not the store's.
fn flaws(path: &Path) -> Vec<Finding> {
    let mut findings = doctor(path);
    findings.retain(|finding| finding.level > FindingLevel::Good && !finding.what.contains("free on its disk"));
    findings
}

#[track_caller]
fn found(path: &Path, level: FindingLevel, words: &str) -> Finding {
    let flaws = flaws(path);
    let one = flaws.iter().find(|flaw| flaw.what.contains(words));
    let one = one.unwrap_or_else(|| panic!("{words}: {flaws:?}")).clone();
    assert_eq!(one.level, level, "{one:?}");
    one
}

#[test]
fn a_sound_store_has_no_flaws_beside_a_host_and_without_one() {
    let folder = Folder::new();
    sound(&folder);
    assert_eq!(flaws(&folder.path()), []);
    let good = doctor(folder.path());
    assert!(good.iter().any(|finding| finding.what.contains("audit is unbroken: 49 entries")), "{good:?}");
    assert!(good.iter().any(|finding| finding.what.contains("49 objects, 49 alerts")), "{good:?}");
    let _host = Store::open(folder.path(), 0).unwrap();
    assert_eq!(flaws(&folder.path()), []);
}

#[test]
fn what_is_no_store_is_told() {
    let folder = Folder::new();
    found(&folder.path(), FindingLevel::Bad, "no store yet");
    fs::write(folder.path(), "hello".repeat(1000)).unwrap();
    found(&folder.path(), FindingLevel::Bad, "not a store of lifesigns");
}

#[test]
fn files_that_others_may_read_are_told() {
    let folder = Folder::new();
    sound(&folder);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let flaw = found(&folder.path(), FindingLevel::Warning, "others than its owner");
    assert!(flaw.fix.starts_with("chmod 600 ") && flaw.fix.ends_with("store.db"), "{flaw:?}");
}

#[test]
fn damage_is_told_with_what_to_do() {
    let folder = Folder::new();
    sound(&folder);
    // An index that lacks a row: it was hidden while the row came.
    let run = |sql: &str| Connection::open(folder.path()).unwrap().execute_batch(sql).unwrap();
    run("CREATE TABLE hidden AS SELECT * FROM sqlite_schema WHERE name = 'alert_open';
         PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'alert_open'");
    run("INSERT INTO alert SELECT 'x', object, definition, status, criticality, opened_ns, cancelled_ns, written_ns, body
         FROM alert WHERE rowid = 7");
    run("PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM hidden");
    let flaw = found(&folder.path(), FindingLevel::Bad, "the file is damaged");
    assert!(flaw.fix.contains("backup"), "{flaw:?}");
}

#[test]
fn records_that_a_host_could_not_read_are_told() {
    let folder = Folder::new();
    sound(&folder);
    Connection::open(folder.path()).unwrap().execute_batch("UPDATE symptom SET body = '{' WHERE rowid = 7").unwrap();
    found(&folder.path(), FindingLevel::Bad, "a host cannot start from it");
}

#[test]
fn a_tampered_audit_is_told() {
    let folder = Folder::new();
    sound(&folder);
    let tamper = "DROP TRIGGER audit_stays; UPDATE audit SET who = 'mallory' WHERE id = 7";
    Connection::open(folder.path()).unwrap().execute_batch(tamper).unwrap();
    found(&folder.path(), FindingLevel::Bad, "tampered with or damaged at entry 7");
}

#[test]
fn dead_letters_are_told() {
    let folder = Folder::new();
    sound(&folder);
    let mut store = Store::open(folder.path(), 0).unwrap();
    let id = store.reader().unwrap().pending("mail", 0, 1).unwrap()[0].id;
    let outbox = vec![OutboxUpdate { id, change: OutboxChange::Dead { why: "no such mailbox".to_owned() } }];
    store.commit(&Commit { outbox, ..Commit::default() }).unwrap();
    let flaw = found(&folder.path(), FindingLevel::Warning, "1 notice was given up for receiver \"mail\"");
    assert!(flaw.what.contains("no such mailbox"), "{flaw:?}");
}
