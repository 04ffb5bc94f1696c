//! Days of deliveries on a simulated clock: back-off, dead letters and repeats, without a sleep.
#![allow(clippy::unwrap_used)]

use std::sync::mpsc::{Receiver as Heard, Sender, channel};

use lifesigns_compliance::NoticeKind;
use lifesigns_model::{Clock as _, ManualClock};

use super::*;
use crate::{DeliveryError, DeliveryOutcome, DeliveryReport, MemoryOutbox, Message, Receiver, Retry, sample::notice};

/// The longest wait for another thread.
const DEADLINE: Duration = Duration::from_secs(20);
const HOUR_NS: u64 = 3_600_000_000_000;
const DAY_NS: u64 = 24 * HOUR_NS;
/// Monday, 2 March 2026.
const START_NS: u64 = 1_772_409_600_000_000_000;

/// A receiver that says at which time it was called, and fails until `well_from_ns`.
struct Down {
    clock: Arc<ManualClock>,
    well_from_ns: u64,
    keep_alive_ms: Option<u64>,
    called: Sender<(&'static str, u64)>,
}

impl Down {
    fn answer(&self, call: &'static str) -> Result<(), DeliveryError> {
        let now_ns = self.clock.now_ns();
        let _ = self.called.send((call, now_ns));
        if now_ns < self.well_from_ns { Err(DeliveryError::retryable("no route to host")) } else { Ok(()) }
    }
}

impl Receiver for Down {
    fn deliver(&mut self, _: &Message) -> Result<(), DeliveryError> {
        self.answer("deliver")
    }

    fn keep_alive_ms(&self) -> Option<u64> {
        self.keep_alive_ms
    }

    fn keep_alive(&mut self) -> Result<(), DeliveryError> {
        self.answer("keep alive")
    }
}

struct Simulation {
    clock: Arc<ManualClock>,
    outbox: MemoryOutbox,
    dispatcher: Dispatcher,
    settled: Heard<DeliveryReport>,
    called: Heard<(&'static str, u64)>,
}

impl Simulation {
    fn new(retry: Retry, well_from_ns: u64, keep_alive_ms: Option<u64>) -> Self {
        let (clock, outbox) = (Arc::new(ManualClock::new(START_NS)), MemoryOutbox::default());
        let (send, called) = channel();
        let receiver = Down { clock: Arc::clone(&clock), well_from_ns, keep_alive_ms, called: send };
        let endpoint = WorkerSpec {
            name: "r".into(),
            retry,
            receiver: Box::new(receiver),
            outbox: Box::new(outbox.clone()),
            anchoring: None,
            alerts: Box::new(()),
        };
        let (store, (report, settled)) = (outbox.clone(), channel());
        let settle: DeliverySink = Arc::new(move |settled: DeliveryReport| {
            store.apply_report(&settled);
            let _ = report.send(settled);
        });
        let shared: SharedClock = Arc::<ManualClock>::clone(&clock);
        let dispatcher = Dispatcher::start(vec![endpoint], &settle, &shared, 7).unwrap();
        Self { clock, outbox, dispatcher, settled, called }
    }

    fn outcome(&self) -> DeliveryOutcome {
        self.settled.recv_timeout(DEADLINE).unwrap().outcome
    }
}

#[test]
fn a_receiver_that_is_down_for_days_is_tried_ever_less_and_then_given_up() {
    let retry = Retry { attempts: 20, first_ms: 60_000, max_ms: 12 * 3_600_000 };
    let simulation = Simulation::new(retry, u64::MAX, None);
    let id = simulation.outbox.add(notice("a", NoticeKind::Opened));
    simulation.dispatcher.wake();
    let (mut tries, mut due_ns) = (Vec::new(), START_NS);
    let why = loop {
        let outcome = simulation.outcome();
        let (_, at_ns) = simulation.called.recv_timeout(DEADLINE).unwrap();
        assert!(at_ns >= due_ns, "it was tried {} ns too early", due_ns - at_ns);
        tries.push(at_ns);
        match outcome {
            DeliveryOutcome::Failed { attempts, next_ns, .. } => {
                assert_eq!(attempts as usize, tries.len());
                due_ns = next_ns.max(simulation.dispatcher.status()[0].next_try_ns.unwrap_or(0));
                // The worker looks at the clock, sees that nothing is due, and waits again.
                simulation.clock.set(due_ns - 1);
                simulation.clock.set(due_ns);
            }
            DeliveryOutcome::Dead { why } => break why,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(why, "given up after 20 tries: no route to host");
    assert_eq!(simulation.outbox.dead(), [(id, why)]);
    let days = (tries[19] - START_NS) as f64 / DAY_NS as f64;
    // Ten waits of at most twelve hours, and those that double up to there.
    assert!((3.0..6.0).contains(&days), "{days} days");
    let last_wait_ns = tries[19] - tries[18];
    assert!((6 * HOUR_NS..=12 * HOUR_NS).contains(&last_wait_ns), "{last_wait_ns}");
    assert!(simulation.dispatcher.stop(DEADLINE));
}

#[test]
fn what_waits_for_a_receiver_is_delivered_once_it_is_up_again_days_later() {
    let retry = Retry { attempts: 100, first_ms: 1000, max_ms: 3_600_000 };
    let simulation = Simulation::new(retry, START_NS + 3 * DAY_NS, None);
    simulation.outbox.add(notice("a", NoticeKind::Opened));
    simulation.dispatcher.wake();
    while let DeliveryOutcome::Failed { .. } = simulation.outcome() {
        let status = simulation.dispatcher.status().remove(0);
        assert_eq!(status.down_since_ns, Some(START_NS));
        simulation.clock.advance(HOUR_NS);
    }
    let status = simulation.dispatcher.status().remove(0);
    assert_eq!((status.delivered, status.down_since_ns), (1, None));
    assert!(status.last_success_ns.is_some_and(|at_ns| (3 * DAY_NS..4 * DAY_NS).contains(&(at_ns - START_NS))));
    assert!(simulation.outbox.waiting().is_empty());
    assert!(simulation.dispatcher.stop(DEADLINE));
}

#[test]
fn open_alerts_are_repeated_by_the_simulated_clock() {
    let simulation = Simulation::new(Retry::default(), 0, Some(6 * 3_600_000));
    for turn in 0..40 {
        let called = simulation.called.recv_timeout(DEADLINE).unwrap();
        assert_eq!(called, ("keep alive", START_NS + turn * 6 * HOUR_NS), "repeat {turn}");
        simulation.clock.advance(6 * HOUR_NS);
    }
    assert!(simulation.dispatcher.stop(DEADLINE));
}
