//! Back doors: how alerts leave. [`ndjson`] and [`people`] write the alerts of rules as they are
//! raised. [`Dispatcher`] brings the notices of the alert book to their receivers: each has a thread of
//! its own, is retried, and is told the same thing under the same key.
//!
//! A new kind of receiver is one file that implements [`Receiver`], a case of
//! [`config::ReceiverKind`] and a line in [`receiver`].

pub mod config;
pub mod ndjson;
pub mod people;

mod alertmanager;
mod anchor;
mod backoff;
mod bell;
mod clock;
mod courier;
mod dispatcher;
mod email;
mod gate;
mod headers;
mod http;
mod json;
mod jsonl;
mod lines;
mod memory;
mod message;
mod outbox;
mod queue;
#[cfg(test)]
mod sample;
mod status;
mod time;
mod webhook;
mod why;

pub use anchor::{Anchoring, AuditHead, AuditLog};
pub use config::{Outbound, ReceiverConfig, ReceiverKind, Retry};
pub use dispatcher::{Dispatcher, Post, Settle};
pub use gate::{Gate, Names, SystemNames};
pub use lines::{Durable, LineFile};
pub use memory::MemoryOutbox;
pub use message::{Failure, Message, Receiver};
pub use outbox::{OpenAlerts, Outbox, Outcome, Pause, Pending, Settled};
pub use status::Status;
pub use time::rfc3339;

/// The receiver that a configuration describes. `open` knows what is still open, for those that are to
/// be reminded of it.
///
/// # Errors
/// Its certificates cannot be read, or it is not what [`ReceiverConfig::mistakes`] would let through.
pub fn receiver(config: &ReceiverConfig, gate: &Gate, open: Box<dyn OpenAlerts>) -> Result<Box<dyn Receiver>, String> {
    if let Some(mistake) = config.mistakes().into_iter().next() {
        return Err(mistake.what);
    }
    Ok(match &config.kind {
        ReceiverKind::Ndjson(lines) => Box::new(jsonl::Lines::new(&config.name, lines)),
        ReceiverKind::Webhook(webhook) => Box::new(webhook::Webhook::new(&config.name, webhook, gate)?),
        ReceiverKind::Alertmanager(alertmanager) => {
            Box::new(alertmanager::Alertmanager::new(&config.name, alertmanager, gate, open)?)
        }
        ReceiverKind::Email(email) => Box::new(email::Mail::new(email, gate)?),
    })
}
