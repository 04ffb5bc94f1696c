//! The address of an SMTP server.

use std::fmt;

use url::{Host, Url};

/// An SMTP server, and how the connection to it is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpServer {
    host: Host,
    port: u16,
    tls: Tls,
}

/// How the connection to an SMTP server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Without TLS.
    None,
    /// TLS by the command STARTTLS, before mail or password is sent (RFC 3207).
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Wrapped,
}

impl SmtpServer {
    /// Reads `smtp://HOST[:PORT]` or `smtps://HOST[:PORT]`. With `starttls`, an `smtp://` server must
    /// offer STARTTLS. The port is 465 for `smtps://`, 587 with `starttls`, else 25.
    ///
    /// # Errors
    /// The text is not such an address; the message says why.
    pub fn new(url: &str, starttls: bool) -> Result<Self, String> {
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        let tls = match (scheme, starttls) {
            ("smtps", false) => Tls::Wrapped,
            ("smtps", true) => return Err("smtps:// is TLS from the first byte; starttls is for smtp://".into()),
            ("smtp", true) => Tls::StartTls,
            ("smtp", false) => Tls::None,
            _ => return Err("it begins with smtp:// or smtps://".into()),
        };
        let url = Url::parse(url).map_err(|why| why.to_string())?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err("user and password have settings of their own".into());
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err("it has nothing after host and port".into());
        }
        // Other schemes than those of the web keep their host as it is written.
        let host = Host::parse(url.host_str().unwrap_or_default()).map_err(|why| why.to_string())?;
        if url.port() == Some(0) {
            return Err("the port is a number from 1 to 65535".into());
        }
        let usual = match tls {
            Tls::None => 25,
            Tls::StartTls => 587,
            Tls::Wrapped => 465,
        };
        Ok(Self { host, port: url.port().unwrap_or(usual), tls })
    }

    /// Returns the name or address, IPv6 without brackets.
    pub fn host(&self) -> String {
        self.host.to_string().trim_matches(['[', ']']).to_owned()
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns how the connection is protected.
    pub fn tls(&self) -> Tls {
        self.tls
    }
}

impl fmt::Display for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls == Tls::Wrapped { "smtps" } else { "smtp" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}
