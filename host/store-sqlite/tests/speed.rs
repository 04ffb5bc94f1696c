//! How fast it is: `cargo test -p lifesigns-store --release --test speed -- --ignored --nocapture
//! --test-threads 1`. Figures hold for the machine they are taken on.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::*;
use lifesigns_compliance::{Alert, BookChanges};
use lifesigns_model::{ObjectClock, ObjectFacts, SourceOffset, StateChange};
use lifesigns_record::Commit;
use lifesigns_store_sqlite::{Store, StoreReader};

/// Alert changes of one commit: 50 ms worth of 10 000 a second.
const BATCH: u64 = 500;
const ALERTS: u64 = 100_000;
const RULES: u64 = 1000;

/// An alert change as the book makes it: symptom, alert, audit, badge, one notice.
fn change(number: u64, revision: u64) -> BookChanges {
    let mut changes = BookChanges {
        symptoms: vec![symptom(number).into()],
        alerts: vec![Alert { revision, ..alert(number) }.into()],
        badges: vec![badge(&format!("vm-{number}"), revision, 25)],
        notices: vec![notice(number, "pager")],
        audit: vec![audit(number)],
        ..BookChanges::default()
    };
    changes.notices[0].alert.revision = revision;
    changes.notices[0].key = format!("{number}-{revision}-pager");
    changes
}

fn join(all: &mut BookChanges, one: BookChanges) {
    all.objects.extend(one.objects);
    all.symptoms.extend(one.symptoms);
    all.alerts.extend(one.alerts);
    all.badges.extend(one.badges);
    all.notices.extend(one.notices);
    all.audit.extend(one.audit);
}

fn batch(number: u64) -> Commit {
    let mut changes = BookChanges::default();
    let first = number * BATCH;
    for at in first..first + BATCH {
        // Every alert opens, and is changed once, at random places of the file.
        let number = if number.is_multiple_of(2) { at } else { (at.wrapping_mul(7919)) % (first + 1) };
        join(&mut changes, change(number, at));
    }
    let offsets = vec![SourceOffset {
        source: "a.log".to_owned(),
        cursor: Some(vec![0; 32]),
        lines: first,
        time_ns: Some(first),
        is_forgotten: false,
    }];
    Commit { now_ns: first, event_ns: Some(first), offsets, changes, ..Commit::default() }
}

#[test]
#[ignore = "takes a minute; run it in release"]
fn ten_thousand_alert_changes_a_second() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let (mut busy, mut worst, mut commits) = (Duration::ZERO, Duration::ZERO, 0_u32);
    while busy < Duration::from_secs(20) {
        let commit = batch(u64::from(commits));
        let begin = Instant::now();
        store.commit(&commit).unwrap();
        let took = begin.elapsed();
        (busy, worst, commits) = (busy + took, worst.max(took), commits + 1);
    }
    let rate = f64::from(commits) * BATCH as f64 / busy.as_secs_f64();
    let mean = busy / commits;
    let bytes = std::fs::metadata(folder.path()).unwrap().len() >> 20;
    println!("{rate:.0} alert changes/s, a commit of {BATCH} takes {mean:?}, the worst {worst:?}; {bytes} MiB");
    assert!(rate > 10_000.0, "{rate:.0}");
}

fn fill(store: &mut Store) {
    for first in (0..ALERTS).step_by(1000) {
        let mut changes = BookChanges::default();
        for number in first..first + 1000 {
            let mut one = change(number, 1);
            one.objects.push(object(number));
            one.notices.clear();
            join(&mut changes, one);
        }
        let numbers = first..first + 1000;
        let facts = numbers.clone().map(|number| ObjectFacts {
            object: format!("vm-{number}"),
            time_ns: number,
            properties: vec![("env".to_owned(), Some("production".to_owned()))],
            metrics: vec![("load.1m".to_owned(), 0.7)],
            ..ObjectFacts::default()
        });
        let clocks =
            numbers.clone().map(|number| ObjectClock { object: format!("vm-{number}"), time_ns: Some(number) });
        let states = numbers.map(|number| StateChange {
            rule: format!("rule-{}", number % RULES).as_str().into(),
            object: format!("vm-{number}"),
            key: "containers".to_owned(),
            version: 0,
            entry: Some(vec![7; 64]),
        });
        let (facts, objects, states) = (facts.collect(), clocks.collect(), states.collect());
        store.commit(&Commit { facts, objects, states, ..commit(first, changes) }).unwrap();
    }
}

#[test]
#[ignore = "takes a minute; run it in release"]
fn a_restart_with_100_000_open_alerts() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    fill(&mut store);
    drop(store);
    for _ in 0..3 {
        let begin = Instant::now();
        let store = Store::open(folder.path(), 0).unwrap();
        let opened = begin.elapsed();
        let loaded = store.load().unwrap();
        let took = begin.elapsed();
        assert_eq!(loaded.restored.alerts.len() as u64, ALERTS);
        let bytes = std::fs::metadata(folder.path()).unwrap().len() >> 20;
        println!("opened and checked in {opened:?}, loaded after {took:?}; {bytes} MiB");
    }
    let begin = Instant::now();
    StoreReader::open(folder.path()).unwrap().audit_verify(None).unwrap();
    println!("audit of {ALERTS} entries checked in {:?}", begin.elapsed());
    let begin = Instant::now();
    StoreReader::open(folder.path()).unwrap().backup(folder.file("copy"), |_| {}).unwrap();
    println!("backed up in {:?}", begin.elapsed());
}
