//! The address of an SMTP server.

use std::fmt;

/// An SMTP server, and how the connection to it is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpServer {
    host: String,
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
        let (scheme, rest) = url.split_once("://").ok_or("it begins with smtp:// or smtps://")?;
        let tls = match (scheme, starttls) {
            ("smtps", false) => Tls::Wrapped,
            ("smtps", true) => return Err("smtps:// is TLS from the first byte; starttls is for smtp://".into()),
            ("smtp", true) => Tls::StartTls,
            ("smtp", false) => Tls::None,
            _ => return Err("it begins with smtp:// or smtps://".into()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('@') {
            return Err("user and password have settings of their own".into());
        }
        let (host, port) = super::receiver_url::host_and_port(rest)?;
        let usual = match tls {
            Tls::None => 25,
            Tls::StartTls => 587,
            Tls::Wrapped => 465,
        };
        Ok(Self { host, port: port.unwrap_or(usual), tls })
    }

    /// Returns the name or address, IPv6 without brackets.
    pub fn host(&self) -> &str {
        &self.host
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
        let (open, close) = if self.host.contains(':') { ("[", "]") } else { ("", "") };
        write!(f, "{scheme}://{open}{}{close}:{}", self.host, self.port)
    }
}
