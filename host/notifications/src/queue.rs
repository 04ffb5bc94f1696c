//! What waits for one receiver, put together into messages: decisions alone, no clock and no I/O.

mod bundle;
mod circuit;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use self::{
    bundle::{Bundle, Name},
    circuit::Circuit,
};
use lifesigns_compliance::{Notice, WithheldNotice};

use crate::{
    backoff::{Backoff, MS},
    config::Retry,
    message::{Failure, Message},
    outbox::{Outcome, Pause, Pending},
};

/// How many notices wait in memory; the others wait in the outbox.
const ROWS: usize = 2048;
/// How many bytes of them; one more page of notices may go over.
const BYTES: usize = 16 * 1024 * 1024;
/// The most notices in one message.
const NOTICES: usize = 256;
/// How many bundles are remembered for the time between their messages.
const PAUSES: usize = 10_000;

/// See the module.
pub(crate) struct Queue {
    receiver: String,
    each: bool,
    bundles: BTreeMap<Name, Bundle>,
    /// Bundles whose next message has to wait, and until when.
    pauses: BTreeMap<Name, u64>,
    /// The numbers of all notices in `bundles`, and of the message that is being delivered.
    held: BTreeSet<u64>,
    bytes: usize,
    circuit: Circuit,
    backoff: Backoff,
}

/// A message and the notices that it settles.
#[derive(Debug)]
pub(crate) struct Parcel {
    name: Name,
    ids: Vec<u64>,
    /// What each of them is about, in the same order.
    about: Vec<WithheldNotice>,
    attempts: u32,
    not_before_ns: u64,
    tried_ns: u64,
    bytes: usize,
    interval_ms: u64,
    pub(crate) message: Message,
}

/// What to do next.
#[derive(Debug)]
pub(crate) enum Next {
    /// Deliver this, and say how it went.
    Deliver(Box<Parcel>),
    /// Nothing before this time.
    Wait(u64),
    /// Nothing at all.
    Idle,
}

impl Parcel {
    /// Nothing of it is to go out.
    pub(crate) fn is_empty(&self) -> bool {
        self.message.notices.is_empty()
    }
}

impl Queue {
    /// An empty queue. With `each`, notices are neither bundled nor merged.
    pub(crate) fn new(receiver: &str, retry: Retry, seed: u64, each: bool) -> Self {
        Self {
            receiver: receiver.to_owned(),
            each,
            bundles: BTreeMap::new(),
            pauses: BTreeMap::new(),
            held: BTreeSet::new(),
            bytes: 0,
            circuit: Circuit::default(),
            backoff: Backoff::new(retry, seed),
        }
    }

    /// How many more notices it takes.
    pub(crate) fn room(&self) -> usize {
        if self.bytes >= BYTES { 0 } else { ROWS.saturating_sub(self.held.len()) }
    }

    /// How many notices wait here.
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    /// Takes a notice, once. It waits no longer than the longest wait, and its bundle pauses no longer than
    /// its interval: the clock may have been ahead when that was written down.
    pub(crate) fn push(&mut self, mut row: Pending, now_ns: u64) {
        if self.held.insert(row.id) {
            row.not_before_ns = row.not_before_ns.min(now_ns.saturating_add(self.backoff.longest_ns()));
            self.bytes += bundle::bytes(&row);
            let name = if self.each { Name::default() } else { bundle::name(&row) };
            if let Some(until_ns) = self.pauses.get_mut(&name) {
                let interval_ns = row.notice.grouping.interval_ms.saturating_mul(MS);
                *until_ns = (*until_ns).min(now_ns.saturating_add(interval_ns));
            }
            self.bundles.entry(name).or_default().push(row, now_ns, self.each);
        }
    }

    /// What to do now. A parcel that is handed out comes back by [`delivered`](Self::delivered) or
    /// [`failed`](Self::failed).
    pub(crate) fn next(&mut self, now_ns: u64) -> Next {
        let down = self.circuit.is_open();
        let mut best: Option<(u64, &Name)> = None;
        let mut earliest = u64::MAX;
        for (name, bundle) in &self.bundles {
            let due = bundle.due_ns(self.pauses.get(name).copied().unwrap_or(0));
            earliest = earliest.min(due);
            // While the receiver is down, the one that was tried longest ago; else the longest due.
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
            Some(parcel) => Next::Deliver(Box::new(parcel)),
            None => Next::Idle,
        }
    }

    fn take(&mut self, name: &Name) -> Option<Parcel> {
        let bundle = self.bundles.get_mut(name)?;
        let parcel = bundle.take(name, &self.receiver, self.each);
        if bundle.is_empty() {
            self.bundles.remove(name);
        }
        parcel
    }

    /// Takes out of a parcel what is not to go out now, and says what became of it. What is left has a key of
    /// its own.
    pub(crate) fn withhold(
        &mut self,
        parcel: &mut Parcel,
        mut is_withheld: impl FnMut(&Notice) -> bool,
    ) -> Vec<(u64, Outcome)> {
        let notices = parcel.message.notices.len();
        let mut gone: BTreeSet<(String, u64)> = BTreeSet::new();
        parcel.message.notices.retain(|notice| {
            let withheld = is_withheld(notice);
            if withheld {
                gone.insert((notice.alert.id.clone(), notice.alert.revision));
            }
            !withheld
        });
        if parcel.message.notices.len() == notices {
            return Vec::new();
        }
        // A later notice about the same alert stood for those before it, unless each goes by itself.
        let each = self.each;
        let stands = |about: &WithheldNotice| match each {
            true => gone.contains(&(about.alert.clone(), about.revision)),
            false => {
                gone.range((about.alert.clone(), about.revision)..).next().is_some_and(|(id, _)| *id == about.alert)
            }
        };
        let mut outcomes = Vec::new();
        let (ids, about) = (std::mem::take(&mut parcel.ids), std::mem::take(&mut parcel.about));
        for (id, about) in ids.into_iter().zip(about) {
            if stands(&about) {
                self.held.remove(&id);
                outcomes.push((id, Outcome::Withheld(about)));
            } else {
                parcel.ids.push(id);
                parcel.about.push(about);
            }
        }
        if parcel.is_empty() {
            self.bytes = self.bytes.saturating_sub(parcel.bytes);
        } else {
            parcel.message.key = bundle::key(&parcel.message.notices);
        }
        outcomes
    }

    /// A parcel has arrived. These notices are settled.
    pub(crate) fn delivered(&mut self, parcel: Parcel, now_ns: u64) -> Vec<(u64, Outcome)> {
        self.circuit.close();
        let more = self.bundles.contains_key(&parcel.name);
        // What did not fit into one message goes with it, not an interval later.
        if parcel.interval_ms > 0 && !(more && parcel.ids.len() >= NOTICES) {
            self.pause(parcel.name.clone(), now_ns.saturating_add(parcel.interval_ms.saturating_mul(MS)), now_ns);
        }
        self.settle(parcel, Outcome::Delivered)
    }

    /// Until when a bundle's next message has to wait, if it has to.
    pub(crate) fn paused_until(&self, bundle: &BTreeMap<String, String>) -> Option<u64> {
        self.pauses.get(&(bundle.clone(), None)).copied()
    }

    /// The clock was set back by this much: all that waits for a time waits for one that much earlier.
    pub(crate) fn set_back(&mut self, by_ns: u64) {
        self.circuit.set_back(by_ns);
        self.bundles.values_mut().for_each(|bundle| bundle.set_back(by_ns));
        self.pauses.values_mut().for_each(|until_ns| *until_ns = until_ns.saturating_sub(by_ns));
    }

    /// A bundle's next message has to wait, because of one that an earlier queue sent.
    pub(crate) fn wait(&mut self, pause: Pause) {
        self.pause((pause.bundle, None), pause.until_ns, 0);
    }

    /// A parcel has not arrived. What has become of its notices.
    pub(crate) fn failed(&mut self, mut parcel: Parcel, failure: &Failure, now_ns: u64) -> Vec<(u64, Outcome)> {
        if !failure.retry {
            // Whoever refuses is there.
            self.circuit.close();
            return self.settle(parcel, Outcome::Dead { why: failure.why.clone() });
        }
        self.circuit.open(failure.after_ms, &mut self.backoff, now_ns);
        parcel.attempts = parcel.attempts.saturating_add(1);
        if self.backoff.gives_up(parcel.attempts) {
            let why = format!("given up after {} tries: {}", parcel.attempts, failure.why);
            return self.settle(parcel, Outcome::Dead { why });
        }
        parcel.not_before_ns = now_ns.saturating_add(self.backoff.wait_ns(parcel.attempts, failure.after_ms));
        parcel.tried_ns = now_ns;
        let outcome =
            Outcome::Failed { attempts: parcel.attempts, next_ns: parcel.not_before_ns, why: failure.why.clone() };
        let outcomes = parcel.ids.iter().map(|id| (*id, outcome.clone())).collect();
        let bundle = self.bundles.entry(parcel.name.clone()).or_default();
        bundle.put_back(parcel);
        outcomes
    }

    /// The receiver did something else that was asked of it.
    pub(crate) fn answered(&mut self) {
        self.circuit.close();
    }

    /// The receiver did not do something else that was asked of it.
    pub(crate) fn silent(&mut self, failure: &Failure, now_ns: u64) {
        self.circuit.open(failure.after_ms, &mut self.backoff, now_ns);
    }

    /// While the receiver is down: since when, and when it is tried next.
    pub(crate) fn down(&self) -> Option<(u64, u64)> {
        self.circuit.since_ns().map(|since| (since, self.circuit.not_before_ns()))
    }

    fn settle(&mut self, parcel: Parcel, outcome: Outcome) -> Vec<(u64, Outcome)> {
        self.bytes = self.bytes.saturating_sub(parcel.bytes);
        for id in &parcel.ids {
            self.held.remove(id);
        }
        parcel.ids.into_iter().map(|id| (id, outcome.clone())).collect()
    }

    fn pause(&mut self, name: Name, until_ns: u64, now_ns: u64) {
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
