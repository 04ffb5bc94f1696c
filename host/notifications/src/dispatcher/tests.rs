//! Threads at work: no notice is delivered twice, no receiver waits for another, the end is prompt.
#![allow(clippy::unwrap_used)]

use std::sync::{
    atomic::{AtomicBool, AtomicUsize, Ordering},
    mpsc::{Receiver as Heard, Sender, channel},
};

use lifesigns_compliance::NoticeKind;
use lifesigns_model::SystemClock;

use super::*;
use crate::{
    AnchorSchedule, AuditHead, AuditLog, DeliveryError, DeliveryOutcome, DeliveryReport, MemoryOutbox, Message,
    OpenAlerts, Outbox, PendingNotice, Receiver, Retry, sample::notice,
};

/// The longest wait for anything.
const DEADLINE: Duration = Duration::from_secs(20);
/// Long enough for a thread that would do something wrong to do it; nothing waits for it.
const QUIET: Duration = Duration::from_millis(100);
const RETRY: Retry = Retry { attempts: 3, first_ms: 1, max_ms: 2 };

/// A receiver that calls a function.
struct Does<F>(F);

impl<F: FnMut(&Message) -> Result<(), DeliveryError> + Send> Receiver for Does<F> {
    fn deliver(&mut self, message: &Message) -> Result<(), DeliveryError> {
        (self.0)(message)
    }
}

fn spec(name: &str, outbox: &MemoryOutbox, receiver: impl Receiver + 'static) -> WorkerSpec {
    let (receiver, outbox) = (Box::new(receiver), Box::new(outbox.clone()));
    WorkerSpec { name: name.into(), retry: RETRY, receiver, outbox, anchoring: None, alerts: Box::new(()) }
}

/// Results, stored at once.
fn written(outbox: &MemoryOutbox) -> (DeliverySink, Heard<DeliveryReport>) {
    let (send, heard) = channel();
    let outbox = outbox.clone();
    let settle = move |settled: DeliveryReport| {
        outbox.apply_report(&settled);
        let _ = send.send(settled);
    };
    (Arc::new(settle), heard)
}

/// Results that are not stored.
fn unwritten() -> (DeliverySink, Heard<DeliveryReport>) {
    let (send, heard) = channel();
    (Arc::new(move |settled| drop(send.send(settled))), heard)
}

fn tells(to: Sender<String>) -> Does<impl FnMut(&Message) -> Result<(), DeliveryError> + Send> {
    Does(move |message: &Message| {
        let _ = to.send(message.key.clone());
        Ok(())
    })
}

#[test]
fn what_is_added_later_is_told_after_a_nudge() {
    let outbox = MemoryOutbox::default();
    let (settle, settled) = written(&outbox);
    let (to, delivered) = channel();
    let dispatcher =
        Dispatcher::start(vec![spec("r", &outbox, tells(to))], &settle, &SystemClock::shared(), 1).unwrap();
    for name in ["a", "b", "c"] {
        let id = outbox.add(notice(name, NoticeKind::Opened));
        dispatcher.wake();
        assert_eq!(delivered.recv_timeout(DEADLINE).unwrap(), format!("key-{name}-Opened"));
        let outcome = settled.recv_timeout(DEADLINE).unwrap();
        assert_eq!(
            outcome,
            DeliveryReport { receiver: "r".into(), id, outcome: DeliveryOutcome::Delivered, pause: None }
        );
    }
    let status = dispatcher.status().remove(0);
    assert_eq!((status.receiver.as_str(), status.delivered, status.dead), ("r", 3, 0));
    assert!(dispatcher.stop(DEADLINE));
    assert!(outbox.waiting().is_empty());
}

#[test]
fn an_outcome_on_its_way_is_not_told_again() {
    let outbox = MemoryOutbox::default();
    let (settle, settled) = unwritten();
    let (to, delivered) = channel();
    outbox.add(notice("a", NoticeKind::Opened));
    let dispatcher =
        Dispatcher::start(vec![spec("r", &outbox, tells(to))], &settle, &SystemClock::shared(), 1).unwrap();
    settled.recv_timeout(DEADLINE).unwrap();
    dispatcher.wake();
    dispatcher.reread();
    // The next one comes after it would have come.
    outbox.add(notice("b", NoticeKind::Opened));
    dispatcher.wake();
    let all = [delivered.recv_timeout(DEADLINE).unwrap(), delivered.recv_timeout(DEADLINE).unwrap()];
    assert_eq!(all, ["key-a-Opened", "key-b-Opened"]);
    assert!(dispatcher.stop(DEADLINE));
    assert!(delivered.try_recv().is_err());
    assert_eq!(outbox.waiting().len(), 2);
}

#[test]
fn what_was_not_written_down_is_told_again_by_the_next_under_the_same_key() {
    let outbox = MemoryOutbox::default();
    let (to, delivered) = channel();
    outbox.add(notice("a", NoticeKind::Opened));
    for _ in 0..2 {
        let (settle, settled) = unwritten();
        let dispatcher =
            Dispatcher::start(vec![spec("r", &outbox, tells(to.clone()))], &settle, &SystemClock::shared(), 1).unwrap();
        assert_eq!(settled.recv_timeout(DEADLINE).unwrap().outcome, DeliveryOutcome::Delivered);
        assert_eq!(delivered.recv_timeout(DEADLINE).unwrap(), "key-a-Opened");
        assert!(dispatcher.stop(DEADLINE));
    }
}

#[test]
fn a_dead_letter_is_told_again_when_a_person_says_so() {
    let outbox = MemoryOutbox::default();
    let (settle, settled) = written(&outbox);
    let well = Arc::new(AtomicBool::new(false));
    let is_well = Arc::clone(&well);
    let receiver = Does(move |_: &Message| match is_well.load(Ordering::SeqCst) {
        true => Ok(()),
        false => Err(DeliveryError::retryable("no")),
    });
    let id = outbox.add(notice("a", NoticeKind::Opened));
    let dispatcher = Dispatcher::start(vec![spec("r", &outbox, receiver)], &settle, &SystemClock::shared(), 1).unwrap();
    let outcomes: Vec<_> = (0..3).map(|_| settled.recv_timeout(DEADLINE).unwrap().outcome).collect();
    assert!(matches!(outcomes[0], DeliveryOutcome::Failed { attempts: 1, .. }), "{outcomes:?}");
    assert!(matches!(outcomes[1], DeliveryOutcome::Failed { attempts: 2, .. }), "{outcomes:?}");
    assert_eq!(outcomes[2], DeliveryOutcome::Dead { why: "given up after 3 tries: no".into() });
    assert_eq!(outbox.dead(), [(id, "given up after 3 tries: no".to_owned())]);
    well.store(true, Ordering::SeqCst);
    assert_eq!(outbox.revive(), 1);
    dispatcher.reread();
    assert_eq!(settled.recv_timeout(DEADLINE).unwrap().outcome, DeliveryOutcome::Delivered);
    let status = dispatcher.status().remove(0);
    assert_eq!((status.delivered, status.failed, status.dead), (1, 2, 1));
    assert!(status.last_error.is_some_and(|(_, why)| why == "no"));
}

#[test]
fn a_slow_receiver_delays_nobody_and_stop_does_not_wait_for_it() {
    let slow_box = MemoryOutbox::default();
    let quick_box = MemoryOutbox::default();
    let (enter, entered) = channel();
    let (leave, left) = channel::<()>();
    let slow = Does(move |_: &Message| {
        let _ = enter.send(());
        let _ = left.recv_timeout(DEADLINE);
        Ok(())
    });
    let (to, delivered) = channel();
    let (settle, settled) = unwritten();
    slow_box.add(notice("a", NoticeKind::Opened));
    let specs = vec![spec("r", &slow_box, slow), spec("r", &quick_box, tells(to))];
    let dispatcher = Dispatcher::start(specs, &settle, &SystemClock::shared(), 1).unwrap();
    entered.recv_timeout(DEADLINE).unwrap();
    for number in 0..100 {
        quick_box.add(notice(&number.to_string(), NoticeKind::Opened));
        dispatcher.wake();
        delivered.recv_timeout(DEADLINE).unwrap();
    }
    assert!(!dispatcher.stop(QUIET), "the slow one is still at it");
    leave.send(()).unwrap();
    // It still reports the result of its notice: 100 of the other, and this one.
    for _ in 0..101 {
        assert_eq!(settled.recv_timeout(DEADLINE).unwrap().outcome, DeliveryOutcome::Delivered);
    }
}

#[test]
fn stop_waits_for_what_is_under_way_and_begins_nothing() {
    let outbox = MemoryOutbox::default();
    let (settle, settled) = written(&outbox);
    let (enter, entered) = channel();
    let (leave, left) = channel::<()>();
    let receiver = Does(move |_: &Message| {
        let _ = enter.send(());
        left.recv_timeout(DEADLINE).map_err(DeliveryError::retryable)
    });
    outbox.add(notice("a", NoticeKind::Opened));
    outbox.add(notice("b", NoticeKind::Opened));
    let dispatcher = Dispatcher::start(vec![spec("r", &outbox, receiver)], &settle, &SystemClock::shared(), 1).unwrap();
    entered.recv_timeout(DEADLINE).unwrap();
    let stopped = std::thread::scope(|scope| {
        let stopped = scope.spawn(|| dispatcher.stop(DEADLINE));
        while !stopped.is_finished() && settled.recv_timeout(QUIET).is_err() {
            let _ = leave.send(());
        }
        stopped.join().unwrap()
    });
    assert!(stopped);
    // At most one more was begun before the stop was noticed.
    assert!(outbox.waiting().len() <= 1 && entered.try_iter().count() <= 1);
}

#[test]
fn a_panic_is_a_failure() {
    let outbox = MemoryOutbox::default();
    let (settle, settled) = written(&outbox);
    let tries = AtomicUsize::new(0);
    let receiver = Does(move |_: &Message| {
        assert!(tries.fetch_add(1, Ordering::SeqCst) > 0, "not yet");
        Ok(())
    });
    outbox.add(notice("a", NoticeKind::Opened));
    let dispatcher = Dispatcher::start(vec![spec("r", &outbox, receiver)], &settle, &SystemClock::shared(), 1).unwrap();
    let first = settled.recv_timeout(DEADLINE).unwrap().outcome;
    assert!(matches!(&first, DeliveryOutcome::Failed { why, .. } if why.contains("it panicked: not yet")), "{first:?}");
    assert_eq!(settled.recv_timeout(DEADLINE).unwrap().outcome, DeliveryOutcome::Delivered);
    drop(dispatcher);
}

/// Cannot be read the first time.
struct Sick(MemoryOutbox, bool);

impl Outbox for Sick {
    fn pending(&mut self, receiver: &str, after: u64, limit: usize) -> Result<Vec<PendingNotice>, String> {
        if std::mem::replace(&mut self.1, false) {
            return Err("disk I/O error".into());
        }
        self.0.pending(receiver, after, limit)
    }
}

#[test]
fn an_outbox_that_cannot_be_read_is_read_later_by_itself() {
    let outbox = MemoryOutbox::default();
    outbox.add(notice("a", NoticeKind::Opened));
    let (settle, settled) = written(&outbox);
    let (to, _told) = channel();
    let mut spec = spec("r", &outbox, tells(to));
    spec.outbox = Box::new(Sick(outbox, true));
    let dispatcher = Dispatcher::start(vec![spec], &settle, &SystemClock::shared(), 1).unwrap();
    assert_eq!(settled.recv_timeout(DEADLINE).unwrap().outcome, DeliveryOutcome::Delivered);
    let why = dispatcher.status().remove(0).last_error.unwrap().1;
    assert_eq!(why, "the outbox cannot be read: disk I/O error");
}

/// Counts its keep-alives; the first one fails.
struct Reminds(Sender<usize>, usize, DeliveryError);

impl Receiver for Reminds {
    fn deliver(&mut self, _: &Message) -> Result<(), DeliveryError> {
        Ok(())
    }

    fn keep_alive_ms(&self) -> Option<u64> {
        Some(5)
    }

    fn keep_alive(&mut self) -> Result<(), DeliveryError> {
        self.1 += 1;
        let _ = self.0.send(self.1);
        if self.1 == 1 { Err(self.2.clone()) } else { Ok(()) }
    }
}

#[test]
fn what_is_still_so_is_said_again_and_again() {
    for failure in [DeliveryError::retryable("not yet"), DeliveryError::permanent("not so")] {
        let outbox = MemoryOutbox::default();
        let (settle, _settled) = unwritten();
        let (to, delivered) = channel();
        let reminds = Reminds(to, 0, failure.clone());
        let dispatcher =
            Dispatcher::start(vec![spec("r", &outbox, reminds)], &settle, &SystemClock::shared(), 1).unwrap();
        for number in 1..=4 {
            assert_eq!(delivered.recv_timeout(DEADLINE).unwrap(), number);
        }
        let status = dispatcher.status().remove(0);
        assert_eq!(status.down_since_ns, None);
        assert_eq!(status.last_error.unwrap().1, failure.why);
        assert!(dispatcher.stop(DEADLINE));
    }
}

/// Withholds what opens.
struct Quiet;

impl OpenAlerts for Quiet {
    fn open(&self, _: &str) -> Vec<lifesigns_compliance::Alert> {
        Vec::new()
    }

    fn withholds(&self, notice: &lifesigns_compliance::Notice) -> bool {
        notice.happened == NoticeKind::Opened
    }
}

#[test]
fn what_is_silenced_by_the_time_it_goes_out_does_not_and_is_settled() {
    let outbox = MemoryOutbox::default();
    let (settle, settled) = written(&outbox);
    let (to, delivered) = channel();
    outbox.add(notice("a", NoticeKind::Opened));
    outbox.add(notice("b", NoticeKind::Resolved));
    let specs = vec![WorkerSpec { alerts: Box::new(Quiet), ..spec("r", &outbox, tells(to)) }];
    let dispatcher = Dispatcher::start(specs, &settle, &SystemClock::shared(), 1).unwrap();
    assert_eq!(delivered.recv_timeout(DEADLINE).unwrap(), "key-b-Resolved");
    let outcomes = [settled.recv_timeout(DEADLINE).unwrap(), settled.recv_timeout(DEADLINE).unwrap()];
    assert!(outcomes.iter().any(|one| matches!(&one.outcome, DeliveryOutcome::Withheld(about) if about.alert == "a")));
    assert!(dispatcher.stop(DEADLINE));
    assert!(delivered.try_recv().is_err() && outbox.waiting().is_empty());
}

/// A log whose head grows by one each time it is read.
struct Grows(u64);

impl AuditLog for Grows {
    fn head(&mut self) -> Result<AuditHead, String> {
        self.0 += 1;
        Ok(AuditHead { number: self.0, hash: "00".repeat(32), time_ns: 1 })
    }
}

/// A receiver that is down for its first two heads.
struct Keeps(u32, Sender<u64>);

impl Receiver for Keeps {
    fn deliver(&mut self, _: &Message) -> Result<(), DeliveryError> {
        Ok(())
    }

    fn anchor(&mut self, head: &AuditHead) -> Result<(), DeliveryError> {
        self.0 += 1;
        if self.0 <= 2 {
            return Err(DeliveryError::retryable("down"));
        }
        self.1.send(head.number).map_err(DeliveryError::retryable)
    }
}

#[test]
fn a_head_that_does_not_arrive_is_tried_again_and_one_that_does_is_not() {
    let outbox = MemoryOutbox::default();
    let (to, heads) = channel();
    let anchoring = || Some(AnchorSchedule { every_ms: 3_600_000, log: Box::new(Grows(0)) });
    let keeps = WorkerSpec { anchoring: anchoring(), ..spec("keeps", &outbox, Keeps(0, to)) };
    let (delivered, _told) = channel();
    let takes_none =
        WorkerSpec { anchoring: anchoring(), ..spec("takes-none", &MemoryOutbox::default(), tells(delivered)) };
    let dispatcher = Dispatcher::start(vec![keeps, takes_none], &unwritten().0, &SystemClock::shared(), 1).unwrap();
    assert_eq!(heads.recv_timeout(DEADLINE), Ok(3));
    let until = Instant::now() + DEADLINE;
    let settled = |status: &[DeliveryStatus]| status[0].anchored.is_some() && status[1].last_error.is_some();
    while !settled(&dispatcher.status()) {
        assert!(Instant::now() < until, "{:?}", dispatcher.status());
        std::thread::yield_now();
    }
    let status = dispatcher.status();
    assert_eq!(status[0].anchored.map(|(number, _)| number), Some(3));
    assert_eq!(status[1].anchored, None, "who takes none says so");
    assert!(heads.recv_timeout(QUIET).is_err(), "the next is due in an hour");
    assert!(dispatcher.stop(DEADLINE));
}

/// A receiver that takes alerts and no head, though it may later.
struct Refuses(Sender<String>);

impl Receiver for Refuses {
    fn deliver(&mut self, message: &Message) -> Result<(), DeliveryError> {
        self.0.send(message.key.clone()).map_err(DeliveryError::retryable)
    }

    fn anchor(&mut self, _: &AuditHead) -> Result<(), DeliveryError> {
        Err(DeliveryError::retryable("not now"))
    }
}

#[test]
fn a_head_that_is_never_taken_holds_up_no_alert() {
    let outbox = MemoryOutbox::default();
    let (to, keys) = channel();
    let anchoring = Some(AnchorSchedule { every_ms: 3_600_000, log: Box::new(Grows(0)) });
    let spec = WorkerSpec { anchoring, ..spec("r", &outbox, Refuses(to)) };
    let dispatcher = Dispatcher::start(vec![spec], &written(&outbox).0, &SystemClock::shared(), 1).unwrap();
    for id in ["a", "b", "c"] {
        outbox.add(notice(id, NoticeKind::Opened));
        dispatcher.wake();
        assert!(keys.recv_timeout(DEADLINE).is_ok(), "{:?}", dispatcher.status());
    }
    assert!(dispatcher.stop(DEADLINE));
}
