//! The URL of a host, as clients are given it, and whether a token may go there.

use std::net::IpAddr;

use http::Uri;

/// Why a client cannot use a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostUrlError {
    /// It is not one of a host.
    #[error("{url:?} is not the URL of a host: {why}")]
    Url {
        /// What was given, of a long one its beginning.
        url: String,
        /// Why not.
        why: &'static str,
    },
    /// The token would be readable on its way.
    #[error("{url} would carry the token readable to everyone on its way: use https, or ask at 127.0.0.1")]
    Readable {
        /// The URL.
        url: String,
    },
}

/// The URL of a host: a scheme, a host and a port, and nothing more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostUrl {
    /// The name or the address, an IPv6 one without brackets.
    pub host: String,
    /// The port; without one that of the scheme.
    pub port: u16,
    /// Host and port as they are given.
    pub authority: String,
    /// Whether it is `https`.
    pub is_tls: bool,
}

impl HostUrl {
    /// Reads a URL such as `https://lifesigns.example:9123`. A token goes over TLS, or stays on this machine.
    ///
    /// # Errors
    /// See [`HostUrlError`].
    pub fn parse(url: &str, has_token: bool) -> Result<Self, HostUrlError> {
        let wrong = |why| Self::refused(url, why);
        let uri: Uri = url.parse().map_err(|_| wrong("write https://HOST:PORT"))?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong("it begins with https:// or http://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') || !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(wrong("it has a scheme, a host and a port, and nothing more"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_local = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        if has_token && !is_tls && !is_local {
            return Err(HostUrlError::Readable { url: url.to_owned() });
        }
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        Ok(Self { host, port, authority: authority.as_str().to_owned(), is_tls })
    }

    /// Returns the error that refuses a URL for a reason.
    pub fn refused(url: &str, why: &'static str) -> HostUrlError {
        HostUrlError::Url { url: url.chars().take(200).collect(), why }
    }
}
