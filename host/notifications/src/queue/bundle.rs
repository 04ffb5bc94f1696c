//! Notices that go into one message.

use std::collections::BTreeMap;

use lifesigns_compliance::{EvidenceLine, Notice, WithheldNotice};
use sha2::{Digest, Sha256};

use super::{NOTICES, Parcel};
use crate::{backoff::MS, message::Message, outbox::Pending};

/// What a bundle is known by: what its notices agree in, and the alert if they are not grouped at all.
pub(super) type Name = (BTreeMap<String, String>, Option<String>);

/// See the module. What has been tried once stays as it is until it is settled, so that a message that
/// is sent again is the same one; what comes meanwhile waits for the next.
#[derive(Debug, Default)]
pub(super) struct Bundle {
    tried: Option<Parcel>,
    waiting: BTreeMap<u64, Pending>,
    /// When the first of those that wait is to go.
    company_until_ns: u64,
}

/// The bundle that a notice belongs to.
pub(super) fn name(row: &Pending) -> Name {
    let alone = row.notice.grouping.by.is_empty();
    (row.notice.bundle.clone(), alone.then(|| row.notice.alert.id.clone()))
}

/// About how much memory a notice takes.
pub(super) fn bytes(row: &Pending) -> usize {
    let alert = &row.notice.alert;
    let line = |line: &EvidenceLine| line.text.len() + line.source.len() + 64;
    let evidence: usize = alert.shown.first.iter().chain(&alert.shown.last).map(line).sum();
    let attributes: usize = alert.attributes.iter().map(|(name, value)| name.len() + value.len() + 48).sum();
    let notes: usize = alert.notes.iter().map(|note| note.text.len() + note.by.who.len() + 64).sum();
    2048 + alert.summary.len() + evidence + attributes + notes + alert.groups.len() * 256
}

impl Bundle {
    /// Takes a notice. The first one waits for company, unless it has waited before.
    pub(super) fn push(&mut self, row: Pending, now_ns: u64, each: bool) {
        if self.waiting.is_empty() {
            let wait_ns = if each { 0 } else { row.notice.grouping.wait_ms.saturating_mul(MS) };
            // Its time is on the host's clock where there is one; where there is none it may be any.
            self.company_until_ns = row.notice.time_ns.min(now_ns).saturating_add(wait_ns);
        }
        self.waiting.insert(row.id, row);
    }

    /// When its next message is to go, if the bundle pauses until then.
    pub(super) fn due_ns(&self, pause_until_ns: u64) -> u64 {
        if let Some(parcel) = &self.tried {
            return parcel.not_before_ns;
        }
        let Some((_, first)) = self.waiting.first_key_value() else { return u64::MAX };
        let company_until_ns = if self.waiting.len() >= NOTICES { 0 } else { self.company_until_ns };
        company_until_ns.max(pause_until_ns).max(first.not_before_ns)
    }

    /// The clock was set back by this much.
    pub(super) fn set_back(&mut self, by_ns: u64) {
        let tried = self.tried.iter_mut().flat_map(|parcel| [&mut parcel.not_before_ns, &mut parcel.tried_ns]);
        let waiting = self.waiting.values_mut().map(|row| &mut row.not_before_ns);
        for at_ns in tried.chain(waiting).chain([&mut self.company_until_ns]) {
            *at_ns = at_ns.saturating_sub(by_ns);
        }
    }

    /// When its next message was tried last; 0 for never.
    pub(super) fn tried_ns(&self) -> u64 {
        self.tried.as_ref().map_or(0, |parcel| parcel.tried_ns)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.tried.is_none() && self.waiting.is_empty()
    }

    /// The next message: the one that was tried, or one of what waits.
    pub(super) fn take(&mut self, name: &Name, receiver: &str, each: bool) -> Option<Parcel> {
        if let Some(parcel) = self.tried.take() {
            return Some(parcel);
        }
        let mut rows = Vec::new();
        while rows.len() < NOTICES
            && let Some((_, row)) = self.waiting.pop_first()
        {
            rows.push(row);
        }
        let grouping = &rows.last()?.notice.grouping;
        let mut parcel = Parcel {
            name: name.clone(),
            ids: rows.iter().map(|row| row.id).collect(),
            about: rows.iter().map(|row| WithheldNotice::of(&row.notice)).collect(),
            attempts: rows.iter().map(|row| row.attempts).max().unwrap_or(0),
            not_before_ns: 0,
            tried_ns: 0,
            bytes: rows.iter().map(bytes).sum(),
            // An alert that is a message of its own is told at once, also that it is over.
            interval_ms: if each || grouping.by.is_empty() { 0 } else { grouping.interval_ms },
            message: Message {
                receiver: receiver.to_owned(),
                bundle: name.0.clone(),
                notices: Vec::new(),
                key: String::new(),
            },
        };
        let notices = rows.into_iter().map(|row| row.notice).collect();
        parcel.message.notices = if each { notices } else { latest(notices) };
        parcel.message.key = key(&parcel.message.notices);
        Some(parcel)
    }

    /// It is to be tried again, before what waits.
    pub(super) fn put_back(&mut self, parcel: Parcel) {
        self.tried = Some(parcel);
    }
}

/// Of several notices about one alert the last: it says all that those before it said.
fn latest(notices: Vec<Notice>) -> Vec<Notice> {
    let mut last = BTreeMap::new();
    for (at, notice) in notices.iter().enumerate() {
        last.insert(notice.alert.id.clone(), at);
    }
    let stays = |(at, notice): &(usize, Notice)| last.get(&notice.alert.id) == Some(at);
    notices.into_iter().enumerate().filter(stays).map(|(_, notice)| notice).collect()
}

/// The one notice's key, or 32 hexadecimal digits made from those of several.
pub(super) fn key(notices: &[Notice]) -> String {
    if let [one] = notices {
        return one.key.clone();
    }
    let mut digest = Sha256::new();
    for notice in notices {
        digest.update((notice.key.len() as u64).to_le_bytes());
        digest.update(&notice.key);
    }
    digest.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}
