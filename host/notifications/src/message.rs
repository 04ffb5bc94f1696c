//! What a receiver is given, and what it answers.

use std::{collections::BTreeMap, fmt};

use lifesigns_compliance::Notice;

use lifesigns_text::one_line;

use crate::anchor::AuditHead;

/// The longest text of a failure, in characters.
const WHY_CHARS: usize = 300;

/// What is delivered at once: the notices of one bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The receiver's name.
    pub receiver: String,
    /// What the notices agree in.
    pub bundle: BTreeMap<String, String>,
    /// In the order in which they came; at most one an alert, unless the receiver wants each.
    pub notices: Vec<Notice>,
    /// The notice's key, or made from those of several. A message that is sent again has the key that
    /// it had.
    pub key: String,
}

/// A back door. It has a thread of its own and may block, up to a time of its own choosing; a panic
/// is taken for a failure.
pub trait Receiver: Send {
    /// Hands a message over. When it returns, the message is the other side's.
    ///
    /// # Errors
    /// The other side does not have it, or may not have it.
    fn deliver(&mut self, message: &Message) -> Result<(), Failure>;

    /// It wants every notice, in its order, and no bundles: many at once only to save time.
    fn wants_each(&self) -> bool {
        false
    }

    /// Takes the head of the audit log, to be kept.
    ///
    /// # Errors
    /// The other side does not have it; unless a receiver says otherwise, it takes none.
    fn anchor(&mut self, _: &AuditHead) -> Result<(), Failure> {
        Err(Failure::never("this kind of receiver takes no heads of the audit log"))
    }

    /// How often [`keep_alive`](Self::keep_alive) is to be called, in milliseconds; not at all unless
    /// it says so.
    fn keep_alive_ms(&self) -> Option<u64> {
        None
    }

    /// Says again what is still so.
    ///
    /// # Errors
    /// The other side did not hear it.
    fn keep_alive(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

/// Why a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// It may work later. If not, the message is kept as a dead letter.
    pub retry: bool,
    /// The other side wants to be left alone for so long, in milliseconds.
    pub after_ms: Option<u64>,
    /// One line for a person, never a secret. Texts of the other side are shortened and cannot drive a
    /// terminal.
    pub why: String,
}

impl Failure {
    /// It may work later.
    pub fn later(why: impl fmt::Display) -> Self {
        Self { retry: true, after_ms: None, why: failure_text(&why.to_string()) }
    }

    /// It will never work.
    pub fn never(why: impl fmt::Display) -> Self {
        Self { retry: false, after_ms: None, why: failure_text(&why.to_string()) }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// Returns what another program says as one line of at most 300 characters that a terminal does not
/// obey.
pub(crate) fn failure_text(text: &str) -> String {
    one_line(text, WHY_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_other_side_says_is_short_and_harmless() {
        let failure = Failure::later(format!("a\r\n b\x1b[2J{}", "x".repeat(400)));
        assert!(failure.why.starts_with("a b\\u{1b}[2Jxxx"), "{}", failure.why);
        assert_eq!(failure.why.chars().count(), WHY_CHARS + 1);
    }
}
