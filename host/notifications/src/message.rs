//! The trait of receivers, the messages that they deliver, and their failures.

use std::{collections::BTreeMap, fmt};

use lifesigns_compliance::Notice;

use lifesigns_text::one_line;

use crate::anchor::AuditHead;

/// The longest text of a failure, in characters.
const WHY_CHARS: usize = 300;

/// The notices of one bundle, which are delivered together.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The receiver's name.
    pub receiver: String,
    /// The values that the notices share, by the keys of their grouping.
    pub bundle: BTreeMap<String, String>,
    /// In order of arrival; at most one per alert, unless the receiver wants each.
    pub notices: Vec<Notice>,
    /// The key of the notice, or one derived from the keys of several. A message that is retried keeps its
    /// key.
    pub key: String,
}

/// A receiver of messages. It runs on a thread of its own and may block, but must return in bounded time; a
/// panic counts as a failure.
pub trait Receiver: Send {
    /// Delivers a message. When it returns, the other side has accepted the message.
    ///
    /// # Errors
    /// The other side has not accepted it, or may not have.
    fn deliver(&mut self, message: &Message) -> Result<(), DeliveryError>;

    /// Returns whether it must get every notice, in order and neither bundled nor merged; a message then holds
    /// several only to save time.
    fn wants_each(&self) -> bool {
        false
    }

    /// Delivers the head of the audit log, for safe keeping.
    ///
    /// # Errors
    /// The other side has not accepted it. By default a receiver accepts none.
    fn anchor(&mut self, _: &AuditHead) -> Result<(), DeliveryError> {
        Err(DeliveryError::permanent("this kind of receiver takes no heads of the audit log"))
    }

    /// Returns the interval at which [`keep_alive`](Self::keep_alive) must be called, in milliseconds; by
    /// default it is not called.
    fn keep_alive_ms(&self) -> Option<u64> {
        None
    }

    /// Repeats which alerts are still open.
    ///
    /// # Errors
    /// The other side has not accepted it.
    fn keep_alive(&mut self) -> Result<(), DeliveryError> {
        Ok(())
    }
}

/// Why a message was not delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryError {
    /// Whether the message is retried; otherwise it is kept as a dead letter.
    pub retry: bool,
    /// The wait before the next try that the other side asks for, in milliseconds.
    pub after_ms: Option<u64>,
    /// One line for people, without secrets. Texts of the other side are shortened and safe to show.
    pub why: String,
}

impl DeliveryError {
    /// Makes a failure after which the message is retried.
    pub fn retryable(why: impl fmt::Display) -> Self {
        Self { retry: true, after_ms: None, why: failure_text(&why.to_string()) }
    }

    /// Makes a failure after which the message is given up.
    pub fn permanent(why: impl fmt::Display) -> Self {
        Self { retry: false, after_ms: None, why: failure_text(&why.to_string()) }
    }
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// Returns a text of another program as one line of at most 300 characters that is safe to show.
pub(crate) fn failure_text(text: &str) -> String {
    one_line(text, WHY_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_other_side_says_is_short_and_harmless() {
        let failure = DeliveryError::retryable(format!("a\r\n b\x1b[2J{}", "x".repeat(400)));
        assert!(failure.why.starts_with("a b\\u{1b}[2Jxxx"), "{}", failure.why);
        assert_eq!(failure.why.chars().count(), WHY_CHARS + 1);
    }
}
