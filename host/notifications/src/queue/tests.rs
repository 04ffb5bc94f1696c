//! Bundles, retries, dead letters and the circuit, on a clock of the test's own.

use lifesigns_compliance::{NoticeKind, config::Grouping};

use super::*;
use crate::sample::notice;

const RETRY: Retry = Retry { attempts: 4, first_ms: 1000, max_ms: 8000 };
const SECOND: u64 = 1_000_000_000;

fn queue() -> DeliveryQueue {
    DeliveryQueue::new("r", RETRY, 7, false)
}

fn row(id: u64, alert: &str, happened: NoticeKind) -> PendingNotice {
    PendingNotice { id, notice: notice(alert, happened), attempts: 0, not_before_ns: 0 }
}

/// A row of a bundle that waits one second for company, and ten between messages.
fn bundled(id: u64, alert: &str, happened: NoticeKind, object: &str) -> PendingNotice {
    let mut row = row(id, alert, happened);
    row.notice.time_ns = u64::MAX;
    row.notice.bundle = BTreeMap::from([("object".to_owned(), object.to_owned())]);
    row.notice.grouping = Grouping { by: vec!["object".into()], wait_ms: 1000, interval_ms: 10_000, repeat_ms: 0 };
    row
}

fn deliver(queue: &mut DeliveryQueue, now_ns: u64) -> DeliveryBatch {
    match queue.next(now_ns) {
        Next::Deliver(batch) => *batch,
        other => panic!("{other:?} at {now_ns}"),
    }
}

fn waits(queue: &mut DeliveryQueue, now_ns: u64) -> u64 {
    match queue.next(now_ns) {
        Next::Wait(until_ns) => until_ns,
        other => panic!("{other:?} at {now_ns}"),
    }
}

fn ids(batch: &DeliveryBatch) -> Vec<u64> {
    batch.ids.clone()
}

#[test]
fn ungrouped_notices_are_messages_of_their_own_and_keep_their_keys() {
    let mut queue = queue();
    queue.push(row(1, "a", NoticeKind::Opened), SECOND);
    queue.push(row(1, "a", NoticeKind::Opened), SECOND);
    queue.push(row(2, "b", NoticeKind::Opened), SECOND);
    assert_eq!(queue.len(), 2);
    let first = deliver(&mut queue, SECOND);
    assert_eq!((ids(&first), first.message.key.as_str()), (vec![1], "key-a-Opened"));
    assert_eq!(queue.delivered(first, SECOND), [(1, DeliveryOutcome::Delivered)]);
    let second = deliver(&mut queue, SECOND);
    assert_eq!(queue.delivered(second, SECOND), [(2, DeliveryOutcome::Delivered)]);
    assert!(matches!(queue.next(SECOND), Next::Idle));
    assert_eq!((queue.len(), queue.bytes), (0, 0));
}

#[test]
fn an_ungrouped_alert_that_is_over_waits_for_no_interval() {
    let mut queue = queue();
    let mut over = row(2, "a", NoticeKind::Resolved);
    over.notice.grouping.interval_ms = 60_000;
    let mut opened = row(1, "a", NoticeKind::Opened);
    opened.notice.grouping.interval_ms = 60_000;
    queue.push(opened, SECOND);
    let first = deliver(&mut queue, SECOND);
    queue.delivered(first, SECOND);
    queue.push(over, SECOND + 1);
    assert_eq!(ids(&deliver(&mut queue, SECOND + 1)), [2]);
}

#[test]
fn a_bundle_waits_for_company_and_then_keeps_its_distance() {
    let mut queue = queue();
    queue.push(bundled(1, "a", NoticeKind::Opened, "vm-1"), 5 * SECOND);
    queue.push(bundled(2, "b", NoticeKind::Opened, "vm-1"), 5 * SECOND + 1);
    queue.push(bundled(3, "c", NoticeKind::Opened, "vm-2"), 5 * SECOND + 2);
    assert_eq!(waits(&mut queue, 5 * SECOND + 2), 6 * SECOND);
    let batch = deliver(&mut queue, 6 * SECOND);
    assert_eq!((ids(&batch), batch.message.notices.len()), (vec![1, 2], 2));
    assert_eq!(batch.message.key.len(), 32);
    queue.delivered(batch, 7 * SECOND);
    let other = deliver(&mut queue, 7 * SECOND);
    assert_eq!(ids(&other), [3]);
    queue.delivered(other, 7 * SECOND);
    queue.push(bundled(4, "a", NoticeKind::Changed, "vm-1"), 8 * SECOND);
    assert_eq!(waits(&mut queue, 10 * SECOND), 17 * SECOND);
    assert_eq!(ids(&deliver(&mut queue, 17 * SECOND)), [4]);
}

#[test]
fn what_has_waited_before_does_not_wait_again() {
    let mut queue = queue();
    let mut old = bundled(1, "a", NoticeKind::Opened, "vm-1");
    old.notice.time_ns = SECOND;
    queue.push(old, 100 * SECOND);
    assert_eq!(ids(&deliver(&mut queue, 100 * SECOND)), [1]);
}

#[test]
fn the_last_word_about_an_alert_stands_for_all() {
    let mut queue = queue();
    for (id, alert, happened) in [
        (1, "a", NoticeKind::Opened),
        (2, "b", NoticeKind::Opened),
        (3, "a", NoticeKind::Changed),
        (4, "a", NoticeKind::Resolved),
    ] {
        queue.push(bundled(id, alert, happened, "vm-1"), SECOND);
    }
    let batch = deliver(&mut queue, 10 * SECOND);
    let sent: Vec<_> = batch.message.notices.iter().map(|one| (one.alert.id.as_str(), one.happened)).collect();
    assert_eq!(sent, [("b", NoticeKind::Opened), ("a", NoticeKind::Resolved)]);
    let settled: Vec<_> = queue.delivered(batch, 10 * SECOND).into_iter().map(|(id, _)| id).collect();
    assert_eq!(settled, [1, 2, 3, 4]);
}

#[test]
fn who_wants_each_gets_each_in_order() {
    let mut queue = DeliveryQueue::new("r", RETRY, 7, true);
    for id in 1..=300 {
        queue.push(bundled(id, "a", NoticeKind::Changed, &format!("vm-{id}")), SECOND);
    }
    let first = deliver(&mut queue, SECOND);
    assert_eq!(first.message.notices.len(), MAX_NOTICES);
    assert_eq!(ids(&first), (1..=256).collect::<Vec<_>>());
    queue.delivered(first, SECOND);
    assert_eq!(ids(&deliver(&mut queue, SECOND)), (257..=300).collect::<Vec<_>>());
}

#[test]
fn a_bundle_too_large_for_one_message_goes_in_several_at_once() {
    let mut queue = queue();
    for id in 1..=300 {
        queue.push(bundled(id, &format!("a{id}"), NoticeKind::Opened, "vm-1"), SECOND);
    }
    // It is full, and so does not wait for more.
    let first = deliver(&mut queue, SECOND);
    assert_eq!(ids(&first).len(), MAX_NOTICES);
    queue.delivered(first, SECOND);
    let until = waits(&mut queue, SECOND);
    assert_eq!(until, 2 * SECOND, "the rest waits for company, not for the interval");
    assert_eq!(ids(&deliver(&mut queue, until)).len(), 300 - MAX_NOTICES);
}

#[test]
fn a_failure_is_tried_again_later_as_the_same_message() {
    let mut queue = queue();
    queue.push(bundled(1, "a", NoticeKind::Opened, "vm-1"), SECOND);
    let batch = deliver(&mut queue, 2 * SECOND);
    let message = batch.message.clone();
    let failed = queue.failed(batch, &DeliveryError::retryable("no"), 2 * SECOND);
    let [(1, DeliveryOutcome::Failed { attempts: 1, next_ns, why })] = &failed[..] else { panic!("{failed:?}") };
    assert_eq!(why, "no");
    assert!((2 * SECOND + SECOND / 2..=3 * SECOND).contains(next_ns), "{next_ns}");
    // What comes meanwhile does not change it.
    queue.push(bundled(2, "a", NoticeKind::Resolved, "vm-1"), 2 * SECOND);
    let until = waits(&mut queue, 2 * SECOND);
    assert!(until >= *next_ns);
    let again = deliver(&mut queue, until);
    assert_eq!(again.message, message);
    queue.delivered(again, until);
    assert_eq!(ids(&deliver(&mut queue, until + 10 * SECOND)), [2]);
}

#[test]
fn it_is_given_up_in_the_end_and_refusals_at_once() {
    let mut queue = queue();
    queue.push(row(1, "a", NoticeKind::Opened), 0);
    let mut now_ns = 0;
    for attempts in 1..=4 {
        let batch = deliver(&mut queue, now_ns);
        let outcomes = queue.failed(batch, &DeliveryError::retryable("no"), now_ns);
        match &outcomes[..] {
            [(1, DeliveryOutcome::Failed { attempts: tries, .. })] if attempts < 4 => assert_eq!(*tries, attempts),
            [(1, DeliveryOutcome::Dead { why })] if attempts == 4 => assert_eq!(why, "given up after 4 tries: no"),
            other => panic!("{other:?}"),
        }
        now_ns += 100 * SECOND;
    }
    assert_eq!(queue.len(), 0);
    queue.push(row(2, "b", NoticeKind::Opened), now_ns);
    let batch = deliver(&mut queue, now_ns);
    let outcomes = queue.failed(batch, &DeliveryError::permanent("never"), now_ns);
    assert_eq!(outcomes, [(2, DeliveryOutcome::Dead { why: "never".into() })]);
    assert_eq!(queue.down(), None, "who refuses is there");
}

#[test]
fn attempts_of_an_earlier_life_count() {
    let mut queue = queue();
    let old = PendingNotice { attempts: 3, not_before_ns: 5 * SECOND, ..row(1, "a", NoticeKind::Opened) };
    queue.push(old, SECOND);
    assert_eq!(waits(&mut queue, SECOND), 5 * SECOND);
    let batch = deliver(&mut queue, 5 * SECOND);
    assert!(matches!(
        queue.failed(batch, &DeliveryError::retryable("no"), 5 * SECOND)[..],
        [(1, DeliveryOutcome::Dead { .. })]
    ));
}

#[test]
fn while_it_is_down_one_at_a_time_is_tried_each_in_its_turn() {
    let mut queue = DeliveryQueue::new("r", Retry { attempts: 1000, ..RETRY }, 7, false);
    for (id, alert) in [(1, "a"), (2, "b"), (3, "c")] {
        queue.push(row(id, alert, NoticeKind::Opened), SECOND);
    }
    let mut now_ns = SECOND;
    let mut tried = Vec::new();
    for _ in 0..9 {
        let batch = deliver(&mut queue, now_ns);
        tried.extend(ids(&batch));
        queue.failed(batch, &DeliveryError::retryable("no"), now_ns);
        assert!(queue.down().is_some_and(|(since_ns, next_ns)| since_ns == SECOND && next_ns > now_ns));
        let until = waits(&mut queue, now_ns);
        assert!(until > now_ns, "nothing else is tried meanwhile");
        // Late enough for all of them to be due.
        now_ns = until + 8 * SECOND;
    }
    assert_eq!(tried, [1, 2, 3, 1, 2, 3, 1, 2, 3]);
    // It is back: those that are due go out one after the other.
    for _ in 0..3 {
        let batch = deliver(&mut queue, now_ns);
        queue.delivered(batch, now_ns);
    }
    assert_eq!((queue.down(), queue.len()), (None, 0));
}

#[test]
fn who_asks_for_time_is_left_alone() {
    let mut queue = queue();
    queue.push(row(1, "a", NoticeKind::Opened), SECOND);
    queue.push(row(2, "b", NoticeKind::Opened), SECOND);
    let batch = deliver(&mut queue, SECOND);
    let busy = DeliveryError { after_ms: Some(6000), ..DeliveryError::retryable("busy") };
    queue.failed(batch, &busy, SECOND);
    assert_eq!(waits(&mut queue, SECOND), 7 * SECOND);
    assert_eq!(waits(&mut queue, 7 * SECOND - 1), 7 * SECOND);
    assert_eq!(ids(&deliver(&mut queue, 7 * SECOND)), [2]);
}

#[test]
fn memory_is_bounded() {
    let mut queue = queue();
    let mut id = 0;
    while queue.room() > 0 {
        id += 1;
        queue.push(row(id, &format!("a{id}"), NoticeKind::Opened), 0);
    }
    assert_eq!(id as usize, ROWS);
    let mut queue = super::DeliveryQueue::new("r", RETRY, 7, false);
    let mut large = row(1, "a", NoticeKind::Opened);
    large.notice.alert.shown.first[0].text = "x".repeat(BYTES).into();
    queue.push(large, 0);
    assert_eq!(queue.room(), 0);
    let batch = deliver(&mut queue, SECOND);
    queue.delivered(batch, SECOND);
    assert_eq!(queue.room(), ROWS);
    for number in 0..PAUSES + 10 {
        queue.pause((BTreeMap::new(), Some(number.to_string())), u64::MAX, 0);
    }
    assert_eq!(queue.pauses.len(), PAUSES);
}

#[test]
fn what_is_withheld_leaves_the_message_with_all_that_it_stood_for() {
    let mut queue = queue();
    for (id, alert, happened) in [
        (1, "a", NoticeKind::Opened),
        (2, "b", NoticeKind::Opened),
        (3, "a", NoticeKind::Changed),
        (4, "b", NoticeKind::Resolved),
    ] {
        queue.push(bundled(id, alert, happened, "vm"), SECOND);
    }
    let mut batch = deliver(&mut queue, 2 * SECOND);
    let whole = batch.message.key.clone();
    assert!(queue.withhold(&mut batch, |_| false).is_empty());
    assert_eq!(batch.message.key, whole);
    let outcomes = queue.withhold(&mut batch, |notice| notice.happened != NoticeKind::Resolved);
    let withheld = |id, outcome: &DeliveryOutcome| match outcome {
        DeliveryOutcome::Withheld(about) => (id, about.alert.clone()),
        other => panic!("{other:?}"),
    };
    let withheld: Vec<_> = outcomes.iter().map(|(id, outcome)| withheld(*id, outcome)).collect();
    assert_eq!(withheld, [(1, "a".to_owned()), (3, "a".to_owned())]);
    assert_eq!((ids(&batch), batch.message.key.as_str()), (vec![2, 4], "key-b-Resolved"));
    queue.delivered(batch, 2 * SECOND);
    assert_eq!((queue.len(), queue.bytes), (0, 0));

    queue.push(row(5, "c", NoticeKind::Opened), 30 * SECOND);
    let batch = deliver(&mut queue, 30 * SECOND);
    queue.failed(batch, &DeliveryError::retryable("down"), 30 * SECOND);
    let mut again = deliver(&mut queue, 40 * SECOND);
    assert_eq!(queue.withhold(&mut again, |_| true).len(), 1, "also what was tried before");
    assert!(again.is_empty());
    assert_eq!((queue.len(), queue.bytes), (0, 0));
}

#[test]
fn where_each_goes_by_itself_only_that_one_is_withheld() {
    let mut queue = DeliveryQueue::new("r", RETRY, 7, true);
    for (id, happened, revision) in [(1, NoticeKind::Opened, 1), (2, NoticeKind::Resolved, 2)] {
        let mut row = row(id, "a", happened);
        row.notice.alert.revision = revision;
        queue.push(row, SECOND);
    }
    let mut batch = deliver(&mut queue, SECOND);
    let outcomes = queue.withhold(&mut batch, |notice| notice.happened == NoticeKind::Opened);
    assert_eq!(outcomes.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [1]);
    assert_eq!(ids(&batch), [2]);
}

#[test]
fn a_clock_that_is_set_back_holds_nothing_up() {
    const YEAR: u64 = 365 * 24 * 3600 * SECOND;
    let mut queue = queue();
    let ahead_ns = 2 * YEAR;
    queue.push(row(1, "a", NoticeKind::Opened), ahead_ns);
    queue.push(bundled(2, "b", NoticeKind::Opened, "vm-1"), ahead_ns);
    let first = deliver(&mut queue, ahead_ns);
    queue.failed(first, &DeliveryError::retryable("it is down"), ahead_ns);
    queue.set_back(YEAR);
    let until_ns = waits(&mut queue, YEAR);
    assert!(until_ns <= YEAR + 8 * SECOND, "{} s too late", (until_ns - YEAR) / SECOND);
    // Nor does a pause that an earlier run stored.
    let mut tried = row(3, "c", NoticeKind::Opened);
    (tried.attempts, tried.not_before_ns) = (1, ahead_ns);
    let mut queue = self::queue();
    queue.push(tried, YEAR);
    assert_eq!(waits(&mut queue, YEAR), YEAR + 8 * SECOND);
    assert_eq!(ids(&deliver(&mut queue, YEAR + 8 * SECOND)), [3]);
    let bundle = BTreeMap::from([("object".to_owned(), "vm-1".to_owned())]);
    queue.wait(BundlePause { bundle, until_ns: ahead_ns });
    queue.push(bundled(4, "d", NoticeKind::Opened, "vm-1"), YEAR);
    assert_eq!(waits(&mut queue, YEAR), YEAR + 10 * SECOND, "an interval, and not a year");
}
