//! A host in the network, as a client sees it: its URL, the token to show, and what to trust.

use std::{io, net::IpAddr, path::Path, time::Duration};

use hyper::{Uri, header::HeaderValue};
use lifesigns_listen::{TlsError, client_config};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::tls::HTTP;

/// A host that accepts no connection, or does not finish the handshake, within this time is not waited for.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// Why a host in the network cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The URL is not one of a host.
    #[error("{url:?} is not the URL of a host: {why}")]
    Url {
        /// What was given.
        url: String,
        /// Why not.
        why: &'static str,
    },
    /// The token is no token.
    #[error("the token has characters that no token has")]
    Token,
    /// A token would be readable on its way.
    #[error("{url} would carry the token readable to everyone on its way: use https, or ask at 127.0.0.1")]
    Readable {
        /// The URL.
        url: String,
    },
    /// The file of certificates cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// See the module.
pub struct RemoteHost {
    url: String,
    host: String,
    port: u16,
    pub(crate) authority: HeaderValue,
    pub(crate) bearer: Option<HeaderValue>,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl std::fmt::Debug for RemoteHost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteHost").field("url", &self.url).finish_non_exhaustive()
    }
}

/// What bytes go over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

impl RemoteHost {
    /// Prepares to ask the host at `url`, such as `https://lifesigns.example:9123`, with a token. `ca` is a file of
    /// certificates to trust in place of the web's authorities.
    ///
    /// # Errors
    /// See [`RemoteError`].
    pub fn new(url: &str, token: Option<&str>, ca: Option<&Path>) -> Result<Self, RemoteError> {
        let wrong = |why| RemoteError::Url { url: url.chars().take(200).collect(), why };
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
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let is_local = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        if token.is_some() && !is_tls && !is_local {
            return Err(RemoteError::Readable { url: url.to_owned() });
        }
        let bearer = token.map(|token| HeaderValue::from_str(&format!("Bearer {token}"))).transpose();
        let mut bearer = bearer.map_err(|_| RemoteError::Token)?;
        bearer.iter_mut().for_each(|value| value.set_sensitive(true));
        let tls = if is_tls {
            let name = ServerName::try_from(host.clone()).map_err(|_| wrong("no certificate can be for this host"))?;
            Some((TlsConnector::from(client_config(ca, HTTP)?), name))
        } else {
            None
        };
        let authority = HeaderValue::from_str(authority.as_str()).map_err(|_| wrong("it names no host"))?;
        Ok(Self { url: url.to_owned(), host, port, authority, bearer, tls })
    }

    /// Returns its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    pub(crate) async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let connect = async {
            let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
            Ok(match &self.tls {
                None => Box::new(stream) as Box<dyn Stream>,
                Some((tls, name)) => Box::new(tls.connect(name.clone(), stream).await?),
            })
        };
        match tokio::time::timeout(CONNECT_DEADLINE, connect).await {
            Ok(connected) => connected,
            Err(_) => Err(io::Error::other(format!("no connection within {} s", CONNECT_DEADLINE.as_secs()))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_over_tls_or_stays_on_the_machine() {
        let with = |url: &str| RemoteHost::new(url, Some("lifesigns_1_2"), None);
        for url in ["https://lifesigns.example", "http://127.0.0.1:9123", "http://[::1]:9123/", "http://localhost:1"] {
            assert!(with(url).is_ok(), "{url}");
        }
        assert!(matches!(with("http://lifesigns.example:9123"), Err(RemoteError::Readable { .. })));
        assert!(RemoteHost::new("http://lifesigns.example:9123", None, None).is_ok());
    }

    #[test]
    fn what_is_no_url_of_a_host_is_refused() {
        for url in
            ["", "lifesigns.example:9123", "ftp://a", "https://", "https://u:p@a", "https://a/api", "https://a?b"]
        {
            assert!(matches!(RemoteHost::new(url, None, None), Err(RemoteError::Url { .. })), "{url}");
        }
        assert!(matches!(RemoteHost::new("https://a", Some("a\nb"), None), Err(RemoteError::Token)));
        assert!(!format!("{:?}", RemoteHost::new("https://a", Some("hidden"), None)).contains("hidden"));
    }
}
