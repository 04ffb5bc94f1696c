//! Values that a receiver reads at each delivery: secrets, and URLs that are secrets.

use super::{ConfigValue, ReceiverConfig, ReceiverKind, ReceiverUrl};

impl ReceiverConfig {
    /// Reads everything that is read at each delivery, and returns what cannot be read now, a sentence
    /// each. No sentence repeats a value. Nothing is sent.
    pub fn unreadable(&self) -> Vec<String> {
        match &self.kind {
            ReceiverKind::Ndjson(_) => Vec::new(),
            ReceiverKind::Webhook(webhook) => {
                let mut found = with_headers(&webhook.url, &webhook.headers);
                found.extend(webhook.secret.as_ref().and_then(|secret| secret.read().err()));
                found
            }
            ReceiverKind::Alertmanager(alertmanager) => with_headers(&alertmanager.url, &alertmanager.headers),
            ReceiverKind::Vrops(vrops) => {
                let login = [&vrops.user, &vrops.password].into_iter().filter_map(|secret| secret.read().err());
                vrops.url.read().err().into_iter().chain(login).collect()
            }
            ReceiverKind::Email(email) => {
                let login = [&email.user, &email.password];
                login.into_iter().flatten().filter_map(|secret| secret.read().err()).collect()
            }
        }
    }
}

fn with_headers(url: &ReceiverUrl, headers: &[(String, ConfigValue)]) -> Vec<String> {
    let headers = headers.iter().filter_map(|(name, value)| Some(format!("header {name}: {}", value.read().err()?)));
    url.read().err().into_iter().chain(headers).collect()
}
