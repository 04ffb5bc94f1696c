//! Notifications. [`ndjson`] and [`terminal`] write the raises and clears of rules as they happen.
//! [`Dispatcher`] delivers the notices of the alert book to their receivers, each on a thread of its own, with
//! retries that keep the key of a message.
//!
//! The features `email` and `http`, on by default, are the kinds of receivers that connect to others. A
//! configuration of a kind that is not built in is refused.
//!
//! A new kind of receiver is a file that implements [`Receiver`], a case of
//! [`config::ReceiverKind`] and a line in [`receiver`].

pub mod config;
pub mod ndjson;
pub mod terminal;

#[cfg(feature = "http")]
mod alertmanager;
mod anchor;
mod dispatcher;
mod egress;
#[cfg(feature = "email")]
mod email;
mod explanation;
mod format_version;
mod headers;
#[cfg(feature = "http")]
mod http;
mod line_file;
mod memory;
mod message;
mod ndjson_receiver;
mod notice_json;
mod outbox;
mod queue;
#[cfg(test)]
mod sample;
mod status;
#[cfg(feature = "http")]
mod vrops;
#[cfg(feature = "http")]
mod webhook;
mod worker;
mod worker_spec;

use lifesigns_model::SharedClock;

pub use anchor::{AnchorSchedule, AuditHead, AuditLog};
pub use config::{OutboundConfig, ReceiverConfig, ReceiverKind, Retry};
pub use dispatcher::Dispatcher;
pub use egress::{EgressPolicy, Resolver, SystemResolver};
pub use line_file::{Durable, LineFile};
pub use memory::MemoryOutbox;
pub use message::{DeliveryError, Message, Receiver};
pub use outbox::{BundlePause, DeliveryOutcome, DeliveryReport, OpenAlerts, Outbox, PendingNotice};
pub use status::DeliveryStatus;
pub use worker_spec::{DeliverySink, WorkerSpec};

/// Makes the receiver of a configuration. `open` knows the open alerts, for receivers that are sent them
/// again; times that it sends, and dates that it is asked to wait for, go by `clock`. Whether a certificate
/// is valid goes by the clock of the system.
///
/// # Errors
/// Its certificates cannot be read, or [`ReceiverConfig::validate`] reports an error.
#[cfg_attr(not(all(feature = "email", feature = "http")), allow(unused_variables))]
pub fn receiver(
    config: &ReceiverConfig,
    egress: &EgressPolicy,
    open: Box<dyn OpenAlerts>,
    clock: &SharedClock,
) -> Result<Box<dyn Receiver>, String> {
    if let Some(error) = config.validate().into_iter().next() {
        return Err(error.what);
    }
    Ok(match &config.kind {
        ReceiverKind::Ndjson(lines) => Box::new(ndjson_receiver::NdjsonReceiver::new(&config.name, lines)),
        #[cfg(feature = "http")]
        ReceiverKind::Webhook(webhook) => {
            Box::new(webhook::WebhookReceiver::new(&config.name, webhook, egress, clock)?)
        }
        #[cfg(feature = "http")]
        ReceiverKind::Alertmanager(alertmanager) => {
            Box::new(alertmanager::AlertmanagerReceiver::new(&config.name, alertmanager, egress, open, clock)?)
        }
        #[cfg(feature = "http")]
        ReceiverKind::Vrops(vrops) => Box::new(vrops::VropsReceiver::new(vrops, egress, clock)?),
        #[cfg(feature = "email")]
        ReceiverKind::Email(email) => Box::new(email::EmailReceiver::new(email, egress, clock)?),
        #[cfg(not(all(feature = "email", feature = "http")))]
        _ => return Err("this program was built without receivers of this kind".to_owned()),
    })
}
