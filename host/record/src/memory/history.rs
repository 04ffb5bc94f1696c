//! What was: the history of badges, and the audit log with its hash chain.

use std::collections::{HashSet, VecDeque};

use lifesigns_compliance::{AuditedChange, BadgeOwner, BadgePoint, BookChanges};
use serde_json::json;

use crate::audit::{AuditError, AuditLogEntry, ChainHash, ChainMark, ChainVerification, chain_hash};

/// The action of the entry that retention appends.
const SHORTENED: &str = "audit shortened";

/// A number and its hash in the chain.
#[derive(Clone, Copy, Debug, Default)]
struct Link {
    id: u64,
    hash: ChainHash,
}

impl Link {
    fn mark(&self) -> ChainMark {
        ChainMark::new(self.id, &self.hash)
    }
}

#[derive(Debug, Default)]
pub(super) struct HistoryTables {
    /// Points of badges with the host's clock when they were written, in that order.
    badges: VecDeque<(u64, BadgePoint)>,
    entries: VecDeque<AuditLogEntry>,
    /// The last entry.
    head: Link,
    /// The last entry that retention removed.
    anchor: Link,
}

/// Returns the badges of a commit, except those of objects that are forgotten and not heard of again.
pub(super) fn kept_badges(changes: &BookChanges) -> impl Iterator<Item = &BadgePoint> {
    let there: HashSet<&str> = changes.objects.iter().map(|object| object.id.as_str()).collect();
    let gone: HashSet<&str> = changes.forgotten.iter().map(String::as_str).filter(|id| !there.contains(id)).collect();
    changes.badges.iter().filter(move |point| point.of != BadgeOwner::Object || !gone.contains(point.name.as_str()))
}

fn hash(previous: &ChainHash, id: u64, written_ns: u64, audit: &AuditedChange) -> ChainHash {
    let (before, after) = (audit.before.to_string(), audit.after.to_string());
    let numbers = [id.cast_signed(), written_ns.cast_signed(), audit.time_ns.cast_signed()];
    chain_hash(previous, numbers, [&audit.who, &audit.what, &audit.subject, &before, &after])
}

impl HistoryTables {
    pub(super) fn add_badges(&mut self, changes: &BookChanges, now_ns: u64) {
        self.badges.extend(kept_badges(changes).map(|point| (now_ns, point.clone())));
    }

    /// Appends audit entries.
    pub(super) fn append(&mut self, audit: &[AuditedChange], now_ns: u64) {
        for audit in audit {
            let id = self.head.id + 1;
            let hash = hash(&self.head.hash, id, now_ns, audit);
            self.head = Link { id, hash };
            self.entries.push_back(AuditLogEntry { mark: self.head.mark(), written_ns: now_ns, audit: audit.clone() });
        }
    }

    /// Returns the points of a badge from `since_ns` on, oldest first, with the one that held then: at most
    /// the latest `limit`.
    pub(super) fn badges(&self, of: BadgeOwner, name: &str, since_ns: u64, limit: usize) -> Vec<BadgePoint> {
        let all = self.badges.iter().map(|(_, point)| point).filter(|point| point.of == of && point.name == name);
        let mut points: Vec<BadgePoint> = all.cloned().collect();
        points.sort_by_key(|point| point.time_ns);
        let held_ns = points.iter().map(|point| point.time_ns).filter(|time_ns| *time_ns <= since_ns).max();
        points.retain(|point| point.time_ns >= held_ns.unwrap_or_default());
        points.drain(..points.len().saturating_sub(limit));
        points
    }

    pub(super) fn entries(&self) -> impl DoubleEndedIterator<Item = &AuditLogEntry> {
        self.entries.iter()
    }

    pub(super) fn head(&self) -> ChainMark {
        self.head.mark()
    }

    /// Verifies the chain; see [`crate::RecordReader::audit_verify`].
    pub(super) fn verify(&self, known: Option<&ChainMark>) -> Result<ChainVerification, AuditError> {
        if let Some(known) = known.filter(|known| known.id < self.anchor.id) {
            return Err(AuditError::Removed { id: known.id, oldest: self.anchor.id });
        }
        let broken = |id, what: &str| Err(AuditError::Broken { id, what: what.to_owned() });
        let mut last = self.anchor;
        for entry in &self.entries {
            let id = last.id + 1;
            last = Link { id, hash: hash(&last.hash, id, entry.written_ns, &entry.audit) };
            if entry.mark != last.mark() {
                return broken(id, "its hash does not fit what it says and what was before it");
            }
            if known.is_some_and(|known| known.id == id && !known.hash.eq_ignore_ascii_case(&entry.mark.hash)) {
                return broken(id, "its hash is another one than the one that was noted down");
            }
        }
        if let Some(known) = known.filter(|known| known.id > last.id) {
            return broken(last.id + 1, &format!("entry {} was noted down and is not there", known.id));
        }
        let anchor = (self.anchor.id > 0).then(|| self.anchor.mark());
        Ok(ChainVerification { entries: self.entries.len() as u64, anchor, head: last.mark() })
    }

    /// Removes points of badges that were written before a time, at most `limit`.
    pub(super) fn remove_badges(&mut self, before_ns: u64, limit: usize) -> usize {
        let old = self.badges.iter().take(limit).take_while(|(written_ns, _)| *written_ns < before_ns).count();
        self.badges.drain(..old);
        old
    }

    /// Removes audit entries that were written before a time, at most `limit`, and appends one that says so.
    pub(super) fn shorten(&mut self, before_ns: u64, limit: usize, now_ns: u64) -> usize {
        let old = self.entries.iter().take(limit).take_while(|entry| entry.written_ns < before_ns).count();
        for entry in self.entries.drain(..old) {
            let id = self.anchor.id + 1;
            self.anchor = Link { id, hash: hash(&self.anchor.hash, id, entry.written_ns, &entry.audit) };
        }
        if old > 0 {
            let mark = self.anchor.mark();
            let entry = AuditedChange {
                time_ns: now_ns,
                who: "retention".to_owned(),
                what: SHORTENED.to_owned(),
                subject: mark.id.to_string(),
                before: json!({ "entries": old }),
                after: json!({ "through": mark.id, "hash": mark.hash }),
            };
            self.append(&[entry], now_ns);
        }
        old
    }
}
