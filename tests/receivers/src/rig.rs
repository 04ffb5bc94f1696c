//! A dispatcher with one receiver and an outbox in memory.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
    thread,
    time::{Duration, Instant},
};

use lifesigns_compliance::Notice;
use lifesigns_model::SystemClock;
use lifesigns_notifications::{
    DeliveryOutcome, DeliveryReport, DeliveryStatus, Dispatcher, EgressPolicy, MemoryOutbox, OpenAlerts,
    OutboundConfig, ReceiverConfig, ReceiverKind, Retry, WorkerSpec,
    config::{ReceiverUrl, Webhook},
    receiver,
};

/// At the latest.
pub const DEADLINE: Duration = Duration::from_secs(30);
/// Long enough for something that must not happen to happen; nothing waits for it.
pub const QUIET: Duration = Duration::from_millis(150);

/// See the module.
pub struct Rig {
    dispatcher: Dispatcher,
    outbox: MemoryOutbox,
    settled: Receiver<DeliveryReport>,
}

impl Rig {
    /// A receiver at work.
    ///
    /// # Panics
    /// When it is not one.
    pub fn new(config: &ReceiverConfig, egress: &EgressPolicy) -> Self {
        Self::with(config, egress, Box::new(()))
    }

    /// One that is reminded of what is open.
    ///
    /// # Panics
    /// When it is not one.
    pub fn with(config: &ReceiverConfig, egress: &EgressPolicy, open: Box<dyn OpenAlerts>) -> Self {
        let outbox = MemoryOutbox::default();
        let (send, settled) = channel();
        let store = outbox.clone();
        let settle = move |settled: DeliveryReport| {
            store.apply_report(&settled);
            let _ = send.send(settled);
        };
        let clock = SystemClock::shared();
        let spec = WorkerSpec {
            anchoring: None,
            name: config.name.clone(),
            retry: config.retry,
            receiver: receiver(config, egress, open, &clock).expect("a receiver"),
            outbox: Box::new(outbox.clone()),
            alerts: Box::new(()),
        };
        let dispatcher = Dispatcher::start(vec![spec], &(Arc::new(settle) as _), &clock, 1).expect("a thread");
        Self { dispatcher, outbox, settled }
    }

    /// Has something to tell.
    pub fn tell(&self, notice: Notice) {
        self.tell_all([notice]);
    }

    /// Has several things to tell at once.
    pub fn tell_all(&self, notices: impl IntoIterator<Item = Notice>) {
        for notice in notices {
            self.outbox.add(notice);
        }
        self.dispatcher.wake();
    }

    /// What became of the next try.
    ///
    /// # Panics
    /// When nothing does in time.
    pub fn outcome(&self) -> DeliveryOutcome {
        self.settled.recv_timeout(DEADLINE).expect("an outcome").outcome
    }

    /// Why the next try failed; it will be tried again.
    ///
    /// # Panics
    /// When it did not fail, or is given up.
    pub fn failed(&self) -> String {
        match self.outcome() {
            DeliveryOutcome::Failed { why, .. } => why,
            other => panic!("{other:?}"),
        }
    }

    /// Why the next is given up.
    ///
    /// # Panics
    /// When it is not.
    pub fn dead(&self) -> String {
        match self.outcome() {
            DeliveryOutcome::Dead { why } => why,
            other => panic!("{other:?}"),
        }
    }

    /// The next try works.
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn delivered(&self) {
        assert_eq!(self.outcome(), DeliveryOutcome::Delivered);
    }

    /// How the receiver stands.
    ///
    /// # Panics
    /// Never: there is one.
    pub fn status(&self) -> DeliveryStatus {
        self.dispatcher.status().pop().expect("one receiver")
    }
}

/// A receiver that is tried again at once, up to ten times.
pub fn config(kind: ReceiverKind) -> ReceiverConfig {
    ReceiverConfig {
        name: "r".into(),
        kind,
        retry: Retry { attempts: 10, first_ms: 10, max_ms: 5000 },
        anchor_ms: None,
    }
}

/// A webhook that is nothing but its address.
///
/// # Panics
/// When `url` is none.
pub fn webhook(url: &str) -> Webhook {
    let url = ReceiverUrl::new(url).expect("a URL");
    Webhook { url, headers: Vec::new(), secret: None, template: None, timeout_ms: 10_000, ca: None }
}

/// A egress to this machine.
pub fn local() -> EgressPolicy {
    EgressPolicy::new(OutboundConfig { allow_private: true, allow: Vec::new() })
}

/// Returns when `is` is so.
///
/// # Panics
/// When it is not in time.
#[track_caller]
pub fn wait_until(what: &str, mut is: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}
