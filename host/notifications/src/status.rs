//! The state of the deliveries to one receiver.

/// See the module. Counts are since the start; notices that wait in the store only are not counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryStatus {
    /// The receiver's name.
    pub receiver: String,
    /// Notices that wait in memory.
    pub waiting: usize,
    /// When the first of them was made, on the clock of the host; `None` if none waits.
    pub oldest_ns: Option<u64>,
    /// Whether more may wait in the outbox.
    pub more: bool,
    /// Notices that the receiver has accepted.
    pub delivered: u64,
    /// Failed deliveries of notices; a notice counts once per try.
    pub failed: u64,
    /// Notices that were withheld, because their alerts were silenced or inhibited.
    pub withheld: u64,
    /// Notices that became dead letters.
    pub dead: u64,
    /// The time since which deliveries fail, on the clock of the host; `None` while they succeed.
    pub down_since_ns: Option<u64>,
    /// The time of the next try, while deliveries fail.
    pub next_try_ns: Option<u64>,
    /// The last head of the audit log that was sent: the number of its entry, and the time.
    pub anchored: Option<(u64, u64)>,
    /// The time of the last successful delivery.
    pub last_success_ns: Option<u64>,
    /// The time and reason of the last failure.
    pub last_error: Option<(u64, String)>,
}
