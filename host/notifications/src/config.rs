//! The configuration of receivers: plain data, each part checked when it is made.

mod config_value;
mod error;
mod outbound;
mod readable;
mod receiver_url;
mod smtp_server;
mod template;
mod validate;

use std::path::PathBuf;

use lifesigns_model::Backoff;

pub use config_value::ConfigValue;
pub use error::ReceiverConfigError;
pub use outbound::{Network, OutboundConfig};
pub use receiver_url::ReceiverUrl;
pub use smtp_server::{SmtpServer, Tls};
pub use template::BodyTemplate;

/// One receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverConfig {
    /// Unique; routes and policies name it.
    pub name: String,
    /// Its kind, with the settings of that kind.
    pub kind: ReceiverKind,
    /// How often and when a message is retried.
    pub retry: Retry,
    /// The interval at which the head of the audit log is sent, in milliseconds; `None` for never.
    pub anchor_ms: Option<u64>,
}

/// The kinds of receivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReceiverKind {
    /// One line of JSON per notice.
    Ndjson(Ndjson),
    /// One HTTP POST per message.
    Webhook(Webhook),
    /// A Prometheus Alertmanager, API version 2.
    Alertmanager(Alertmanager),
    /// vRealize Operations (VCF Operations): one event per notice.
    Vrops(Vrops),
    /// One e-mail per message.
    Email(Email),
}

/// See [`ReceiverKind::Ndjson`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ndjson {
    /// The file, which is created if it does not exist; `None` is standard output.
    pub file: Option<PathBuf>,
    /// The mode of a file that is created; an existing file keeps its own.
    pub mode: u32,
}

impl Default for Ndjson {
    /// Returns standard output. A file would be readable by its owner only.
    fn default() -> Self {
        Self { file: None, mode: 0o600 }
    }
}

/// See [`ReceiverKind::Webhook`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// The URL that is posted to.
    pub url: ReceiverUrl,
    /// Headers beside those that are always sent. One of the same name replaces it.
    pub headers: Vec<(String, ConfigValue)>,
    /// The key that signs each message (HMAC-SHA256), if there is one.
    pub secret: Option<ConfigValue>,
    /// The template of the body; `None` is the documented JSON.
    pub template: Option<BodyTemplate>,
    /// The time limit of one delivery, from the look-up of the name to the last byte of the answer.
    pub timeout_ms: u64,
    /// A PEM file with the only certificates that are trusted.
    pub ca: Option<PathBuf>,
}

/// See [`ReceiverKind::Alertmanager`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alertmanager {
    /// Its base, such as `http://alertmanager:9093`; `/api/v2/alerts` is added.
    pub url: ReceiverUrl,
    /// Headers beside those that are always sent.
    pub headers: Vec<(String, ConfigValue)>,
    /// The interval at which open alerts are sent again. The Alertmanager considers them resolved after three
    /// times as long.
    pub keep_alive_ms: u64,
    /// The time limit of one delivery.
    pub timeout_ms: u64,
    /// A PEM file with the only certificates that are trusted.
    pub ca: Option<PathBuf>,
}

/// See [`ReceiverKind::Vrops`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vrops {
    /// Its base, such as `https://vrops.example`; `/suite-api/api/…` is added.
    pub url: ReceiverUrl,
    /// The user to log in as.
    pub user: ConfigValue,
    /// The password of `user`.
    pub password: ConfigValue,
    /// Where the user is known, such as `LOCAL` or the name of a directory; `None` for the server's default.
    pub auth_source: Option<String>,
    /// The kind of the resources that objects are looked for among, such as `VirtualMachine`.
    pub resource_kind: Option<String>,
    /// The id of the resource for events about objects that no resource has the name of.
    pub resource: Option<String>,
    /// The time limit of one request.
    pub timeout_ms: u64,
    /// A PEM file with the only certificates that are trusted.
    pub ca: Option<PathBuf>,
}

/// See [`ReceiverKind::Email`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email {
    /// The server that accepts the mail.
    pub server: SmtpServer,
    /// The sender, `a@b.example` or `Name <a@b.example>`.
    pub from: String,
    /// The recipients, one or more.
    pub to: Vec<String>,
    /// The user to log in as, if the server requires it.
    pub user: Option<ConfigValue>,
    /// The password of `user`.
    pub password: Option<ConfigValue>,
    /// The time limit of one delivery.
    pub timeout_ms: u64,
    /// A PEM file with the only certificates that are trusted.
    pub ca: Option<PathBuf>,
}

/// The default time limit of one delivery.
pub const TIMEOUT_MS: u64 = 10_000;
/// The default interval at which open alerts are sent again to an Alertmanager.
pub const KEEP_ALIVE_MS: u64 = 60_000;

/// The shortest interval at which the head of the audit log is sent.
pub const ANCHOR_LEAST_MS: u64 = 60_000;

/// How often and when a message is retried: after `first_ms`, doubled each time up to `max_ms`, each wait
/// drawn between one half and the whole of its value, so that many messages are not retried at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The number of tries before a message is kept as a dead letter; at least 1.
    pub attempts: u32,
    /// The first wait.
    pub first_ms: u64,
    /// The longest wait, even if the receiver asks for a longer one.
    pub max_ms: u64,
}

impl Retry {
    /// Returns the waits between tries. The same seed gives the same waits.
    pub(crate) fn backoff(&self, seed: u64) -> Backoff {
        Backoff::seeded(self.first_ms, self.max_ms, seed)
    }
}

impl Default for Retry {
    /// Returns a schedule that gives a message up after about six hours.
    fn default() -> Self {
        Self { attempts: 100, first_ms: 1000, max_ms: 300_000 }
    }
}

#[cfg(test)]
mod tests;
