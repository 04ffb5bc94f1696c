//! The two sides of a delivery: where notices wait, and who writes down what became of them.

use std::collections::BTreeMap;

use lifesigns_compliance::{Alert, Notice, WithheldNotice};

/// Where notices wait for a receiver. Each receiver has its own.
pub trait Outbox: Send {
    /// The next notices for `receiver` with an id over `after`, by id, at most `limit`. Dead letters
    /// are not among them. Ids grow with time and are never given twice.
    ///
    /// # Errors
    /// They cannot be read now; they are asked for again.
    fn pending(&mut self, receiver: &str, after: u64, limit: usize) -> Result<Vec<PendingNotice>, String>;

    /// Bundles whose next message has to wait, as an earlier dispatcher left them ([`DeliveryReport::pause`]).
    ///
    /// # Errors
    /// They cannot be read now; then none has to wait.
    fn pauses(&mut self, _: &str) -> Result<Vec<BundlePause>, String> {
        Ok(Vec::new())
    }
}

/// A bundle whose next message has to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundlePause {
    /// What its notices agree in.
    pub bundle: BTreeMap<String, String>,
    /// Until when, on the host's clock.
    pub until_ns: u64,
}

/// A notice that waits.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingNotice {
    /// Its number.
    pub id: u64,
    /// What is to be told.
    pub notice: Notice,
    /// How often it was tried.
    pub attempts: u32,
    /// Not before this time of the host's clock.
    pub not_before_ns: u64,
}

/// What became of a notice, for the one who writes it down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryReport {
    /// The receiver.
    pub receiver: String,
    /// The notice's number.
    pub id: u64,
    /// What became of it.
    pub outcome: DeliveryOutcome,
    /// With the first notice of a message that was delivered: its bundle's next message has to wait.
    pub pause: Option<BundlePause>,
}

/// See [`DeliveryReport`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The receiver has it, or a later notice about the same alert in its place.
    Delivered,
    /// Not yet. It will be tried again.
    Failed {
        /// How often it was tried.
        attempts: u32,
        /// When it will be tried again, on the host's clock.
        next_ns: u64,
        /// Why it failed.
        why: String,
    },
    /// It was not sent: what it says was silenced or inhibited by the time it was due.
    Withheld(WithheldNotice),
    /// It will not be tried again unless a person says so.
    Dead {
        /// Why.
        why: String,
    },
}

/// Alerts as they are now, beside what notices say of them.
pub trait OpenAlerts: Send {
    /// The open ones that a receiver knows of and is to be reminded of.
    fn open(&self, receiver: &str) -> Vec<Alert>;

    /// Whether a notice is not to go out, because what it says is silenced or inhibited by now.
    fn withholds(&self, _: &Notice) -> bool {
        false
    }
}

/// For receivers that need no reminders, and get every notice.
impl OpenAlerts for () {
    fn open(&self, _: &str) -> Vec<Alert> {
        Vec::new()
    }
}
