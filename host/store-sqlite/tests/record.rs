//! How fast book and store are together, as a host drives them: `cargo test -p lifesigns-store
//! --release --test record -- --ignored --nocapture --test-threads 1`. Figures hold for the machine
//! they are taken on.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use common::Folder;
use lifesigns_compliance::{
    Book, BookChanges, BookInput, ComplianceConfig, Pattern,
    config::{
        AlertCondition, AlertDefinition, ConfigLocation, Group, Grouping, Policy, PolicyEntry, PolicySetting, Route,
        Scope,
    },
};
use lifesigns_model::{self as model, Change, Criticality, Impact, ObjectFacts, StateChange};
use lifesigns_record::{Commit, OutboxChange, OutboxUpdate};
use lifesigns_store_sqlite::Store;

/// As in the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RULES: u64 = 1000;
const ALERTS: u64 = 100_000;
/// Alerts of one object.
const EACH: u64 = 2;
/// Alert changes of one commit: 50 ms worth of 10 000 a second.
const BATCH: u64 = 500;
const SECOND: u64 = 1_000_000_000;

fn place(line: u64) -> ConfigLocation {
    ConfigLocation { file: "lifesigns.toml".into(), line: line as u32, column: 1 }
}

/// A definition for every second rule, three groups, policies that say something in two of them.
fn config() -> Arc<ComplianceConfig> {
    let definition = |rule: u64| AlertDefinition {
        name: format!("definition-{rule}"),
        title: format!("Rule {rule} says so"),
        place: place(rule),
        kinds: Vec::new(),
        when: AlertCondition::Symptom(Pattern::new(format!("rule-{rule}/seen")), Scope::Own),
        thresholds: Default::default(),
        wait_ms: 0,
        cancel_ms: 0,
        criticality: None,
        impact: None,
        recommendations: vec!["Please call your compliance hotline".to_owned()],
        controls: vec!["NIST-SP-800-190:4.1".to_owned()],
    };
    let group = |name: &str| Group {
        name: name.to_owned(),
        place: place(3000),
        when: Some(format!("properties.env == \"{name}\"")),
        ..Group::default()
    };
    let all = Group { name: "vms".to_owned(), objects: vec![Pattern::new("vm-*")], ..Group::default() };
    let policy = |name: &str, setting| Policy {
        name: name.to_owned(),
        groups: vec![name.to_owned()],
        entries: vec![PolicyEntry { pattern: Pattern::new("*"), setting, place: place(4000) }],
        ..Policy::default()
    };
    Arc::new(ComplianceConfig {
        groups: vec![group("production"), group("playground"), all],
        policies: vec![
            policy("production", PolicySetting::Criticality(Criticality::Critical)),
            policy("playground", PolicySetting::Allow(true)),
        ],
        definitions: (0..RULES).step_by(2).map(definition).collect(),
        routes: vec![Route { receivers: vec!["desk".to_owned()], grouping: Grouping::default(), ..Route::default() }],
        reopen_ms: 1000,
        ..ComplianceConfig::default()
    })
}

fn said(time_ns: u64, object: u64, rule: u64, change: Change) -> BookInput {
    BookInput::Symptom(Box::new(model::RuleAlert {
        time_ns,
        rule: format!("rule-{rule}"),
        symptom: "seen".to_owned(),
        title: "A container was created".to_owned(),
        object: format!("vm-{object}"),
        criticality: Criticality::Warning,
        impact: Impact::Risk,
        change,
        summary: format!("container {object} was created"),
        recommendation: "Move the VM to the Docker playground".to_owned(),
        controls: vec!["CIS-Docker-1.6:5.4".to_owned()],
        hold_ms: 3_600_000,
        attributes: vec![("image".to_owned(), "nginx:latest".to_owned())],
        source: "/var/log/docker.log".to_owned(),
        line: time_ns / 1000,
        text: format!(
            "time=\"2026-11-23T00:00:00Z\" level=debug msg=\"Calling POST /v1.41/containers/create {object}\""
        ),
        module: format!("sha256:{}", "ab".repeat(32)),
    }))
}

fn environment(object: u64) -> BookInput {
    let env = if object.is_multiple_of(4) { "playground" } else { "production" };
    BookInput::Facts(ObjectFacts {
        object: format!("vm-{object}"),
        time_ns: SECOND,
        properties: vec![("env".to_owned(), Some(env.to_owned()))],
        ..ObjectFacts::default()
    })
}

fn memory(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_matches(|one: char| !one.is_ascii_digit()).parse::<u64>().unwrap() >> 10
}

/// Opens all alerts, and commits them with the state of all rules.
fn fill(store: &mut Store) {
    let mut book = Book::new(config()).unwrap();
    book.review();
    book.apply(BookInput::Clock(SECOND)).unwrap();
    for object in 0..ALERTS / EACH {
        book.apply(environment(object)).unwrap();
        for nth in 0..EACH {
            let rule = (object * EACH + nth) % RULES;
            book.apply(said(2 * SECOND + object, object, rule, Change::Raise)).unwrap();
        }
        if object % 500 == 499 {
            let state = |number: u64| StateChange {
                rule: format!("rule-{}", number % RULES).as_str().into(),
                object: format!("vm-{}", number / EACH),
                key: "containers".to_owned(),
                version: 0,
                entry: Some(vec![7; 64]),
            };
            let states = ((object - 499) * EACH..(object + 1) * EACH).map(state).collect();
            let mut changes = book.take();
            changes.notices.clear();
            let (now_ns, event_ns) = (SECOND, Some(book.event_ns()));
            store.commit(&Commit { now_ns, event_ns, states, changes, ..Commit::default() }).unwrap();
        }
    }
}

#[test]
#[ignore = "takes a minute; run it in release"]
fn a_restart_with_100_000_open_alerts_and_1000_rules() {
    let folder = Folder::new();
    fill(&mut Store::open(folder.path(), 0).unwrap());
    for _ in 0..3 {
        let config = config();
        let begin = Instant::now();
        let store = Store::open(folder.path(), 0).unwrap();
        let opened = begin.elapsed();
        let loaded = store.load().unwrap();
        let read = begin.elapsed();
        let mut book = Book::new(config).unwrap();
        book.restore(loaded.restored);
        let restored = begin.elapsed();
        book.review();
        let ready = begin.elapsed();
        assert_eq!((book.view().open_alerts().count() as u64, loaded.start.states.len() as u64), (ALERTS, ALERTS));
        assert_eq!(book.take(), BookChanges::default());
        println!(
            "ready in {ready:.2?}: opened and checked {opened:.2?}, read {:.2?}, restored {:.2?}, reviewed {:.2?}; \
             {} MiB in memory",
            read - opened,
            restored - read,
            ready - restored,
            memory("VmRSS:")
        );
    }
}

/// What one commit of the sustained run tells the book: every input changes another alert. Each
/// third opens one, each third raises it again, each third clears it.
fn inputs(batch: u64) -> impl Iterator<Item = BookInput> {
    (0..BATCH).map(move |nth| {
        let (round, number) = (batch / 30, (batch % 10) * BATCH + nth);
        let (object, rule) = (number / EACH, (number + round % 4 * EACH) % RULES);
        let change = if batch / 10 % 3 == 2 { Change::Clear } else { Change::Raise };
        said(2 * SECOND + (batch * BATCH + nth) * 100_000, object, rule, change)
    })
}

#[test]
#[ignore = "takes a minute; run it in release"]
fn ten_thousand_alert_changes_a_second() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let mut book = Book::new(config()).unwrap();
    (0..10 * BATCH / EACH).for_each(|object| book.apply(environment(object)).unwrap());
    let [mut applied, mut taken, mut committed] = [Duration::ZERO; 3];
    let (mut changed, mut notified, mut done, mut half) = (0_u64, 0_i64, 0, 0);
    let batches = 600;
    for batch in 0..batches {
        let inputs: Vec<BookInput> = inputs(batch).collect();
        let begin = Instant::now();
        book.apply(BookInput::Clock(2 * SECOND + batch * BATCH * 100_000)).unwrap();
        inputs.into_iter().for_each(|input| book.apply(input).unwrap());
        applied += begin.elapsed();
        let begin = Instant::now();
        let changes = book.take();
        taken += begin.elapsed();
        changed += changes.alerts.len() as u64;
        let begin = Instant::now();
        let (now_ns, event_ns) = (book.clock_ns(), Some(book.event_ns()));
        let waiting = changes.notices.len() as i64;
        // The receiver is done with what the previous commit notified.
        let outbox = (done + 1..=notified).map(|id| OutboxUpdate { id, change: OutboxChange::Delivered }).collect();
        let commit = Commit { now_ns, event_ns, changes, outbox, ..Commit::default() };
        store.commit(&commit).unwrap();
        drop(commit);
        done = notified;
        notified += waiting;
        committed += begin.elapsed();
        if batch == batches / 2 {
            half = memory("VmRSS:");
        }
    }
    let rate = changed as f64 / (applied + taken + committed).as_secs_f64();
    println!(
        "{rate:.0} alert changes/s, {changed} in all, {notified} notices: applied in {applied:.2?}, taken in \
         {taken:.2?}, committed in {committed:.2?}; {half} MiB in memory half way, {} MiB at the end, {} MiB at most",
        memory("VmRSS:"),
        memory("VmHWM:")
    );
    assert!(changed >= batches * BATCH, "every input changes an alert: {changed}");
}
