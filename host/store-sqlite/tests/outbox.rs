//! The outbox: what waits, what was tried, what was given up.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use lifesigns_compliance::BookChanges;
use lifesigns_record::{Commit, OutboxChange, OutboxUpdate, ReceiverPause};
use lifesigns_store_sqlite::{Store, StoreReader};

fn notices(numbers: std::ops::RangeInclusive<u64>, receiver: &str) -> BookChanges {
    BookChanges { notices: numbers.map(|number| notice(number, receiver)).collect(), ..BookChanges::default() }
}

fn deliver(store: &mut Store, now_ns: u64, id: i64, change: OutboxChange) {
    store.commit(&Commit { now_ns, outbox: vec![OutboxUpdate { id, change }], ..Commit::default() }).unwrap();
}

fn ids(reader: &StoreReader, receiver: &str) -> Vec<i64> {
    reader.pending(receiver, 0, usize::MAX).unwrap().iter().map(|row| row.id).collect()
}

#[test]
fn notices_wait_in_their_order_until_they_are_delivered() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let reader = store.reader().unwrap();
    store.commit(&commit(7, notices(1..=5, "pager"))).unwrap();
    store.commit(&commit(8, notices(1..=2, "mail"))).unwrap();
    let first = reader.pending("pager", 0, 2).unwrap();
    assert_eq!(first.iter().map(|row| &row.notice).collect::<Vec<_>>(), [&notice(1, "pager"), &notice(2, "pager")]);
    assert!(first.iter().all(|row| row.attempts == 0 && row.not_before_ns == 0 && row.error.is_none()));
    let next = reader.pending("pager", first[1].id, 10).unwrap();
    assert_eq!(next.len(), 3);
    deliver(&mut store, 9, first[0].id, OutboxChange::Delivered);
    deliver(&mut store, 9, first[0].id, OutboxChange::Delivered);
    deliver(&mut store, 9, next[0].id, OutboxChange::Dropped);
    assert_eq!(ids(&reader, "pager"), [first[1].id, next[1].id, next[2].id]);
    assert_eq!(ids(&reader, "mail").len(), 2, "one receiver is nothing to another");
    let states = reader.receivers().unwrap();
    assert_eq!(states.iter().map(|state| state.name.as_str()).collect::<Vec<_>>(), ["mail", "pager"]);
    assert_eq!((states[1].waiting, states[1].delivered, states[1].delivered_ns), (3, 1, Some(9)));
    assert_eq!((states[0].waiting, states[0].delivered, states[0].oldest_ns), (2, 0, Some(8)));
    // It survives a restart, and numbers are never used again.
    drop((reader, store));
    let mut store = Store::open(folder.path(), 0).unwrap();
    let reader = store.reader().unwrap();
    for id in ids(&reader, "mail") {
        deliver(&mut store, 10, id, OutboxChange::Delivered);
    }
    store.commit(&commit(11, notices(9..=9, "mail"))).unwrap();
    assert!(ids(&reader, "mail")[0] > next[2].id);
}

#[test]
fn the_same_notice_waits_once() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let reader = store.reader().unwrap();
    store.commit(&commit(1, notices(1..=1, "pager"))).unwrap();
    store.commit(&commit(2, notices(1..=1, "pager"))).unwrap();
    assert_eq!(ids(&reader, "pager").len(), 1);
    // Once it has been delivered, saying it again is saying it again.
    deliver(&mut store, 3, ids(&reader, "pager")[0], OutboxChange::Delivered);
    store.commit(&commit(4, notices(1..=1, "pager"))).unwrap();
    assert_eq!(ids(&reader, "pager").len(), 1);
}

#[test]
fn what_fails_is_tried_later_given_up_and_brought_back_by_hand() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let reader = store.reader().unwrap();
    store.commit(&commit(1, notices(1..=2, "pager"))).unwrap();
    let id = ids(&reader, "pager")[0];
    deliver(&mut store, 5, id, OutboxChange::Retry { at_ns: u64::MAX, why: "503".to_owned() });
    let row = reader.pending("pager", 0, 1).unwrap().remove(0);
    assert_eq!((row.attempts, row.not_before_ns, row.error.as_deref()), (1, u64::MAX, Some("503")));
    deliver(&mut store, 6, id, OutboxChange::Dead { why: "404".to_owned() });
    assert_eq!(ids(&reader, "pager"), [id + 1]);
    let dead = reader.dead_letters(0, 10).unwrap();
    assert_eq!((dead.len(), dead[0].id, dead[0].attempts, dead[0].error.as_deref()), (1, id, 2, Some("404")));
    assert_eq!(dead[0].notice, notice(1, "pager"));
    let state = reader.receivers().unwrap().remove(0);
    assert_eq!((state.waiting, state.dead, state.failed, state.failed_ns), (1, 1, 2, Some(6)));
    assert_eq!(state.error.as_deref(), Some("404"));
    deliver(&mut store, 7, id, OutboxChange::Revived);
    let row = reader.pending("pager", 0, 1).unwrap().remove(0);
    assert_eq!((row.id, row.attempts, row.not_before_ns, row.notice.key.as_str()), (id, 0, 0, "1-pager"));
    assert!(reader.dead_letters(0, 10).unwrap().is_empty());
}

#[test]
fn the_time_between_messages_of_a_bundle_holds_over_a_restart() {
    let folder = Folder::new();
    let bundle = |object: &str| std::collections::BTreeMap::from([("object".to_owned(), object.to_owned())]);
    let pause =
        |object: &str, until_ns| ReceiverPause { receiver: "desk".to_owned(), bundle: bundle(object), until_ns };
    let commit = |now_ns, pauses| Commit { now_ns, pauses, ..Commit::default() };
    let mut store = Store::open(folder.path(), 0).unwrap();
    store.commit(&commit(1, vec![pause("vm1", 100), pause("vm2", 50)])).unwrap();
    store.commit(&commit(2, vec![pause("vm1", 200)])).unwrap();
    drop(store);
    let pauses = |receiver: &str| StoreReader::open(folder.path()).unwrap().pauses(receiver).unwrap();
    let mut found = pauses("desk");
    found.sort_by_key(|pause| pause.until_ns);
    assert_eq!(found, [pause("vm2", 50), pause("vm1", 200)]);
    assert!(pauses("other").is_empty());
    // What is over goes with the next one.
    let mut store = Store::open(folder.path(), 0).unwrap();
    store.commit(&commit(60, vec![pause("vm3", 300)])).unwrap();
    assert_eq!(pauses("desk").iter().map(|pause| pause.until_ns).collect::<Vec<_>>(), [200, 300]);
}
