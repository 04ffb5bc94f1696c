//! What is wrong with the configuration of a receiver.

/// Something that is wrong with a receiver, and the key of its table that says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverConfigError {
    /// The key, such as `from`.
    pub key: &'static str,
    /// Which of the key's values, where it has several: the address or the header's name.
    pub item: Option<String>,
    /// What is wrong, in a sentence.
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
