//! What was, and how it goes after a while.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use lifesigns_compliance::{Alert, BadgeOwner, BookChanges, Pattern};
use lifesigns_record::{AlertHistoryFilter, Commit, OutboxChange, OutboxUpdate, RetentionPolicy, RetentionStep};
use lifesigns_store_sqlite::{Store, StoreReader};

const DAY_MS: u64 = 86_400_000;
const DAY_NS: u64 = DAY_MS * 1_000_000;

fn alerts(now_ns: u64, alerts: Vec<Alert>) -> Commit {
    commit(now_ns, BookChanges { alerts: alerts.into_iter().map(Into::into).collect(), ..BookChanges::default() })
}

fn opened(alerts: &[Alert]) -> Vec<u64> {
    alerts.iter().map(|alert| alert.opened_ns).collect()
}

#[test]
fn past_alerts_are_found_by_object_definition_and_time() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let mut all: Vec<Alert> = (1..=20).map(|number| cancelled(number, 1000 + number)).collect();
    for alert in all.iter_mut().filter(|alert| alert.opened_ns.is_multiple_of(5)) {
        alert.object = "vm".into();
        alert.definition = "untrusted-registry".into();
    }
    all.push(alert(99));
    store.commit(&alerts(1, all.clone())).unwrap();
    let reader = store.reader().unwrap();
    let past = |past: &AlertHistoryFilter| opened(&reader.past_alerts(past).unwrap());
    let everything = AlertHistoryFilter::default();
    assert_eq!(past(&everything), (1..=20).rev().collect::<Vec<_>>(), "the latest first, and no open one");
    assert_eq!(past(&AlertHistoryFilter { limit: 3, ..everything.clone() }), [20, 19, 18]);
    assert_eq!(past(&AlertHistoryFilter { object: Some("vm".into()), ..everything.clone() }), [20, 15, 10, 5]);
    let definition = Some(Pattern::new("untrusted-*"));
    assert_eq!(past(&AlertHistoryFilter { definition: definition.clone(), limit: 2, ..everything.clone() }), [20, 15]);
    let (from_ns, until_ns) = (1004, Some(1007));
    assert_eq!(past(&AlertHistoryFilter { from_ns, until_ns, ..everything.clone() }), [6, 5, 4]);
    assert_eq!(past(&AlertHistoryFilter { from_ns, until_ns, definition, ..everything }), [5]);
    // Pages go on behind the last one of the page before, also among alerts that were cancelled at one time.
    let same: Vec<Alert> = (21..=23).map(|number| cancelled(number, 1020)).collect();
    store.commit(&alerts(2, same)).unwrap();
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page =
            reader.past_alerts(&AlertHistoryFilter { after, limit: 2, ..AlertHistoryFilter::default() }).unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.cancelled_ns.unwrap(), last.id.clone()));
        paged.extend(opened(&page));
    }
    assert_eq!(paged, past(&AlertHistoryFilter::default()), "none twice, and none missed");
    assert_eq!(paged.len(), 23);
    assert_eq!(reader.alert(&all[3].id).unwrap().as_ref(), Some(&all[3]));
    assert_eq!(reader.alert(&alert(99).id).unwrap(), Some(alert(99)));
    assert_eq!(reader.alert("no such").unwrap(), None);
}

#[test]
fn badges_over_time_begin_with_the_one_that_held() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    let points: Vec<_> =
        [(10, 100), (20, 25), (30, 75), (40, 0)].map(|(time, score)| badge("production", time, score)).into();
    let mut badges = points.clone();
    badges.push(badge("test", 15, 50));
    store.commit(&commit(1, BookChanges { badges, ..BookChanges::default() })).unwrap();
    let reader = store.reader().unwrap();
    let history = |since_ns, most| reader.badges(BadgeOwner::Group, "production", since_ns, most).unwrap();
    assert_eq!(history(0, 0), points);
    assert_eq!(history(25, 0), points[1..]);
    assert_eq!(history(30, 0), points[2..]);
    assert_eq!(history(u64::MAX, 0), points[3..]);
    assert_eq!(history(0, 2), points[2..]);
    assert!(reader.badges(BadgeOwner::Object, "production", 0, 0).unwrap().is_empty());
}

/// Takes steps until there is nothing more; no step may be large.
fn retain(store: &mut Store, now_ns: u64, retention: &RetentionPolicy) -> RetentionStep {
    let mut sum = RetentionStep::default();
    for _ in 0..1000 {
        let one = store.retain(now_ns, retention).unwrap();
        assert!([one.alerts, one.badges, one.audit].into_iter().all(|went| went <= 1000), "{one:?}");
        sum.alerts += one.alerts;
        sum.audit += one.audit;
        sum.badges += one.badges;
        sum.dead_letters += one.dead_letters;
        sum.silences += one.silences;
        sum.pages += one.pages;
        sum.over_bytes = one.over_bytes;
        if !one.more {
            return sum;
        }
    }
    panic!("it never ends: {sum:?}");
}

#[test]
fn what_is_old_goes_and_what_is_open_or_waits_stays() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    for day in 1..=10 {
        let mut changes = changes(day);
        changes.silences = vec![silence(day, day * DAY_NS)];
        // Event times say nothing about age.
        changes.alerts.push(cancelled(day + 100, if day % 2 == 0 { u64::MAX } else { 1 }).into());
        store.commit(&commit(day * DAY_NS, changes)).unwrap();
    }
    let reader = store.reader().unwrap();
    let dead: Vec<_> = reader.pending("mail", 0, 10).unwrap().iter().map(|row| row.id).collect();
    for (day, id) in dead.iter().enumerate() {
        let change = OutboxChange::Dead { why: "404".to_owned() };
        let (now_ns, outbox) = ((day as u64 + 1) * DAY_NS, vec![OutboxUpdate { id: *id, change }]);
        store.commit(&Commit { now_ns, outbox, ..Commit::default() }).unwrap();
    }
    assert_eq!(
        retain(&mut store, 10 * DAY_NS, &RetentionPolicy::default()),
        RetentionStep::default(),
        "nothing is bounded"
    );
    let retention =
        RetentionPolicy { alerts_age_ms: 5 * DAY_MS, badges_age_ms: 2 * DAY_MS, ..RetentionPolicy::default() };
    let retained = retain(&mut store, 10 * DAY_NS, &retention);
    let expected = RetentionStep { alerts: 4, badges: 7, dead_letters: 4, silences: 4, ..RetentionStep::default() };
    assert_eq!(retained, expected);
    assert_eq!(reader.dead_letters(0, 100).unwrap().len(), 6);
    assert_eq!(reader.pending("pager", 0, 100).unwrap().len(), 10);
    let loaded = reader.load().unwrap().restored;
    let open = loaded.alerts.iter().filter(|alert| alert.cancelled_ns.is_none()).count();
    assert_eq!((open, loaded.alerts.len(), loaded.badges.len()), (10, 16, 1), "the badge as it is now stays");
    assert_eq!(reader.audit_verify(None).unwrap().entries, 10);
}

fn used_bytes(reader: &StoreReader) -> u64 {
    let connection = rusqlite::Connection::open(reader.path()).unwrap();
    let ask = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
    ((ask("page_count") - ask("freelist_count")) * ask("page_size")).cast_unsigned()
}

#[test]
fn too_large_a_store_loses_the_oldest_first_and_gives_room_back() {
    let folder = Folder::new();
    let mut store = Store::open(folder.path(), 0).unwrap();
    for round in 0..12_u64 {
        let numbers = round * 500..(round + 1) * 500;
        let changes = BookChanges {
            alerts: numbers
                .clone()
                .map(|number| if number < 100 { alert(number) } else { cancelled(number, 7) })
                .map(Into::into)
                .collect(),
            badges: numbers.clone().map(|number| badge("production", number, 25)).collect(),
            audit: numbers.map(audit).collect(),
            ..BookChanges::default()
        };
        store.commit(&commit(round + 1, changes)).unwrap();
    }
    let reader = store.reader().unwrap();
    let before = used_bytes(&reader);
    let size_bytes = before / 3;
    let retained = retain(&mut store, 100, &RetentionPolicy { size_bytes, ..RetentionPolicy::default() });
    assert!(used_bytes(&reader) <= size_bytes && retained.over_bytes == 0, "{retained:?}");
    assert!(retained.alerts > 500 && retained.badges > 500 && retained.audit > 500, "all share in it: {retained:?}");
    assert!(retained.pages > 0);
    let past = reader.past_alerts(&AlertHistoryFilter::default()).unwrap();
    let oldest = past.iter().map(|alert| alert.opened_ns).min().unwrap();
    assert!(past.len() as u64 == 6000 - oldest, "the latest ones are there, all of them");
    let audit = reader.audit_verify(None).unwrap();
    assert!(audit.anchor.is_some());
    // A size that what is open does not leave room for: everything else goes, and the step reports it.
    let retained = retain(&mut store, 100, &RetentionPolicy { size_bytes: 1, ..RetentionPolicy::default() });
    assert!(retained.over_bytes > 0);
    assert!(reader.past_alerts(&AlertHistoryFilter::default()).unwrap().is_empty());
    assert_eq!(reader.load().unwrap().restored.alerts, (0..100).map(|number| alert(number).into()).collect::<Vec<_>>());
    reader.audit_verify(None).unwrap();
    let file_bytes = || std::fs::metadata(folder.path()).unwrap().len();
    drop((reader, store));
    // Some free pages are kept.
    assert!(file_bytes() < before * 2 / 3, "{} of {before}", file_bytes());
}
