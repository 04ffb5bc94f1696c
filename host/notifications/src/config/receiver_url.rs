//! The URL of an HTTP receiver. Many URLs are secrets, because who knows one may post to it.

use std::fmt;

use url::Url;

use super::config_value::ConfigValue;

/// The longest URL.
const URL_BYTES: usize = 2048;

/// An `http://` or `https://` URL, or the place of a secret that holds one. `Debug` and `Display` show scheme,
/// host and port only, or the place of the secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ReceiverUrl(ConfigValue);

impl ReceiverUrl {
    /// Checks a URL.
    ///
    /// # Errors
    /// The text is not such a URL; the message does not repeat it.
    pub fn new(text: impl Into<String>) -> Result<Self, String> {
        let text = text.into();
        check(&text)?;
        Ok(Self(ConfigValue::Plain(text)))
    }

    /// Returns a URL that is a secret, which is checked when it is read.
    pub fn from_value(value: ConfigValue) -> Self {
        Self(value)
    }

    /// Reads the URL.
    ///
    /// # Errors
    /// The secret cannot be read, or does not hold such a URL.
    pub fn read(&self) -> Result<String, String> {
        let text = self.0.read()?;
        let text = text.trim();
        check(text).map_err(|why| format!("{}: {why}", self.0))?;
        Ok(text.to_owned())
    }
}

impl fmt::Display for ReceiverUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            ConfigValue::Plain(text) => f.write_str(shown(text)),
            kept => write!(f, "the URL in {kept}"),
        }
    }
}

impl fmt::Debug for ReceiverUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ReceiverUrl({self})")
    }
}

/// Returns scheme, host and port. Path and query of a webhook often serve as its password.
fn shown(text: &str) -> &str {
    let start = text.find("://").map_or(0, |at| at + 3);
    let end = text[start..].find(['/', '?', '#']).map_or(text.len(), |at| start + at);
    &text[..end]
}

fn check(text: &str) -> Result<(), String> {
    if text.len() > URL_BYTES {
        return Err(format!("a URL is at most {URL_BYTES} bytes long"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a URL has neither spaces nor control characters; write others as %XX".into());
    }
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if rest.ok_or("it begins with http:// or https://")?.starts_with('/') {
        return Err("it has no host".into());
    }
    let url = Url::parse(text).map_err(|why| why.to_string())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("user and password do not belong in a URL: use an Authorization header from a file".into());
    }
    if url.port() == Some(0) {
        return Err("the port is a number from 1 to 65535".into());
    }
    text.parse::<http::Uri>().map(drop).map_err(|why| why.to_string())
}
