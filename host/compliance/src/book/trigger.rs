//! The reason why a definition is evaluated again.

use crate::{
    book::ids::Id,
    evidence::EvidenceLine,
    record::{Alert, EndCause},
};

/// The reason why a definition is evaluated again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trigger<'a> {
    /// The cause that an alert is given if it ends by it.
    pub(super) cause: EndCause,
    /// Event time.
    pub(super) time_ns: u64,
    /// The actor, for the audit log.
    pub(super) who: &'a str,
    /// The raise, if it was one.
    pub(super) raise: Option<&'a Raise>,
    /// Groups, policies or definitions may have changed: the alert's groups and why are made again.
    pub(super) review: bool,
}

impl<'a> Trigger<'a> {
    pub(super) fn of(cause: EndCause, time_ns: u64, who: &'a str) -> Self {
        Self { cause, time_ns, who, raise: None, review: false }
    }
}

/// A raise that counts.
#[derive(Clone, Debug)]
pub(super) struct Raise {
    pub(super) object: Id,
    pub(super) symptom: Id,
    pub(super) time_ns: u64,
    pub(super) fingerprint: u64,
    pub(super) evidence: EvidenceLine,
}

impl Raise {
    /// Counts the raise in an open alert.
    pub(super) fn count_in(&self, alert: &mut Alert) {
        alert.count += 1;
        alert.last_ns = alert.last_ns.max(self.time_ns);
        alert.shown.add(self.evidence.clone());
    }
}
