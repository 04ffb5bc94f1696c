//! Receivers as the operators want them: plain data, each part checked when it is made.

mod kept;
mod outbound;
mod secret;
mod server;
mod template;
mod url;

use std::path::PathBuf;

pub use outbound::{Network, Outbound};
pub use secret::Secret;
pub use server::{Server, Tls};
pub use template::Template;
pub use url::Url;

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
    pub url: Url,
    /// Headers beside those that are always sent; a name that is one of those replaces it.
    pub headers: Vec<(String, Secret)>,
    /// Signs each message (HMAC-SHA256) if there is one.
    pub secret: Option<Secret>,
    /// Makes the body; `None` is the documented JSON.
    pub template: Option<Template>,
    /// For one delivery, from the look-up of the name to the last byte of the answer.
    pub timeout_ms: u64,
    /// Trust the certificates in this PEM file and no others.
    pub ca: Option<PathBuf>,
}

/// See [`ReceiverKind::Alertmanager`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alertmanager {
    /// Its base, such as `http://alertmanager:9093`; `/api/v2/alerts` is added.
    pub url: Url,
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
    pub server: Server,
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

impl ReceiverConfig {
    /// What is wrong with it that its parts cannot know of; one sentence each, empty if nothing is.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let mut found = Vec::new();
        let mut wrong = |is: bool, key: &'static str, what: &str| {
            if is {
                found.push(Mistake::of(key, what));
            }
        };
        wrong(self.name.is_empty(), "name", "a receiver needs a name");
        wrong(self.retry.attempts == 0, "attempts", "attempts must be at least 1");
        wrong(self.retry.first_ms == 0, "first", "the first wait before a retry must be at least 1 ms");
        wrong(self.retry.max_ms < self.retry.first_ms, "max", "the longest wait is shorter than the first");
        let soon = self.anchor_ms.is_some_and(|every_ms| every_ms < ANCHOR_LEAST_MS);
        wrong(soon, "anchor-audit", "the head of the audit log is sent once a minute at most");
        let takes_none = self.anchor_ms.is_some() && matches!(self.kind, ReceiverKind::Alertmanager(_));
        wrong(
            takes_none,
            "anchor-audit",
            "an Alertmanager keeps alerts only; anchor the audit log at another receiver",
        );
        match &self.kind {
            ReceiverKind::Ndjson(_) => {}
            ReceiverKind::Webhook(webhook) => {
                wrong(webhook.timeout_ms == 0, "timeout", "the timeout must be at least 1 ms");
                found.extend(crate::headers::mistakes(&webhook.headers));
            }
            ReceiverKind::Alertmanager(alertmanager) => {
                wrong(alertmanager.timeout_ms == 0, "timeout", "the timeout must be at least 1 ms");
                let short = alertmanager.keep_alive_ms < 1000;
                wrong(short, "keep-alive", "the keep-alive must be at least 1000 ms");
                found.extend(crate::headers::mistakes(&alertmanager.headers));
            }
            ReceiverKind::Email(email) => {
                wrong(email.timeout_ms == 0, "timeout", "the timeout must be at least 1 ms");
                found.extend(email.mistakes());
            }
        }
        found
    }
}

/// Something that is wrong with a receiver, and the key of its table that says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The key, such as `from`.
    pub key: &'static str,
    /// Which of the key's values, where it has several: the address or the header's name.
    pub item: Option<String>,
    /// What is wrong, in a sentence.
    pub what: String,
}

impl Mistake {
    pub(crate) fn of(key: &'static str, what: impl Into<String>) -> Self {
        Self { key, item: None, what: what.into() }
    }

    pub(crate) fn of_item(key: &'static str, item: &str, what: String) -> Self {
        Self { key, item: Some(item.to_owned()), what }
    }
}

impl Email {
    fn mistakes(&self) -> Vec<Mistake> {
        let mut found = Vec::new();
        if self.to.is_empty() {
            found.push(Mistake::of("to", "an e-mail receiver needs at least one recipient"));
        }
        let from = std::iter::once(("from", &self.from));
        for (key, address) in from.chain(self.to.iter().map(|address| ("to", address))) {
            if let Err(why) = address.parse::<lettre::message::Mailbox>() {
                found.push(Mistake::of_item(key, address, format!("{address:?} is not an e-mail address: {why}")));
            }
        }
        if self.user.is_some() != self.password.is_some() {
            found.push(Mistake::of("user", "user and password go together"));
        }
        if self.user.is_some() && self.server.tls() == Tls::None {
            found.push(Mistake::of("server", "a password is sent over TLS only: use smtps:// or starttls"));
        }
        found
    }
}

#[cfg(test)]
mod tests;
