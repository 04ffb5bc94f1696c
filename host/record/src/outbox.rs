//! The outbox as it is read: notices that wait, and the counters of their receivers.

use lifesigns_compliance::Notice;

/// A notice that waits, or was given up.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredNotice {
    /// Its number; later ones have higher ones.
    pub id: i64,
    /// The notice; its `key` is the same however often it is sent.
    pub notice: Notice,
    /// The number of failed attempts.
    pub attempts: u32,
    /// Not to be tried before this, on the host's clock; 0 for at once.
    pub not_before_ns: u64,
    /// When it was written or tried last, on the host's clock.
    pub written_ns: u64,
    /// The error of the last attempt.
    pub error: Option<String>,
}

/// The counters of a receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiverState {
    /// Its name.
    pub name: String,
    /// Notices that wait.
    pub waiting: u64,
    /// Notices that were given up.
    pub dead: u64,
    /// Since when the one that has waited longest has, or was tried last (the host's clock).
    pub oldest_ns: Option<u64>,
    /// Notices delivered to it in total.
    pub delivered: u64,
    /// Failed attempts in total.
    pub failed: u64,
    /// When a notice was last delivered to it, on the host's clock.
    pub delivered_ns: Option<u64>,
    /// When an attempt failed last.
    pub failed_ns: Option<u64>,
    /// Why.
    pub error: Option<String>,
}
