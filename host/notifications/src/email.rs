//! The e-mail receiver: one mail a message, as text and as HTML.

mod body;
mod content;
mod mail;
mod smtp;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use lettre::{Address, message::Mailbox};
use lifesigns_model::SharedClock;

use self::smtp::{SmtpSession, is_refusal};
use crate::{
    anchor::AuditHead,
    config,
    egress::EgressPolicy,
    message::{DeliveryError, Message, Receiver, failure_text},
};

/// How many mails are remembered that only some of the recipients have.
const PARTS: usize = 64;

/// See the module.
pub(crate) struct EmailReceiver {
    config: config::Email,
    from: Mailbox,
    to: Vec<Mailbox>,
    egress: EgressPolicy,
    clock: SharedClock,
    /// Who has which mail already, for mails that only some of the recipients accepted.
    had: VecDeque<(String, BTreeSet<Address>)>,
}

impl EmailReceiver {
    /// Makes the receiver of a configuration.
    ///
    /// # Errors
    /// An address is not one, or the certificates cannot be read.
    pub(crate) fn new(config: &config::Email, egress: &EgressPolicy, clock: &SharedClock) -> Result<Self, String> {
        let mailbox = |text: &String| text.parse::<Mailbox>().map_err(|why| format!("{text:?}: {why}"));
        let from = mailbox(&config.from)?;
        let to = config.to.iter().map(mailbox).collect::<Result<_, _>>()?;
        smtp::trust(config)?;
        let (egress, clock) = (egress.clone(), Arc::clone(clock));
        Ok(Self { config: config.clone(), from, to, egress, clock, had: VecDeque::new() })
    }

    /// Returns the recipients that do not have this mail yet.
    fn missing(&self, key: &str) -> Vec<Address> {
        let had = self.had.iter().find(|(one, _)| one == key).map(|(_, had)| had);
        let mut missing = BTreeSet::new();
        let addresses = self.to.iter().map(|mailbox| mailbox.email.clone());
        addresses
            .filter(|address| !had.is_some_and(|had| had.contains(address)) && missing.insert(address.clone()))
            .collect()
    }

    fn remember(&mut self, key: &str, have: Vec<Address>) {
        let before = self.had.iter().position(|(one, _)| one == key).and_then(|at| self.had.remove(at));
        let mut had = before.map(|(_, had)| had).unwrap_or_default();
        had.extend(have);
        self.had.push_back((key.to_owned(), had));
        if self.had.len() > PARTS {
            self.had.pop_front();
        }
    }
}

impl Receiver for EmailReceiver {
    fn deliver(&mut self, message: &Message) -> Result<(), DeliveryError> {
        let mail =
            mail::alert_mail(message, &self.from, &self.to, self.clock.now_ns()).map_err(DeliveryError::permanent)?;
        self.send(&mail, &message.key)
    }

    fn anchor(&mut self, head: &AuditHead) -> Result<(), DeliveryError> {
        // A mail that some recipients have already is sent to the others under the same key.
        let key = format!("audit-head-{}-{}", head.number, &head.hash.get(..16).unwrap_or_default());
        let mail = mail::audit_mail(head, &key, &self.from, &self.to, self.clock.now_ns())
            .map_err(DeliveryError::permanent)?;
        self.send(&mail, &key)
    }
}

impl EmailReceiver {
    /// Sends a mail to the recipients that do not have it.
    fn send(&mut self, mail: &[u8], key: &str) -> Result<(), DeliveryError> {
        let mut session = SmtpSession::open(&self.config, &self.egress)?;
        let mut taken = Vec::new();
        let mut refused = Vec::new();
        let plain = |mailbox: &Mailbox| mailbox.email.to_string().is_ascii();
        let plain = plain(&self.from) && self.to.iter().all(plain);
        session.from(&self.from.email, plain)?;
        for address in self.missing(key) {
            match session.to(&address) {
                Ok(()) => taken.push(address),
                Err(error) if error.status().is_some() => refused.push((address, error)),
                Err(error) => return Err(DeliveryError::retryable(smtp::error_text(&error))),
            }
        }
        if !taken.is_empty() {
            session.data(mail)?;
        }
        session.close();
        if refused.is_empty() {
            self.had.retain(|(one, _)| one != key);
            return Ok(());
        }
        self.remember(key, taken);
        let why: Vec<String> =
            refused.iter().map(|(address, error)| format!("{address}: {}", smtp::error_text(error))).collect();
        let for_good = refused.iter().all(|(_, error)| is_refusal(error));
        Err(DeliveryError { retry: !for_good, after_ms: None, why: failure_text(&why.join("; ")) })
    }
}

impl std::fmt::Debug for EmailReceiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmailReceiver").field("config", &self.config).finish_non_exhaustive()
    }
}
