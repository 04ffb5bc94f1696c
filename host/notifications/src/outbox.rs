//! The interface of a delivery worker to the store: the notices that wait, and the results of deliveries.

use std::collections::BTreeMap;

use lifesigns_compliance::{Alert, Notice, WithheldNotice};

/// The notices that wait. Each worker has its own outbox.
pub trait Outbox: Send {
    /// Returns the next notices for `receiver` with an id greater than `after`, by id, at most `limit`, without
    /// dead letters. Ids grow with time and are never reused.
    ///
    /// # Errors
    /// The notices cannot be read now; the call is repeated later.
    fn pending(&mut self, receiver: &str, after: u64, limit: usize) -> Result<Vec<PendingNotice>, String>;

    /// Returns the bundles whose next message must wait, as an earlier dispatcher reported them
    /// ([`DeliveryReport::pause`]).
    ///
    /// # Errors
    /// They cannot be read now; then no bundle waits.
    fn pauses(&mut self, _: &str) -> Result<Vec<BundlePause>, String> {
        Ok(Vec::new())
    }
}

/// A bundle whose next message must wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundlePause {
    /// The values that its notices share.
    pub bundle: BTreeMap<String, String>,
    /// The earliest time of the next message, on the clock of the host.
    pub until_ns: u64,
}

/// A notice that waits for delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingNotice {
    /// Its number.
    pub id: u64,
    /// The notice itself.
    pub notice: Notice,
    /// The number of tries so far.
    pub attempts: u32,
    /// The earliest time of the next try, on the clock of the host.
    pub not_before_ns: u64,
}

/// The result of a delivery for one notice, to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryReport {
    /// The receiver.
    pub receiver: String,
    /// The notice's number.
    pub id: u64,
    /// The result.
    pub outcome: DeliveryOutcome,
    /// Set for the first notice of a delivered message whose bundle must wait before its next message.
    pub pause: Option<BundlePause>,
}

/// The result of a delivery for one notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The receiver has accepted it, or a later notice about the same alert in its place.
    Delivered,
    /// The delivery failed and will be retried.
    Failed {
        /// The number of tries so far.
        attempts: u32,
        /// The time of the next try, on the clock of the host.
        next_ns: u64,
        /// The reason, in one line.
        why: String,
    },
    /// It was not sent, because its alert was silenced or inhibited when it was due.
    Withheld(WithheldNotice),
    /// It was given up, and is retried only if a person revives it.
    Dead {
        /// The reason, in one line.
        why: String,
    },
}

/// The current state of alerts, which may be newer than that in notices.
pub trait OpenAlerts: Send {
    /// Returns the open alerts that `receiver` was notified of.
    fn open(&self, receiver: &str) -> Vec<Alert>;

    /// Returns whether a notice must be withheld, because its alert is silenced or inhibited by now.
    fn withholds(&self, _: &Notice) -> bool {
        false
    }
}

/// Repeats no alerts and withholds no notices.
impl OpenAlerts for () {
    fn open(&self, _: &str) -> Vec<Alert> {
        Vec::new()
    }
}
