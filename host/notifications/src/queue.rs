//! The notices that wait for one receiver, bundled into messages. It has neither clock nor I/O.

mod batch;
mod bundle;
mod circuit;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub(crate) use self::batch::DeliveryBatch;
use self::{
    batch::{BundleKey, MAX_NOTICES},
    bundle::Bundle,
    circuit::Circuit,
};
use lifesigns_compliance::{Notice, WithheldNotice};
use lifesigns_model::{Backoff, NS_PER_MS};
use lifesigns_text::count_text;

use crate::{
    config::Retry,
    message::DeliveryError,
    outbox::{BundlePause, DeliveryOutcome, PendingNotice},
};

/// The most notices in memory; the others wait in the outbox.
const ROWS: usize = 2048;
/// The most bytes of them; one page of notices may exceed it.
const BYTES: usize = 16 * 1024 * 1024;
/// The most bundles that are remembered for the time between their messages.
const PAUSES: usize = 10_000;

/// See the module.
pub(crate) struct DeliveryQueue {
    receiver: String,
    each: bool,
    bundles: BTreeMap<BundleKey, Bundle>,
    /// The time until which the next message of a bundle must wait.
    pauses: BTreeMap<BundleKey, u64>,
    /// The notices in `bundles` and in the message that is being delivered: their numbers, and when they were made.
    held: BTreeMap<u64, u64>,
    bytes: usize,
    circuit: Circuit,
    /// The tries of a message before it is given up.
    attempts: u32,
    backoff: Backoff,
}

/// The next action of the worker.
#[derive(Debug)]
pub(crate) enum Next {
    /// Deliver this batch, and report the result.
    Deliver(Box<DeliveryBatch>),
    /// Wait until this time.
    Wait(u64),
    /// Wait for new notices.
    Idle,
}

impl DeliveryQueue {
    /// Makes an empty queue. With `each`, notices are neither bundled nor merged.
    pub(crate) fn new(receiver: &str, retry: Retry, seed: u64, each: bool) -> Self {
        Self {
            receiver: receiver.to_owned(),
            each,
            bundles: BTreeMap::new(),
            pauses: BTreeMap::new(),
            held: BTreeMap::new(),
            bytes: 0,
            circuit: Circuit::default(),
            attempts: retry.attempts,
            backoff: retry.backoff(seed),
        }
    }

    /// Returns how many more notices fit.
    pub(crate) fn room(&self) -> usize {
        if self.bytes >= BYTES { 0 } else { ROWS.saturating_sub(self.held.len()) }
    }

    /// Returns how many notices wait here.
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    /// Returns when the first of them was made: numbers are in the order of notices.
    pub(crate) fn oldest_ns(&self) -> Option<u64> {
        self.held.first_key_value().map(|(_, made_ns)| *made_ns)
    }

    /// Adds a notice, unless it is here already. It waits at most the longest wait, and its bundle pauses at
    /// most its interval, because the clock may have been ahead when these times were stored.
    pub(crate) fn push(&mut self, mut row: PendingNotice, now_ns: u64) {
        if self.held.insert(row.id, row.notice.time_ns).is_none() {
            row.not_before_ns = row.not_before_ns.min(now_ns.saturating_add(self.backoff.longest_ns()));
            self.bytes += bundle::memory_bytes(&row);
            let name = if self.each { BundleKey::default() } else { bundle::bundle_key(&row) };
            if let Some(until_ns) = self.pauses.get_mut(&name) {
                let interval_ns = row.notice.grouping.interval_ms.saturating_mul(NS_PER_MS);
                *until_ns = (*until_ns).min(now_ns.saturating_add(interval_ns));
            }
            self.bundles.entry(name).or_default().push(row, now_ns, self.each);
        }
    }

    /// Returns the next action. A batch that is handed out must be returned by [`delivered`](Self::delivered)
    /// or [`failed`](Self::failed).
    pub(crate) fn next(&mut self, now_ns: u64) -> Next {
        let down = self.circuit.is_open();
        let mut best: Option<(u64, &BundleKey)> = None;
        let mut earliest = u64::MAX;
        for (name, bundle) in &self.bundles {
            let due = bundle.due_ns(self.pauses.get(name).copied().unwrap_or(0));
            earliest = earliest.min(due);
            // While the receiver is down, the bundle that was tried longest ago; otherwise the longest due.
            let rank = if down { bundle.tried_ns() } else { due };
            if due <= now_ns && best.is_none_or(|(least, _)| rank < least) {
                best = Some((rank, name));
            }
        }
        if earliest == u64::MAX {
            return Next::Idle;
        }
        let closed_until = self.circuit.not_before_ns();
        let Some((_, name)) = best.filter(|_| closed_until <= now_ns) else {
            return Next::Wait(earliest.max(closed_until));
        };
        let name = name.clone();
        match self.take(&name) {
            Some(batch) => Next::Deliver(Box::new(batch)),
            None => Next::Idle,
        }
    }

    fn take(&mut self, name: &BundleKey) -> Option<DeliveryBatch> {
        let bundle = self.bundles.get_mut(name)?;
        let batch = bundle.take(name, &self.receiver, self.each);
        if bundle.is_empty() {
            self.bundles.remove(name);
        }
        batch
    }

    /// Removes the notices from a batch that must be withheld, and returns their results. The message of the
    /// rest gets a key of its own.
    pub(crate) fn withhold(
        &mut self,
        batch: &mut DeliveryBatch,
        mut is_withheld: impl FnMut(&Notice) -> bool,
    ) -> Vec<(u64, DeliveryOutcome)> {
        let notices = batch.message.notices.len();
        let mut gone: BTreeSet<(String, u64)> = BTreeSet::new();
        batch.message.notices.retain(|notice| {
            let withheld = is_withheld(notice);
            if withheld {
                gone.insert((notice.alert.id.clone(), notice.alert.revision));
            }
            !withheld
        });
        if batch.message.notices.len() == notices {
            return Vec::new();
        }
        let mut outcomes = Vec::new();
        let ids = std::mem::take(&mut batch.ids);
        let about = std::mem::take(&mut batch.about);
        for (id, about) in ids.into_iter().zip(about) {
            if is_gone(&gone, &about, self.each) {
                self.held.remove(&id);
                outcomes.push((id, DeliveryOutcome::Withheld(about)));
            } else {
                batch.ids.push(id);
                batch.about.push(about);
            }
        }
        if batch.is_empty() {
            self.bytes = self.bytes.saturating_sub(batch.bytes);
        } else {
            batch.message.key = bundle::message_key(&batch.message.notices);
        }
        outcomes
    }

    /// Records that a batch was delivered, and returns the results of its notices.
    pub(crate) fn delivered(&mut self, batch: DeliveryBatch, now_ns: u64) -> Vec<(u64, DeliveryOutcome)> {
        self.circuit.close();
        let more = self.bundles.contains_key(&batch.bundle_key);
        // Notices that did not fit into the message follow at once, not after the interval.
        if batch.interval_ms > 0 && !(more && batch.ids.len() >= MAX_NOTICES) {
            self.pause(
                batch.bundle_key.clone(),
                now_ns.saturating_add(batch.interval_ms.saturating_mul(NS_PER_MS)),
                now_ns,
            );
        }
        self.finish(batch, DeliveryOutcome::Delivered)
    }

    /// Returns the time until which the next message of a bundle must wait, if it must.
    pub(crate) fn paused_until(&self, bundle: &BTreeMap<String, String>) -> Option<u64> {
        self.pauses.get(&(bundle.clone(), None)).copied()
    }

    /// Moves all due times back, because the clock was set back by this much.
    pub(crate) fn set_back(&mut self, by_ns: u64) {
        self.circuit.set_back(by_ns);
        self.bundles.values_mut().for_each(|bundle| bundle.set_back(by_ns));
        self.pauses.values_mut().for_each(|until_ns| *until_ns = until_ns.saturating_sub(by_ns));
    }

    /// Makes the next message of a bundle wait, because an earlier queue has sent one.
    pub(crate) fn wait(&mut self, pause: BundlePause) {
        self.pause((pause.bundle, None), pause.until_ns, 0);
    }

    /// Records that a delivery failed, and returns the results of the notices.
    pub(crate) fn failed(
        &mut self,
        mut batch: DeliveryBatch,
        failure: &DeliveryError,
        now_ns: u64,
    ) -> Vec<(u64, DeliveryOutcome)> {
        if !failure.retry {
            // A receiver that refuses a message is up.
            self.circuit.close();
            return self.finish(batch, DeliveryOutcome::Dead { why: failure.why.clone() });
        }
        self.circuit.open(failure.after_ms, &mut self.backoff, now_ns);
        batch.attempts = batch.attempts.saturating_add(1);
        if batch.attempts >= self.attempts {
            let tries = count_text(u64::from(batch.attempts), "try|tries");
            let why = format!("given up after {tries}: {}", failure.why);
            return self.finish(batch, DeliveryOutcome::Dead { why });
        }
        batch.not_before_ns = now_ns.saturating_add(self.backoff.wait_ns(batch.attempts, failure.after_ms));
        batch.tried_ns = now_ns;
        let outcome = DeliveryOutcome::Failed {
            attempts: batch.attempts,
            next_ns: batch.not_before_ns,
            why: failure.why.clone(),
        };
        let outcomes = batch.ids.iter().map(|id| (*id, outcome.clone())).collect();
        let bundle = self.bundles.entry(batch.bundle_key.clone()).or_default();
        bundle.put_back(batch);
        outcomes
    }

    /// Records that the receiver answered a request other than a delivery.
    pub(crate) fn answered(&mut self) {
        self.circuit.close();
    }

    /// Records that the receiver failed a request other than a delivery.
    pub(crate) fn silent(&mut self, failure: &DeliveryError, now_ns: u64) {
        self.circuit.open(failure.after_ms, &mut self.backoff, now_ns);
    }

    /// Returns since when the receiver is down and when it is tried next; `None` while it is up.
    pub(crate) fn down(&self) -> Option<(u64, u64)> {
        self.circuit.since_ns().map(|since| (since, self.circuit.not_before_ns()))
    }

    fn finish(&mut self, batch: DeliveryBatch, outcome: DeliveryOutcome) -> Vec<(u64, DeliveryOutcome)> {
        self.bytes = self.bytes.saturating_sub(batch.bytes);
        for id in &batch.ids {
            self.held.remove(id);
        }
        batch.ids.into_iter().map(|id| (id, outcome.clone())).collect()
    }

    fn pause(&mut self, name: BundleKey, until_ns: u64, now_ns: u64) {
        if self.pauses.len() >= PAUSES {
            self.pauses.retain(|_, until_ns| *until_ns > now_ns);
        }
        if self.pauses.len() >= PAUSES {
            let first = self.pauses.iter().min_by_key(|(_, until_ns)| **until_ns).map(|(name, _)| name.clone());
            first.and_then(|name| self.pauses.remove(&name));
        }
        self.pauses.insert(name, until_ns);
    }
}

/// Returns whether a notice goes with those in `gone`, which are ids and revisions of alerts. A later notice
/// about the same alert stands for those before it, unless each is sent.
fn is_gone(gone: &BTreeSet<(String, u64)>, about: &WithheldNotice, each: bool) -> bool {
    let from = (about.alert.clone(), about.revision);
    if each {
        return gone.contains(&from);
    }
    gone.range(from..).next().is_some_and(|(id, _)| *id == about.alert)
}
