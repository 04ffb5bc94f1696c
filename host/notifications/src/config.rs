//! Receivers as the operators want them: plain data, each part checked when it is made.

mod error;
mod outbound;
mod readable;
mod receiver_url;
mod secret;
mod smtp_server;
mod template;
mod validate;

use std::path::PathBuf;

pub use error::ReceiverConfigError;
pub use outbound::{Network, OutboundConfig};
pub use receiver_url::ReceiverUrl;
pub use secret::Secret;
pub use smtp_server::{SmtpServer, Tls};
pub use template::BodyTemplate;

/// One receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverConfig {
    /// Unique; routes and policies name it.
    pub name: String,
    /// What it is.
    pub kind: ReceiverKind,
    /// How often a message is tried, and when.
    pub retry: Retry,
    /// How often it is sent the head of the audit log, in milliseconds; never if there is none.
    pub anchor_ms: Option<u64>,
}

/// What a receiver is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiverKind {
    /// One line of JSON a notice.
    Ndjson(Ndjson),
    /// An HTTP POST a message.
    Webhook(Webhook),
    /// A Prometheus Alertmanager, API version 2.
    Alertmanager(Alertmanager),
    /// An e-mail a message.
    Email(Email),
}

/// See [`ReceiverKind::Ndjson`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ndjson {
    /// Appended to, created if it is not there; `None` is standard output.
    pub file: Option<PathBuf>,
    /// The mode that it is created with; one that is there keeps its own.
    pub mode: u32,
}

impl Default for Ndjson {
    /// Standard output; a file would be the user's alone.
    fn default() -> Self {
        Self { file: None, mode: 0o600 }
    }
}

/// See [`ReceiverKind::Webhook`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// Where to.
    pub url: ReceiverUrl,
    /// Headers beside those that are always sent; a name that is one of those replaces it.
    pub headers: Vec<(String, Secret)>,
    /// Signs each message (HMAC-SHA256) if there is one.
    pub secret: Option<Secret>,
    /// Makes the body; `None` is the documented JSON.
    pub template: Option<BodyTemplate>,
    /// For one delivery, from the look-up of the name to the last byte of the answer.
    pub timeout_ms: u64,
    /// Trust the certificates in this PEM file and no others.
    pub ca: Option<PathBuf>,
}

/// See [`ReceiverKind::Alertmanager`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alertmanager {
    /// Its base, such as `http://alertmanager:9093`; `/api/v2/alerts` is added.
    pub url: ReceiverUrl,
    /// Headers beside those that are always sent.
    pub headers: Vec<(String, Secret)>,
    /// Open alerts are sent again this often; it takes them for resolved after three times as long.
    pub keep_alive_ms: u64,
    /// For one delivery.
    pub timeout_ms: u64,
    /// Trust the certificates in this PEM file and no others.
    pub ca: Option<PathBuf>,
}

/// See [`ReceiverKind::Email`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// Who takes the mail.
    pub server: SmtpServer,
    /// The sender, `a@b.example` or `Name <a@b.example>`.
    pub from: String,
    /// The recipients, one or more.
    pub to: Vec<String>,
    /// Log in as, if the server wants it.
    pub user: Option<Secret>,
    /// With.
    pub password: Option<Secret>,
    /// For one delivery.
    pub timeout_ms: u64,
    /// Trust the certificates in this PEM file and no others.
    pub ca: Option<PathBuf>,
}

/// How long one delivery may take unless the operator says otherwise.
pub const TIMEOUT_MS: u64 = 10_000;
/// How often open alerts are sent again to an Alertmanager unless the operator says otherwise.
pub const KEEP_ALIVE_MS: u64 = 60_000;

/// The head of the audit log is not sent more often than this.
pub const ANCHOR_LEAST_MS: u64 = 60_000;

/// How often a message is tried, and when: after `first_ms`, doubled each time up to `max_ms`, each
/// between one half and the whole of that, so that many do not come back at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Tries before it is given up and kept as a dead letter; at least 1.
    pub attempts: u32,
    /// The first wait.
    pub first_ms: u64,
    /// The longest wait, also when the receiver asks for a longer one.
    pub max_ms: u64,
}

impl Default for Retry {
    /// About six hours until a message is given up.
    fn default() -> Self {
        Self { attempts: 100, first_ms: 1000, max_ms: 300_000 }
    }
}

#[cfg(test)]
mod tests;
