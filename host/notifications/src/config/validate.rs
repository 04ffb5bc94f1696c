//! Checks of a receiver that its parts cannot make alone.

use super::{ANCHOR_LEAST_MS, Email, ReceiverConfig, ReceiverConfigError, ReceiverKind, Tls};

impl ReceiverConfig {
    /// Returns everything that is wrong between its parts, one sentence each; empty if it is valid.
    pub fn validate(&self) -> Vec<ReceiverConfigError> {
        let mut found = Vec::new();
        let mut wrong = |is: bool, key: &'static str, what: &str| {
            if is {
                found.push(ReceiverConfigError::of(key, what));
            }
        };
        wrong(self.name.is_empty(), "name", "a receiver needs a name");
        wrong(self.retry.attempts == 0, "attempts", "attempts must be at least 1");
        wrong(self.retry.first_ms == 0, "first", "the first wait before a retry must be at least 1 ms");
        wrong(self.retry.max_ms < self.retry.first_ms, "max", "the longest wait is shorter than the first");
        let soon = self.anchor_ms.is_some_and(|every_ms| every_ms < ANCHOR_LEAST_MS);
        wrong(soon, "anchor-audit", "the head of the audit log is sent once a minute at most");
        let takes_none = self.anchor_ms.is_some() && matches!(self.kind, ReceiverKind::Alertmanager(_));
        let keeps_events = self.anchor_ms.is_some() && matches!(self.kind, ReceiverKind::Vrops(_));
        let elsewhere = "vRealize Operations keeps events only; anchor the audit log at another receiver";
        wrong(keeps_events, "anchor-audit", elsewhere);
        wrong(
            takes_none,
            "anchor-audit",
            "an Alertmanager keeps alerts only; anchor the audit log at another receiver",
        );
        wrong(!self.kind.is_built_in(), self.kind.key(), "this program was built without receivers of this kind");
        match &self.kind {
            ReceiverKind::Ndjson(_) => {}
            ReceiverKind::Webhook(webhook) => {
                wrong(webhook.timeout_ms == 0, "timeout", "the timeout must be at least 1 ms");
                found.extend(crate::headers::validate(&webhook.headers));
            }
            ReceiverKind::Alertmanager(alertmanager) => {
                wrong(alertmanager.timeout_ms == 0, "timeout", "the timeout must be at least 1 ms");
                let short = alertmanager.keep_alive_ms < 1000;
                wrong(short, "keep-alive", "the keep-alive must be at least 1000 ms");
                found.extend(crate::headers::validate(&alertmanager.headers));
            }
            ReceiverKind::Vrops(vrops) => {
                wrong(vrops.timeout_ms == 0, "timeout", "the timeout must be at least 1 ms");
            }
            ReceiverKind::Email(email) => {
                wrong(email.timeout_ms == 0, "timeout", "the timeout must be at least 1 ms");
                found.extend(email.validate());
            }
        }
        found
    }
}

impl Email {
    fn validate(&self) -> Vec<ReceiverConfigError> {
        let mut found = Vec::new();
        if self.to.is_empty() {
            found.push(ReceiverConfigError::of("to", "an e-mail receiver needs at least one recipient"));
        }
        let from = std::iter::once(("from", &self.from));
        for (key, address) in from.chain(self.to.iter().map(|address| ("to", address))) {
            if let Err(why) = check_address(address) {
                found.push(ReceiverConfigError::of_item(
                    key,
                    address,
                    format!("{address:?} is not an e-mail address: {why}"),
                ));
            }
        }
        if self.user.is_some() != self.password.is_some() {
            found.push(ReceiverConfigError::of("user", "user and password go together"));
        }
        if self.user.is_some() && self.server.tls() == Tls::None {
            found.push(ReceiverConfigError::of("server", "a password is sent over TLS only: use smtps:// or starttls"));
        }
        found
    }
}

impl ReceiverKind {
    /// Returns whether the features that this crate is built with have it.
    fn is_built_in(&self) -> bool {
        match self {
            Self::Ndjson(_) => true,
            Self::Webhook(_) | Self::Alertmanager(_) | Self::Vrops(_) => cfg!(feature = "http"),
            Self::Email(_) => cfg!(feature = "email"),
        }
    }

    /// Returns the key of its table.
    fn key(&self) -> &'static str {
        match self {
            Self::Ndjson(_) => "ndjson",
            Self::Webhook(_) => "webhook",
            Self::Alertmanager(_) => "alertmanager",
            Self::Vrops(_) => "vrops",
            Self::Email(_) => "email",
        }
    }
}

#[cfg(feature = "email")]
fn check_address(address: &str) -> Result<(), String> {
    address.parse::<lettre::message::Mailbox>().map(drop).map_err(|why| why.to_string())
}

/// Nothing is sent without the feature, which is said once.
#[cfg(not(feature = "email"))]
fn check_address(_: &str) -> Result<(), String> {
    Ok(())
}
