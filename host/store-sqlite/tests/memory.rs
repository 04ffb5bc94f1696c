//! The record in memory and the one in a file take the same commits and answer the same.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use lifesigns_compliance::{BadgeOwner, BookChanges, Pattern};
use lifesigns_model::{ObjectClock, ObjectFacts, ReminderUpdate, RuleKey, RuleLane, SourceOffset, StateChange};
use lifesigns_record::{
    AlertHistoryFilter, AuditFilter, Commit, MemoryStore, OutboxChange, OutboxUpdate, ReceiverPause, RecordReader,
    RecordWriter, RetentionPolicy,
};
use lifesigns_store_sqlite::Store;

/// Objects, rules and sources that the commits are about.
const NAMES: u64 = 5;

/// SplitMix64: the same seed, the same commits.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    fn name(&mut self) -> String {
        format!("vm-{}", self.below(NAMES))
    }
}

/// What the engine says.
fn of_stream(random: &mut Random, commit: &mut Commit) {
    let object = random.name();
    let line = random.below(100);
    commit.offsets.push(SourceOffset {
        source: format!("{}.log", random.name()),
        cursor: Some(vec![line as u8]),
        lines: line,
        time_ns: random.one_in(2).then_some(line),
        is_forgotten: random.one_in(6),
    });
    let lane = if random.one_in(3) { RuleLane::Shadow } else { RuleLane::Live };
    let (rule, key) = (RuleKey { name: random.name().as_str().into(), lane }, random.name());
    let entry = (!random.one_in(3)).then(|| vec![line as u8]);
    let version = u32::from(random.one_in(2));
    commit.states.push(StateChange { rule: rule.clone(), object: object.clone(), key: key.clone(), version, entry });
    let due_ns = (!random.one_in(3)).then_some(line);
    let (source, text) = ("a.log".to_owned(), "x".to_owned());
    commit.reminders.push(ReminderUpdate { rule, object: object.clone(), name: key, due_ns, source, line, text });
    let time_ns = (!random.one_in(8)).then_some(line);
    commit.objects.push(ObjectClock { object: object.clone(), time_ns });
    let value = (!random.one_in(4)).then(|| format!("{}", random.below(3)));
    commit.facts.push(ObjectFacts {
        object,
        time_ns: random.below(50),
        properties: vec![(random.name(), value)],
        metrics: vec![(random.name(), if random.one_in(5) { f64::NEG_INFINITY } else { 0.1 + line as f64 })],
        ..ObjectFacts::default()
    });
}

/// What the book says.
fn of_book(random: &mut Random, now_ns: u64) -> BookChanges {
    let number = random.below(NAMES);
    if random.one_in(6) {
        let name = format!("vm-{number}");
        return BookChanges {
            forgotten: vec![name.clone()],
            symptoms_gone: vec![(name.clone(), symptom(number).name.to_string())],
            pending_gone: vec![(name, pending(number).definition)],
            ..BookChanges::default()
        };
    }
    let mut changes = changes(number);
    changes.silences = vec![silence(number, now_ns + random.below(60))];
    changes.badges.push(badge("lab", random.below(now_ns), 50));
    changes.audit.push(audit(now_ns));
    changes.notices.push(notice(now_ns, "pager"));
    if random.one_in(2) {
        let mut over = cancelled(number, random.below(now_ns));
        over.id = format!("{number}-{}", random.below(4));
        changes.alerts.push(over.into());
    }
    changes
}

fn of_receivers(random: &mut Random, now_ns: u64, commit: &mut Commit) {
    let why = "404".to_owned();
    let change = match random.below(5) {
        0 => OutboxChange::Delivered,
        1 => OutboxChange::Retry { at_ns: now_ns + 5, why },
        2 => OutboxChange::Dead { why },
        3 => OutboxChange::Revived,
        _ => OutboxChange::Dropped,
    };
    commit.outbox.push(OutboxUpdate { id: random.below(now_ns) as i64, change });
    if random.one_in(3) {
        let bundle = notice(1, "pager").bundle;
        commit.pauses.push(ReceiverPause { receiver: "pager".to_owned(), bundle, until_ns: now_ns + random.below(9) });
    }
}

#[track_caller]
fn agree(file: &Store, memory: &dyn RecordWriter) {
    let (one, other) = (file.load().unwrap(), memory.load().unwrap());
    assert_eq!(one.restored, other.restored);
    assert_eq!(format!("{:#?}", one.start), format!("{:#?}", other.start));
    let file: Box<dyn RecordReader> = RecordWriter::readers(file).open().unwrap();
    let memory = memory.readers().open().unwrap();
    for receiver in ["pager", "mail", "none"] {
        assert_eq!(file.pending(receiver, 3, 10).unwrap(), memory.pending(receiver, 3, 10).unwrap());
        assert_eq!(file.pauses(receiver).unwrap(), memory.pauses(receiver).unwrap());
    }
    assert_eq!(file.dead_letters(0, 7).unwrap(), memory.dead_letters(0, 7).unwrap());
    assert_eq!(file.receivers().unwrap(), memory.receivers().unwrap());
    for filter in [
        AlertHistoryFilter::default(),
        AlertHistoryFilter { object: Some(Pattern::new("vm-[12]")), from_ns: 20, limit: 3, ..Default::default() },
        AlertHistoryFilter { until_ns: Some(60), definition: Some(Pattern::new("docker-*")), ..Default::default() },
    ] {
        let found = file.past_alerts(&filter).unwrap();
        assert_eq!(found, memory.past_alerts(&filter).unwrap(), "{filter:?}");
        for alert in found {
            let after = Some((alert.cancelled_ns.unwrap(), alert.id));
            let rest = AlertHistoryFilter { after, ..filter.clone() };
            assert_eq!(file.past_alerts(&rest).unwrap(), memory.past_alerts(&rest).unwrap(), "{rest:?}");
        }
    }
    for (since_ns, limit) in [(0, 0), (40, 0), (40, 3)] {
        let of = BadgeOwner::Group;
        assert_eq!(
            file.badges(of, "lab", since_ns, limit).unwrap(),
            memory.badges(of, "lab", since_ns, limit).unwrap(),
            "{since_ns} {limit}"
        );
    }
    let filter = AuditFilter { since_ns: 9, limit: 5, ..AuditFilter::default() };
    assert_eq!(file.audit(&filter).unwrap(), memory.audit(&filter).unwrap());
    let head = file.audit_head().unwrap();
    assert_eq!(head, memory.audit_head().unwrap());
    assert_eq!(file.audit_verify(Some(&head)).unwrap(), memory.audit_verify(Some(&head)).unwrap());
}

#[test]
fn memory_and_file_agree_on_every_commit() {
    for seed in 1..=2 {
        let (folder, store) = (Folder::new(), MemoryStore::default());
        let mut file = Store::open(folder.path(), 1).unwrap();
        let mut memory = store.open();
        let mut random = Random(seed);
        for now_ns in 10..150 {
            let mut commit = Commit { now_ns, changes: of_book(&mut random, now_ns), ..Commit::default() };
            commit.event_ns = random.one_in(2).then_some(now_ns);
            for _ in 0..random.below(4) {
                of_stream(&mut random, &mut commit);
                of_receivers(&mut random, now_ns, &mut commit);
            }
            file.commit(&commit).unwrap();
            memory.commit(&commit).unwrap();
            if random.one_in(20) {
                // Milliseconds: much later everything that is over is past its age.
                let policy = RetentionPolicy { alerts_age_ms: 1, audit_age_ms: 1, badges_age_ms: 1, size_bytes: 0 };
                let later_ns = now_ns + 1_000_000 - random.below(20);
                let (one, other) = (file.retain(later_ns, &policy).unwrap(), memory.retain(later_ns, &policy).unwrap());
                assert_eq!((one.alerts, one.audit, one.badges), (other.alerts, other.audit, other.badges));
                assert_eq!((one.dead_letters, one.silences), (other.dead_letters, other.silences));
            }
            agree(&file, &memory);
            if random.one_in(30) {
                drop(file);
                file = Store::open(folder.path(), now_ns).unwrap();
                memory = store.open();
                assert_eq!(file.epoch(), RecordWriter::epoch(&memory));
            }
        }
    }
}
