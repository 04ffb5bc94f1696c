//! Errors in the configuration of a receiver.

/// An error in the configuration of a receiver, and the key of its table that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverConfigError {
    /// The key, such as `from`.
    pub key: &'static str,
    /// The value that it is about, where the key has several: an address or the name of a header.
    pub item: Option<String>,
    /// The error, in a sentence.
    pub what: String,
}

impl ReceiverConfigError {
    pub(crate) fn of(key: &'static str, what: impl Into<String>) -> Self {
        Self { key, item: None, what: what.into() }
    }

    pub(crate) fn of_item(key: &'static str, item: &str, what: String) -> Self {
        Self { key, item: Some(item.to_owned()), what }
    }
}
