//! The audit is only added to; whatever else is done to it is found.
#![allow(clippy::unwrap_used)]

mod common;

use std::path::Path;

use common::*;
use lifesigns_compliance::{AuditedChange, BookChanges};
use lifesigns_record::{AuditError, AuditFilter, ChainMark, RetentionPolicy};
use lifesigns_store_sqlite::{Store, StoreReader};
use rusqlite::Connection;

const DAY_MS: u64 = 86_400_000;
const DAY_NS: u64 = DAY_MS * 1_000_000;

fn audited(now_ns: u64, numbers: std::ops::RangeInclusive<u64>) -> lifesigns_record::Commit {
    commit(now_ns, BookChanges { audit: numbers.map(audit).collect(), ..BookChanges::default() })
}

/// A store with ten entries, one a day.
fn ten() -> Folder {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    for number in 1..=10 {
        store.commit(&audited(number * DAY_NS, number..=number)).unwrap();
    }
    folder
}

fn verify(path: &Path) -> Result<lifesigns_record::ChainVerification, AuditError> {
    StoreReader::open(path).unwrap().audit_verify(None)
}

const OPEN: &str = "DROP TRIGGER audit_stays; DROP TRIGGER audit_is_kept; DROP TRIGGER audit_goes_on;
                    DROP TRIGGER audit_mark_goes_on; DROP TRIGGER audit_mark_is_kept;";

#[test]
fn entries_come_back_and_verify() {
    let folder = ten();
    let reader = StoreReader::open(folder.path()).unwrap();
    let entries = reader.audit(&AuditFilter::default()).unwrap();
    let expected: Vec<AuditedChange> = (1..=10).map(audit).collect();
    assert_eq!(entries.iter().map(|entry| entry.audit.clone()).collect::<Vec<_>>(), expected);
    let report = reader.audit_verify(None).unwrap();
    assert_eq!((report.entries, report.anchor, &report.head), (10, None, &entries[9].mark));
    let one = AuditFilter { subject: Some(alert(4).id), ..AuditFilter::default() };
    assert_eq!(reader.audit(&one).unwrap(), [entries[3].clone()]);
    let late = AuditFilter { since_ns: 7 * DAY_NS, limit: 2, ..AuditFilter::default() };
    assert_eq!(reader.audit(&late).unwrap(), entries[8..]);
    for entry in &entries {
        reader.audit_verify(Some(&entry.mark)).unwrap();
    }
}

#[test]
fn an_empty_audit_is_unbroken() {
    let folder = Folder::new();
    Store::open(folder.path(), 0).unwrap();
    let report = verify(&folder.path()).unwrap();
    assert_eq!((report.entries, report.head.id), (0, 0));
}

#[test]
fn the_file_itself_refuses_to_change_it() {
    let folder = ten();
    let connection = Connection::open(folder.path()).unwrap();
    for statement in [
        "UPDATE audit SET who = 'mallory' WHERE id = 3",
        "DELETE FROM audit WHERE id = 3",
        "DELETE FROM audit",
        "INSERT INTO audit SELECT 5, written_ns, time_ns, who, what, subject, before, after, hash FROM audit WHERE id = 6",
        "UPDATE audit_mark SET id = 3 WHERE name = 'head'",
        "DELETE FROM audit_mark",
    ] {
        let error = connection.execute_batch(statement).unwrap_err().to_string();
        assert!(error.contains("audit"), "{statement}: {error}");
    }
    assert_eq!(verify(&folder.path()).unwrap().entries, 10);
}

#[test]
fn the_first_entry_that_does_not_fit_is_named() {
    for (statement, first) in [
        ("UPDATE audit SET who = 'mallory' WHERE id = 3", 3),
        ("UPDATE audit SET what = what || ' ' WHERE id = 1", 1),
        ("UPDATE audit SET subject = '', before = subject || before WHERE id = 4", 4),
        ("UPDATE audit SET after = '{}' WHERE id = 10", 10),
        ("UPDATE audit SET time_ns = 0 WHERE id = 5", 5),
        ("UPDATE audit SET written_ns = 0 WHERE id = 5", 5),
        ("UPDATE audit SET hash = zeroblob(32) WHERE id = 6", 6),
        ("UPDATE audit SET hash = 'short' WHERE id = 6", 6),
        ("DELETE FROM audit WHERE id = 7", 7),
        ("DELETE FROM audit WHERE id <= 2", 1),
        ("DELETE FROM audit WHERE id >= 9", 9),
        ("DELETE FROM audit", 1),
        ("DELETE FROM audit WHERE id = 7; UPDATE audit SET id = id - 1 WHERE id > 7", 7),
        (
            "UPDATE audit SET id = 100 WHERE id = 4; UPDATE audit SET id = 4 WHERE id = 5; UPDATE audit SET id = 5 WHERE id = 100",
            4,
        ),
        // An attacker who knows about the marks, too.
        (
            "DELETE FROM audit WHERE id <= 2; UPDATE audit_mark SET id = 2, hash = (SELECT hash FROM audit WHERE id = 3) WHERE name = 'anchor'",
            3,
        ),
        (
            "INSERT INTO audit SELECT 11, written_ns, time_ns, who, what, subject, before, after, hash FROM audit WHERE id = 10",
            11,
        ),
    ] {
        let folder = ten();
        let connection = Connection::open(folder.path()).unwrap();
        connection.execute_batch(OPEN).unwrap();
        connection.execute_batch(statement).unwrap();
        drop(connection);
        match verify(&folder.path()) {
            Err(AuditError::Broken { id, .. }) => assert_eq!(id, first, "{statement}"),
            other => panic!("{statement}: {other:?}"),
        }
    }
}

#[test]
fn a_cut_that_no_entry_tells_of_is_found() {
    let folder = ten();
    let connection = Connection::open(folder.path()).unwrap();
    connection.execute_batch(OPEN).unwrap();
    let forged = "UPDATE audit_mark SET id = 2, hash = (SELECT hash FROM audit WHERE id = 2) WHERE name = 'anchor';
                  DELETE FROM audit WHERE id <= 2";
    connection.execute_batch(forged).unwrap();
    assert!(matches!(verify(&folder.path()), Err(AuditError::Broken { id: 2, .. })));
}

#[test]
fn a_mark_that_was_noted_down_finds_a_tail_that_was_cut_off_or_rewritten() {
    let folder = ten();
    let noted = verify(&folder.path()).unwrap().head;
    let connection = Connection::open(folder.path()).unwrap();
    connection.execute_batch(OPEN).unwrap();
    let cut = "DELETE FROM audit WHERE id > 8;
               UPDATE audit_mark SET id = 8, hash = (SELECT hash FROM audit WHERE id = 8) WHERE name = 'head'";
    connection.execute_batch(cut).unwrap();
    // The file itself remembers how many there were, unless that was set back as well.
    assert!(matches!(verify(&folder.path()), Err(AuditError::Broken { id: 9, .. })));
    connection.execute_batch("UPDATE meta SET value = 8 WHERE name = 'audit_highest'").unwrap();
    drop(connection);
    assert!(matches!(verify(&folder.path()), Err(AuditError::Unguarded { missing }) if missing.len() == 5));
    let reader = StoreReader::open(folder.path()).unwrap();
    assert!(matches!(reader.audit_verify(Some(&noted)), Err(AuditError::Broken { id: 9, .. })));
    // Written again with other words.
    let mut store = Store::open(folder.path(), 0).unwrap();
    store.commit(&audited(1, 11..=11)).unwrap();
    assert!(verify(&folder.path()).is_ok(), "one file alone cannot tell");
    let last = store.reader().unwrap().audit(&AuditFilter { limit: 2, ..AuditFilter::default() }).unwrap();
    assert!(last.iter().any(|entry| entry.audit.what == "audit guards restored"), "{last:?}");
    assert!(matches!(reader.audit_verify(Some(&noted)), Err(AuditError::Broken { id: 10, .. })));
}

#[test]
fn retention_leaves_an_anchor_from_which_it_verifies() {
    let folder = ten();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let early = StoreReader::open(folder.path()).unwrap().audit(&AuditFilter::default()).unwrap();
    let retention = RetentionPolicy { audit_age_ms: 5 * DAY_MS, ..RetentionPolicy::default() };
    let retained = store.retain(10 * DAY_NS, &retention).unwrap();
    assert_eq!((retained.audit, retained.more), (4, false));
    let reader = store.reader().unwrap();
    let report = reader.audit_verify(None).unwrap();
    assert_eq!((report.entries, report.anchor.as_ref(), report.head.id), (7, Some(&early[3].mark), 11));
    reader.audit_verify(Some(&early[3].mark)).unwrap();
    reader.audit_verify(Some(&early[6].mark)).unwrap();
    assert!(matches!(reader.audit_verify(Some(&early[2].mark)), Err(AuditError::Removed { id: 3, oldest: 4 })));
    let wrong = ChainMark { id: 4, hash: early[4].mark.hash.clone() };
    assert!(matches!(reader.audit_verify(Some(&wrong)), Err(AuditError::Broken { id: 4, .. })));
    // Again, until only what retention itself said is left; and it goes on after that.
    store.retain(100 * DAY_NS, &retention).unwrap();
    assert_eq!(reader.audit_verify(None).unwrap().entries, 1);
    store.commit(&audited(100 * DAY_NS, 1..=2)).unwrap();
    let report = reader.audit_verify(None).unwrap();
    assert_eq!((report.entries, report.anchor.map(|mark| mark.id), report.head.id), (3, Some(11), 14));
    let last = reader.audit(&AuditFilter::default()).unwrap().remove(0).audit;
    assert_eq!((last.who.as_str(), last.what.as_str(), last.subject.as_str()), ("retention", "audit shortened", "11"));
}

#[test]
fn missing_or_changed_triggers_are_found_and_put_back_with_an_entry() {
    for statement in [
        "DROP TRIGGER audit_stays",
        "DROP TRIGGER audit_is_kept; CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit WHEN 0 BEGIN SELECT 1; END",
    ] {
        let folder = ten();
        Connection::open(folder.path()).unwrap().execute_batch(statement).unwrap();
        assert!(matches!(verify(&folder.path()), Err(AuditError::Unguarded { .. })), "{statement}");
        let findings = lifesigns_store_sqlite::doctor(folder.path());
        assert!(findings.iter().any(|one| one.what.contains("are missing or changed")), "{findings:?}");
        // Opened and no more, as by a host that is killed before its first commit: the entry is there.
        drop(Store::open(folder.path(), 77).unwrap());
        assert_eq!(verify(&folder.path()).unwrap().entries, 11, "{statement}");
        let mut store = Store::open(folder.path(), 0).unwrap();
        let last =
            store.reader().unwrap().audit(&AuditFilter { limit: 1, ..AuditFilter::default() }).unwrap().remove(0);
        assert_eq!((last.audit.what.as_str(), last.written_ns), ("audit guards restored", 77), "{statement}");
        store.commit(&audited(1, 11..=11)).unwrap();
        assert_eq!(verify(&folder.path()).unwrap().entries, 12, "{statement}");
    }
}

#[test]
fn triggers_whose_entry_cannot_be_written_are_not_put_back() {
    let folder = ten();
    let connection = Connection::open(folder.path()).unwrap();
    let refuse = "DROP TRIGGER audit_stays;
                  CREATE TRIGGER refuse BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END";
    connection.execute_batch(refuse).unwrap();
    drop(connection);
    assert!(Store::open(folder.path(), 0).is_err(), "it is not opened without its entry");
    assert!(matches!(verify(&folder.path()), Err(AuditError::Unguarded { missing }) if missing == ["audit_stays"]));
    Connection::open(folder.path()).unwrap().execute_batch("DROP TRIGGER refuse").unwrap();
    drop(Store::open(folder.path(), 0).unwrap());
    assert_eq!(verify(&folder.path()).unwrap().entries, 11);
}

#[test]
fn a_wiped_audit_beside_alerts_is_found() {
    let folder = ten();
    let connection = Connection::open(folder.path()).unwrap();
    connection.execute_batch(OPEN).unwrap();
    let alert = "INSERT INTO alert (id, object, definition, status, criticality, opened_ns, written_ns, body)
                 VALUES ('a1', 'vm', 'x', 0, 1, 0, 0, '{}')";
    let wipe = "DELETE FROM audit; UPDATE audit_mark SET id = 0, hash = zeroblob(32);
                UPDATE meta SET value = 0 WHERE name = 'audit_highest'";
    connection.execute_batch(alert).unwrap();
    connection.execute_batch(wipe).unwrap();
    drop(connection);
    assert!(
        matches!(verify(&folder.path()), Err(AuditError::Broken { id: 1, what }) if what.contains("1 alert is in the record"))
    );
}
