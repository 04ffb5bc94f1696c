//! Finding something by its id or a prefix of it, and texts that people give.

use crate::{book::limits, change::RequestError};

/// Returns the one of `ids` that `id` is, or is a prefix of.
pub(super) fn one_of<'a>(what: &str, id: &str, ids: impl Iterator<Item = &'a str>) -> Result<&'a str, RequestError> {
    let mut found: Vec<&str> = ids.filter(|one| !id.is_empty() && one.starts_with(id)).collect();
    match found[..] {
        [] => Err(unknown(what, id)),
        [one] => Ok(one),
        _ => match found.iter().find(|one| **one == id) {
            Some(one) => Ok(one),
            None => {
                found.truncate(limits::CANDIDATES);
                let candidates = found.into_iter().map(str::to_owned).collect();
                Err(RequestError::Ambiguous { id: id.to_owned(), candidates })
            }
        },
    }
}

/// Returns the refusal of an id that nothing has.
pub(super) fn unknown(what: &str, id: &str) -> RequestError {
    RequestError::Unknown { what: what.to_owned(), id: id[..id.floor_char_boundary(64)].to_owned() }
}

/// Returns the refusal of something that does not fit to how things are now.
pub(super) fn conflict<T>(text: impl Into<String>) -> Result<T, RequestError> {
    Err(RequestError::Conflict(text.into()))
}

/// Returns the refusal of something that makes no sense however things are.
pub(super) fn invalid<T>(text: impl Into<String>) -> Result<T, RequestError> {
    Err(RequestError::Invalid(text.into()))
}

/// Returns whether a text is longer than [`limits::TEXT_BYTES`].
pub(super) fn is_long(text: &str) -> bool {
    text.len() > limits::TEXT_BYTES
}

/// Returns `text` if it is not too long.
pub(super) fn checked_text(what: &str, text: String) -> Result<String, RequestError> {
    if is_long(&text) {
        return invalid(format!("{what} is longer than {} bytes", limits::TEXT_BYTES));
    }
    Ok(text)
}
