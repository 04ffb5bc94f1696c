//! The receiver that is a mailbox: a message is a letter, in text and in HTML.

mod html;
mod letter;
mod smtp;

use std::collections::{BTreeSet, VecDeque};

use lettre::{Address, message::Mailbox};

use self::{
    letter::letter,
    smtp::{Session, is_refusal},
};
use crate::{
    anchor::AuditHead,
    config,
    gate::Gate,
    message::{Failure, Message, Receiver, shown},
};

/// How many letters are remembered that some recipients have and others have not.
const PARTS: usize = 64;

/// See the module.
pub(crate) struct Mail {
    config: config::Email,
    from: Mailbox,
    to: Vec<Mailbox>,
    gate: Gate,
    /// Who has which letter already, for letters that did not reach everybody at once.
    had: VecDeque<(String, BTreeSet<Address>)>,
}

impl Mail {
    /// The receiver of a configuration.
    ///
    /// # Errors
    /// An address is not one, or the certificates cannot be read.
    pub(crate) fn new(config: &config::Email, gate: &Gate) -> Result<Self, String> {
        let mailbox = |text: &String| text.parse::<Mailbox>().map_err(|why| format!("{text:?}: {why}"));
        let from = mailbox(&config.from)?;
        let to = config.to.iter().map(mailbox).collect::<Result<_, _>>()?;
        smtp::trust(config)?;
        Ok(Self { config: config.clone(), from, to, gate: gate.clone(), had: VecDeque::new() })
    }

    /// Those who do not have this letter yet.
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

impl Receiver for Mail {
    fn deliver(&mut self, message: &Message) -> Result<(), Failure> {
        let letter = letter(message, &self.from, &self.to).map_err(Failure::never)?;
        self.send(&letter, &message.key)
    }

    fn anchor(&mut self, head: &AuditHead) -> Result<(), Failure> {
        // A letter that some have already is sent to the others: the same one, under the same key.
        let key = format!("audit-head-{}-{}", head.number, &head.hash.get(..16).unwrap_or_default());
        let letter = letter::anchor(head, &key, &self.from, &self.to).map_err(Failure::never)?;
        self.send(&letter, &key)
    }
}

impl Mail {
    /// Sends a letter to those who do not have it.
    fn send(&mut self, letter: &[u8], key: &str) -> Result<(), Failure> {
        let mut session = Session::open(&self.config, &self.gate)?;
        let mut taken = Vec::new();
        let mut refused = Vec::new();
        let plain = |mailbox: &Mailbox| mailbox.email.to_string().is_ascii();
        let plain = plain(&self.from) && self.to.iter().all(plain);
        session.from(&self.from.email, plain)?;
        for address in self.missing(key) {
            match session.to(&address) {
                Ok(()) => taken.push(address),
                Err(error) if error.status().is_some() => refused.push((address, error)),
                Err(error) => return Err(Failure::later(smtp::told(&error))),
            }
        }
        if !taken.is_empty() {
            session.letter(letter)?;
        }
        session.close();
        if refused.is_empty() {
            self.had.retain(|(one, _)| one != key);
            return Ok(());
        }
        self.remember(key, taken);
        let why: Vec<String> =
            refused.iter().map(|(address, error)| format!("{address}: {}", smtp::told(error))).collect();
        let for_good = refused.iter().all(|(_, error)| is_refusal(error));
        Err(Failure { retry: !for_good, after_ms: None, why: shown(&why.join("; ")) })
    }
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("config", &self.config).finish_non_exhaustive()
    }
}
