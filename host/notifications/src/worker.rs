//! The thread of one receiver: reads its notices, delivers them and reports the results.

use std::{
    any::Any,
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use lifesigns_model::{Backoff, NS_PER_MS, NS_PER_S, SharedClock, WakeSignal, Wakeup};
use parking_lot::Mutex;

use crate::{
    message::{DeliveryError, failure_text},
    outbox::{BundlePause, DeliveryOutcome, DeliveryReport},
    queue::{DeliveryBatch, DeliveryQueue, Next},
    status::DeliveryStatus,
    worker_spec::{DeliverySink, WorkerSpec},
};

/// How many notices are read from the outbox at once.
const PAGE: usize = 256;
/// The wait after the outbox could not be read, in nanoseconds.
const UNREADABLE: u64 = NS_PER_S;
/// The most delivered notices that are remembered because the store may not have recorded them yet.
const DELIVERED: usize = 65_536;

/// What a worker and its dispatcher share.
#[derive(Clone, Debug, Default)]
pub(crate) struct WorkerLink {
    /// Wakes the worker, because there are new notices or the clock was set, and stops it.
    pub(crate) signal: WakeSignal,
    /// The outbox must be read from the start.
    pub(crate) reread: Arc<AtomicBool>,
    /// Stopped when the worker ends.
    pub(crate) ended: WakeSignal,
    pub(crate) status: Arc<Mutex<DeliveryStatus>>,
}

/// See the module. Its end is signalled when it is dropped.
pub(crate) struct DeliveryWorker {
    spec: WorkerSpec,
    queue: DeliveryQueue,
    link: WorkerLink,
    settle: DeliverySink,
    clock: SharedClock,
    /// The last reading of the clock.
    last_now_ns: u64,
    /// Notices up to this number have been read.
    after: u64,
    /// Whether the whole outbox has been read.
    at_end: bool,
    /// The time before which the outbox is not read.
    read_ns: u64,
    /// The time of the next keep-alive.
    keep_alive_ns: u64,
    /// The time to send the next head of the audit log.
    anchor_ns: u64,
    /// The number of failures to send a head since the last success.
    anchor_failures: u32,
    anchor_backoff: Backoff,
    /// The latest delivered notices, which must not be delivered again.
    delivered: BTreeSet<u64>,
}

impl DeliveryWorker {
    pub(crate) fn new(spec: WorkerSpec, link: WorkerLink, settle: DeliverySink, clock: SharedClock, seed: u64) -> Self {
        let anchor_backoff = spec.retry.backoff(seed);
        let queue = DeliveryQueue::new(&spec.name, spec.retry, seed, spec.receiver.wants_each());
        Self {
            spec,
            queue,
            link,
            settle,
            clock,
            last_now_ns: 0,
            after: 0,
            at_end: false,
            read_ns: 0,
            keep_alive_ns: 0,
            anchor_ns: 0,
            anchor_failures: 0,
            anchor_backoff,
            delivered: BTreeSet::new(),
        }
    }

    /// Runs until it is stopped, after the delivery that is under way.
    pub(crate) fn run(mut self) {
        let WorkerSpec { outbox, name, .. } = &mut self.spec;
        for pause in catch_panic(|| outbox.pauses(name)).unwrap_or_else(Err).unwrap_or_default() {
            self.queue.wait(pause);
        }
        self.clock.wake_when_set(&self.link.signal);
        let mut wakeup = self.link.signal.poll();
        while wakeup != Wakeup::Stopped {
            if self.link.reread.swap(false, Ordering::SeqCst) {
                self.after = 0;
            }
            if wakeup == Wakeup::Woken {
                self.at_end = false;
            }
            let now_ns = self.clock.now_ns();
            self.follow_clock(now_ns);
            self.read(now_ns);
            let until_ns = self.act(now_ns);
            self.update_status(|_| {});
            wakeup = match until_ns {
                Some(until_ns) => self.clock.wait_until(until_ns, &self.link.signal),
                None => self.link.signal.poll(),
            };
        }
    }

    /// Moves all due times back if the clock was set back.
    fn follow_clock(&mut self, now_ns: u64) {
        let by_ns = std::mem::replace(&mut self.last_now_ns, now_ns).saturating_sub(now_ns);
        if by_ns > 0 {
            self.queue.set_back(by_ns);
            for at_ns in [&mut self.read_ns, &mut self.keep_alive_ns, &mut self.anchor_ns] {
                *at_ns = at_ns.saturating_sub(by_ns);
            }
        }
    }

    /// Fills the queue from the outbox.
    fn read(&mut self, now_ns: u64) {
        while !self.at_end && self.queue.room() > 0 && self.read_ns <= now_ns {
            let limit = self.queue.room().min(PAGE);
            let spec = &mut self.spec;
            let (outbox, name, after) = (&mut spec.outbox, &spec.name, self.after);
            let page = catch_panic(|| outbox.pending(name, after, limit)).unwrap_or_else(Err);
            let page = match page {
                Ok(page) => page,
                Err(why) => {
                    self.read_ns = now_ns.saturating_add(UNREADABLE);
                    let why = failure_text(&format!("the outbox cannot be read: {why}"));
                    self.update_status(|status| status.last_error = Some((now_ns, why)));
                    return;
                }
            };
            self.at_end = page.len() < limit;
            for row in page {
                self.after = self.after.max(row.id);
                if !self.delivered.contains(&row.id) {
                    self.queue.push(row, now_ns);
                }
            }
        }
    }

    /// Takes one action. Returns the time of the next one, or `None` if that may be due already.
    fn act(&mut self, now_ns: u64) -> Option<u64> {
        let keep_alive_ns = self.keep_alive(now_ns);
        let unread_ns = if self.at_end || self.queue.room() == 0 { u64::MAX } else { self.read_ns };
        let next_ns = match self.queue.next(now_ns) {
            Next::Deliver(mut batch) => {
                self.withhold(&mut batch);
                if !batch.is_empty() {
                    self.deliver(*batch);
                }
                return None;
            }
            Next::Wait(until_ns) => until_ns,
            Next::Idle => u64::MAX,
        };
        // Alerts take precedence over the head of the audit log.
        let anchor_ns = self.anchor(now_ns);
        Some(next_ns.min(keep_alive_ns).min(anchor_ns).min(unread_ns))
    }

    /// Removes the notices from a message whose alerts have been silenced or inhibited since.
    fn withhold(&mut self, batch: &mut DeliveryBatch) {
        let alerts = &self.spec.alerts;
        let outcomes = self.queue.withhold(batch, |notice| catch_panic(|| alerts.withholds(notice)).unwrap_or(false));
        for (id, outcome) in outcomes {
            self.count(id, &outcome);
            (self.settle)(DeliveryReport { receiver: self.spec.name.clone(), id, outcome, pause: None });
        }
    }

    fn deliver(&mut self, batch: DeliveryBatch) {
        let receiver = &mut self.spec.receiver;
        let result =
            catch_panic(|| receiver.deliver(&batch.message)).unwrap_or_else(|why| Err(DeliveryError::retryable(why)));
        let now_ns = self.clock.now_ns();
        let bundle = batch.message.bundle.clone();
        let outcomes = match &result {
            Ok(()) => self.queue.delivered(batch, now_ns),
            Err(failure) => self.queue.failed(batch, failure, now_ns),
        };
        self.update_status(|status| match &result {
            Ok(()) => status.last_success_ns = Some(now_ns),
            Err(failure) => status.last_error = Some((now_ns, failure.why.clone())),
        });
        let until_ns = self.queue.paused_until(&bundle).filter(|until_ns| result.is_ok() && *until_ns > now_ns);
        let mut pause = until_ns.map(|until_ns| BundlePause { bundle, until_ns });
        for (id, outcome) in outcomes {
            self.count(id, &outcome);
            (self.settle)(DeliveryReport { receiver: self.spec.name.clone(), id, outcome, pause: pause.take() });
        }
    }

    fn count(&mut self, id: u64, outcome: &DeliveryOutcome) {
        match outcome {
            DeliveryOutcome::Delivered | DeliveryOutcome::Withheld(_) => {
                self.delivered.insert(id);
                if self.delivered.len() > DELIVERED {
                    self.delivered.pop_first();
                }
                match outcome {
                    DeliveryOutcome::Withheld(_) => self.update_status(|status| status.withheld += 1),
                    _ => self.update_status(|status| status.delivered += 1),
                }
            }
            DeliveryOutcome::Failed { .. } => self.update_status(|status| status.failed += 1),
            DeliveryOutcome::Dead { .. } => self.update_status(|status| status.dead += 1),
        }
    }

    /// Returns when a receiver that is down is tried next; 0 while it is up.
    fn not_before_ns(&self) -> u64 {
        self.queue.down().map_or(0, |(_, next_ns)| next_ns)
    }

    /// Repeats which alerts are open, if that is due. Returns when it is due next.
    fn keep_alive(&mut self, now_ns: u64) -> u64 {
        let Some(every_ms) = self.spec.receiver.keep_alive_ms() else { return u64::MAX };
        let due_ns = self.keep_alive_ns.max(self.not_before_ns());
        if due_ns > now_ns {
            return due_ns;
        }
        let receiver = &mut self.spec.receiver;
        let result = catch_panic(|| receiver.keep_alive()).unwrap_or_else(|why| Err(DeliveryError::retryable(why)));
        if let Err(failure) = result {
            let down = failure.retry;
            if down {
                self.queue.silent(&failure, now_ns);
            }
            self.update_status(|status| status.last_error = Some((now_ns, failure.why)));
            if down {
                return self.queue.down().map_or(now_ns, |(_, next_ns)| next_ns);
            }
        }
        // A receiver that refuses is up, and the next keep-alive comes in time.
        self.queue.answered();
        self.keep_alive_ns = now_ns.saturating_add(every_ms.saturating_mul(NS_PER_MS));
        self.keep_alive_ns
    }

    /// Sends the head of the audit log, if that is due. Returns when it is due next.
    fn anchor(&mut self, now_ns: u64) -> u64 {
        let due_ns = self.anchor_ns.max(self.not_before_ns());
        let Some(anchoring) = &mut self.spec.anchoring else { return u64::MAX };
        if due_ns > now_ns {
            return due_ns;
        }
        let every_ns = anchoring.every_ms.saturating_mul(NS_PER_MS);
        let receiver = &mut self.spec.receiver;
        let sent = catch_panic(|| {
            let head = anchoring.log.head().map_err(|why| DeliveryError::retryable(format!("the audit log: {why}")))?;
            receiver.anchor(&head).map(|()| head)
        });
        let wait_ns = match sent.unwrap_or_else(|why| Err(DeliveryError::retryable(why))) {
            Ok(head) => {
                tracing::info!(receiver = self.spec.name, known = head.known(), "audit head sent");
                self.anchor_failures = 0;
                self.update_status(|status| status.anchored = Some((head.number, now_ns)));
                every_ns
            }
            Err(failure) => {
                tracing::warn!(receiver = self.spec.name, "the audit head was not sent: {}", failure.why);
                self.anchor_failures = self.anchor_failures.saturating_add(1);
                let again_ns = self.anchor_backoff.wait_ns(self.anchor_failures, failure.after_ms);
                self.update_status(|status| status.last_error = Some((now_ns, failure.why)));
                if failure.retry { again_ns.min(every_ns) } else { every_ns }
            }
        };
        self.anchor_ns = now_ns.saturating_add(wait_ns);
        self.anchor_ns
    }

    fn update_status(&self, change: impl FnOnce(&mut DeliveryStatus)) {
        let mut status = self.link.status.lock();
        change(&mut status);
        status.waiting = self.queue.len();
        status.oldest_ns = self.queue.oldest_ns();
        status.more = !self.at_end;
        let down = self.queue.down();
        status.down_since_ns = down.map(|(since_ns, _)| since_ns);
        status.next_try_ns = down.map(|(_, next_ns)| next_ns);
    }
}

impl Drop for DeliveryWorker {
    fn drop(&mut self) {
        self.link.ended.stop();
    }
}

/// Calls a receiver or an outbox, which may be a platform's own, and turns a panic into an error.
fn catch_panic<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| format!("it panicked: {}", panic_text(panic.as_ref())))
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without a message")
}
