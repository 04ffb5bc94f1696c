//! How a receiver stands.

/// See the module. Counts are since the start; what waits in the store, only the store knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryStatus {
    /// The receiver's name.
    pub receiver: String,
    /// Notices that wait in memory.
    pub waiting: usize,
    /// More may wait in the outbox.
    pub more: bool,
    /// Notices that it has.
    pub delivered: u64,
    /// Notices whose delivery failed, counted anew for each try.
    pub failed: u64,
    /// Notices that did not go out, because what they say was silenced or inhibited by then.
    pub withheld: u64,
    /// Notices that were given up.
    pub dead: u64,
    /// It has failed since then, on the host's clock; `None` while it is well.
    pub down_since_ns: Option<u64>,
    /// When it is tried next, while it is down.
    pub next_try_ns: Option<u64>,
    /// The number of the last entry of the audit log whose head it was sent, and when.
    pub anchored: Option<(u64, u64)>,
    /// The last delivery.
    pub last_success_ns: Option<u64>,
    /// The last failure: when and why.
    pub last_error: Option<(u64, String)>,
}
