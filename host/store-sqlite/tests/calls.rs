//! What rules were given outlasts a restart, is bounded, and goes with its age and its object.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use lifesigns_compliance::BookChanges;
use lifesigns_model::{Change, RuleCall, RuleLane, StateValue, TapAnswer, TapEvent, limits};
use lifesigns_record::{CallFilter, Commit, MemoryStore, RecordReader, RecordReaders, RecordWriter, RetentionPolicy};
use lifesigns_store_sqlite::{Store, StoreFile};

fn call(object: &str, symptom: &str, number: u64) -> RuleCall {
    let answer = TapAnswer {
        symptom: "seen".into(),
        change: Change::Raise,
        summary: format!("raise {number}"),
        attributes: vec![("a".into(), "1".into())],
    };
    let event = TapEvent {
        number,
        time_ns: u64::MAX - number,
        kind: "log".into(),
        object: object.into(),
        message: Some("a \"line\"\n".into()),
        properties: vec![("env".into(), "é".into())],
        metrics: vec![("load".into(), 0.1)],
        answers: vec![answer],
        ..TapEvent::default()
    };
    RuleCall {
        rule: "watch".into(),
        lane: if symptom.is_empty() { RuleLane::Shadow } else { RuleLane::Live },
        object: object.into(),
        symptom: symptom.into(),
        source: "a.log".into(),
        line: number,
        module: "sha256:00".into(),
        settings: format!("{{\"n\":{}}}", number % 2),
        state_version: 3,
        events: vec![event],
        state: vec![StateValue { key: "k".into(), entry: "0100ff".into() }],
        left_out: String::new(),
    }
}

fn raise_of(object: &str) -> CallFilter {
    CallFilter::Raise { object: object.into(), rule: "watch".into(), symptom: "seen".into() }
}

/// Both kinds of record do the same.
fn check(record: &mut dyn RecordWriter, reader: &dyn RecordReader) {
    let read = |filter: &CallFilter| reader.calls(filter).unwrap();
    let failures = CallFilter::Failures { rule: "watch".into() };
    let mut commit = |now_ns, calls: Vec<RuleCall>, forgotten: &[&str]| {
        let forgotten = forgotten.iter().map(|object| (*object).to_owned()).collect();
        let changes = BookChanges { forgotten, ..BookChanges::default() };
        record.commit(&Commit { now_ns, calls, changes, ..Commit::default() }).unwrap();
    };
    commit(1, vec![call("vm-1", "seen", 1), call("vm-2", "seen", 2), call("vm-1", "", 3)], &[]);
    assert_eq!(read(&raise_of("vm-1")), [call("vm-1", "seen", 1)]);
    assert_eq!(read(&failures), [call("vm-1", "", 3)]);
    assert_eq!(read(&raise_of("vm-3")), []);
    commit(2, vec![call("vm-1", "seen", 4)], &["vm-2"]);
    assert_eq!(read(&raise_of("vm-1")), [call("vm-1", "seen", 4)], "the last raise is kept");
    assert_eq!(read(&raise_of("vm-2")), [], "the object was forgotten");
    let many = 3 * limits::FAILED_CALLS as u64;
    commit(3_000_000, (0..many).map(|number| call("vm-1", "", number)).collect(), &[]);
    let kept = read(&failures);
    assert_eq!((kept.len(), kept[0].line), (limits::FAILED_CALLS, many - 1), "the latest first");
    let policy = RetentionPolicy { alerts_age_ms: 1, ..RetentionPolicy::default() };
    assert_eq!(record.retain(3_500_000, &policy).unwrap().calls, 1);
    assert_eq!((read(&raise_of("vm-1")).len(), read(&failures).len()), (0, limits::FAILED_CALLS));
}

#[test]
fn a_file_keeps_calls() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let reader = StoreFile::new(folder.path()).open().unwrap();
    check(&mut store, &*reader);
    let rows = |sql: &str| {
        let connection = rusqlite::Connection::open(folder.path()).unwrap();
        connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(rows("SELECT count(*) FROM rule_settings"), 2, "settings are kept once");
    let policy = RetentionPolicy { alerts_age_ms: 1, ..RetentionPolicy::default() };
    store.retain(u64::MAX / 2, &policy).unwrap();
    assert_eq!(rows("SELECT count(*) FROM rule_settings"), 0, "and go with the last call");
}

#[test]
fn memory_keeps_calls() {
    let store = MemoryStore::default();
    let (mut record, reader) = (store.open(), RecordReaders::open(&store).unwrap());
    check(&mut record, &*reader);
}
