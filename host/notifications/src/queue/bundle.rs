//! Notices that go into one message.

use std::collections::BTreeMap;

use lifesigns_compliance::{EvidenceLine, Notice, WithheldNotice};
use sha2::{Digest, Sha256};

use super::batch::{BundleKey, DeliveryBatch, MAX_NOTICES};
use lifesigns_model::NS_PER_MS;

use crate::{message::Message, outbox::PendingNotice};

/// See the module. A message that was tried stays unchanged until its result is final, so that a retry sends
/// the same message; later notices wait for the next one.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    tried: Option<DeliveryBatch>,
    waiting: BTreeMap<u64, PendingNotice>,
    /// The time until which the first waiting notice waits for others.
    group_until_ns: u64,
}

/// Returns the key of the bundle that a notice belongs to.
pub(super) fn bundle_key(row: &PendingNotice) -> BundleKey {
    let alone = row.notice.grouping.by.is_empty();
    (row.notice.bundle.clone(), alone.then(|| row.notice.alert.id.clone()))
}

/// Returns about how much memory a notice takes, in bytes.
pub(super) fn memory_bytes(row: &PendingNotice) -> usize {
    let alert = &row.notice.alert;
    let line = |line: &EvidenceLine| line.text.len() + line.source.len() + 64;
    let evidence: usize = alert.shown.first.iter().chain(&alert.shown.last).map(line).sum();
    let attributes: usize = alert.attributes.iter().map(|(name, value)| name.len() + value.len() + 48).sum();
    let notes: usize = alert.notes.iter().map(|note| note.text.len() + note.by.who.len() + 64).sum();
    2048 + alert.summary.len() + evidence + attributes + notes + alert.groups.len() * 256
}

impl Bundle {
    /// Adds a notice. The first one waits for others to join it, unless it has waited before.
    pub(super) fn push(&mut self, row: PendingNotice, now_ns: u64, each: bool) {
        if self.waiting.is_empty() {
            let wait_ns = if each { 0 } else { row.notice.grouping.wait_ms.saturating_mul(NS_PER_MS) };
            // Its time is the host's unless only event time is known, which may be any.
            self.group_until_ns = row.notice.time_ns.min(now_ns).saturating_add(wait_ns);
        }
        self.waiting.insert(row.id, row);
    }

    /// Returns when the next message is due, if the bundle pauses until `pause_until_ns`.
    pub(super) fn due_ns(&self, pause_until_ns: u64) -> u64 {
        if let Some(batch) = &self.tried {
            return batch.not_before_ns;
        }
        let Some((_, first)) = self.waiting.first_key_value() else { return u64::MAX };
        let group_until_ns = if self.waiting.len() >= MAX_NOTICES { 0 } else { self.group_until_ns };
        group_until_ns.max(pause_until_ns).max(first.not_before_ns)
    }

    /// Moves all due times back, because the clock was set back by this much.
    pub(super) fn set_back(&mut self, by_ns: u64) {
        let tried = self.tried.iter_mut().flat_map(|batch| [&mut batch.not_before_ns, &mut batch.tried_ns]);
        let waiting = self.waiting.values_mut().map(|row| &mut row.not_before_ns);
        for at_ns in tried.chain(waiting).chain([&mut self.group_until_ns]) {
            *at_ns = at_ns.saturating_sub(by_ns);
        }
    }

    /// Returns when the next message was last tried; 0 for never.
    pub(super) fn tried_ns(&self) -> u64 {
        self.tried.as_ref().map_or(0, |batch| batch.tried_ns)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tried.is_none() && self.waiting.is_empty()
    }

    /// Removes and returns the next message: the one that was tried, or one of the waiting notices.
    pub(super) fn take(&mut self, bundle_key: &BundleKey, receiver: &str, each: bool) -> Option<DeliveryBatch> {
        if let Some(batch) = self.tried.take() {
            return Some(batch);
        }
        let mut rows = Vec::new();
        while rows.len() < MAX_NOTICES
            && let Some((_, row)) = self.waiting.pop_first()
        {
            rows.push(row);
        }
        let grouping = &rows.last()?.notice.grouping;
        let mut batch = DeliveryBatch {
            bundle_key: bundle_key.clone(),
            ids: rows.iter().map(|row| row.id).collect(),
            about: rows.iter().map(|row| WithheldNotice::of(&row.notice)).collect(),
            attempts: rows.iter().map(|row| row.attempts).max().unwrap_or(0),
            not_before_ns: 0,
            tried_ns: 0,
            bytes: rows.iter().map(memory_bytes).sum(),
            // An alert that is a message of its own is sent at once, as is its end.
            interval_ms: if each || grouping.by.is_empty() { 0 } else { grouping.interval_ms },
            message: Message {
                receiver: receiver.to_owned(),
                bundle: bundle_key.0.clone(),
                notices: Vec::new(),
                key: String::new(),
            },
        };
        let notices = rows.into_iter().map(|row| row.notice).collect();
        batch.message.notices = if each { notices } else { latest(notices) };
        batch.message.key = message_key(&batch.message.notices);
        Some(batch)
    }

    /// Takes back a message that is retried before the waiting notices.
    pub(super) fn put_back(&mut self, batch: DeliveryBatch) {
        self.tried = Some(batch);
    }
}

/// Returns only the last of several notices about one alert, which holds all that the earlier ones say.
fn latest(notices: Vec<Notice>) -> Vec<Notice> {
    let mut last = BTreeMap::new();
    for (at, notice) in notices.iter().enumerate() {
        last.insert(notice.alert.id.clone(), at);
    }
    let stays = |(at, notice): &(usize, Notice)| last.get(&notice.alert.id) == Some(at);
    notices.into_iter().enumerate().filter(stays).map(|(_, notice)| notice).collect()
}

/// Returns the key of a single notice, or 32 hexadecimal digits derived from the keys of several.
pub(super) fn message_key(notices: &[Notice]) -> String {
    if let [one] = notices {
        return one.key.clone();
    }
    let mut digest = Sha256::new();
    for notice in notices {
        digest.update((notice.key.len() as u64).to_le_bytes());
        digest.update(&notice.key);
    }
    hex::encode(&digest.finalize()[..16])
}
