//! HTTP headers that an operator adds to a receiver's requests.

use http::{HeaderName, HeaderValue};

use crate::config::{ConfigValue, ReceiverConfigError};

/// Headers that the host sets itself: they frame the request, or receivers trust them.
const OURS: [&str; 10] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "idempotency-key",
    "x-lifesigns-signature",
    "x-lifesigns-timestamp",
];

/// Headers that are there to carry a secret.
const SECRET: [&str; 6] = ["authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token", "api-key"];

/// Returns what is wrong with names and values, one sentence each.
pub(crate) fn validate(headers: &[(String, ConfigValue)]) -> Vec<ReceiverConfigError> {
    let mut found = Vec::new();
    for (name, value) in headers {
        let mut wrong = |what: String| found.push(ReceiverConfigError::of_item("headers", name, what));
        match name.parse::<HeaderName>() {
            Ok(parsed) if OURS.contains(&parsed.as_str()) => wrong(format!("the header {parsed} is set by the host")),
            Ok(parsed) if SECRET.contains(&parsed.as_str()) && matches!(value, ConfigValue::Plain(_)) => {
                wrong(format!(
                    "the header {parsed} carries a secret, which does not stand in the file: write \
                     {{ env = \"VARIABLE\" }} or {{ file = \"PATH\" }}"
                ));
            }
            Ok(_) => {}
            Err(_) => wrong(format!("{name:?} is not the name of a header")),
        }
        if let ConfigValue::Plain(text) = value
            && HeaderValue::from_str(text).is_err()
        {
            wrong(format!("the value of the header {name:?} has a line end or another control character"));
        }
    }
    found
}

/// Returns the headers with their values.
///
/// # Errors
/// A value cannot be read, or is not valid in a header; the message never repeats it.
#[cfg(feature = "http")]
pub(crate) fn read(headers: &[(String, ConfigValue)]) -> Result<Vec<(HeaderName, HeaderValue)>, String> {
    let mut all = Vec::with_capacity(headers.len());
    for (name, kept) in headers {
        let value = kept.read()?;
        let key = name.parse::<HeaderName>().map_err(|_| format!("{name:?} is not the name of a header"))?;
        let mut value = HeaderValue::from_str(&value)
            .map_err(|_| format!("header {name}: {kept} has a line end or another control character"))?;
        value.set_sensitive(true);
        all.push((key, value));
    }
    Ok(all)
}
