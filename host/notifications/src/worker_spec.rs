//! What a delivery worker is started with: the receiver, its outbox and where results go.

use std::sync::Arc;

use crate::{
    anchor::AnchorSchedule,
    config::Retry,
    message::Receiver,
    outbox::{DeliveryReport, OpenAlerts, Outbox},
};

/// Receives the result of each notice, on the receiver's thread, and passes it to the store's writer.
pub type DeliverySink = Arc<dyn Fn(DeliveryReport) + Send + Sync>;

/// A receiver and everything that its thread needs.
pub struct WorkerSpec {
    /// The receiver's name.
    pub name: String,
    /// How often a message is tried, and when.
    pub retry: Retry,
    /// The receiver itself.
    pub receiver: Box<dyn Receiver>,
    /// The notices that wait for it.
    pub outbox: Box<dyn Outbox>,
    /// Whether it is sent the head of the audit log, and how often.
    pub anchoring: Option<AnchorSchedule>,
    /// Decides before each notice is sent whether to withhold it; `()` withholds none.
    pub alerts: Box<dyn OpenAlerts>,
}
