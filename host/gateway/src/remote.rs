//! A host in the network, as a client sees it: its URL, the token to show, and what to trust.

use std::{io, path::Path, time::Duration};

use hyper::header::HeaderValue;
use lifesigns_api::{HostUrl, HostUrlError};
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
    /// The URL is not one of a host, or the token would be readable on its way there.
    #[error(transparent)]
    Url(#[from] HostUrlError),
    /// The token is no token.
    #[error("the token has characters that no token has")]
    Token,
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
        let HostUrl { host, port, authority, is_tls } = HostUrl::parse(url, token.is_some())?;
        let wrong = |why| HostUrl::refused(url, why);
        let bearer = token.map(|token| HeaderValue::from_str(&format!("Bearer {token}"))).transpose();
        let mut bearer = bearer.map_err(|_| RemoteError::Token)?;
        bearer.iter_mut().for_each(|value| value.set_sensitive(true));
        let tls = if is_tls {
            let name = ServerName::try_from(host.clone()).map_err(|_| wrong("no certificate can be for this host"))?;
            Some((TlsConnector::from(client_config(ca, HTTP)?), name))
        } else {
            None
        };
        let authority = HeaderValue::from_str(&authority).map_err(|_| wrong("it names no host"))?;
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
        assert!(matches!(with("http://lifesigns.example:9123"), Err(RemoteError::Url(HostUrlError::Readable { .. }))));
        assert!(RemoteHost::new("http://lifesigns.example:9123", None, None).is_ok());
    }

    #[test]
    fn what_is_no_url_of_a_host_is_refused() {
        for url in
            ["", "lifesigns.example:9123", "ftp://a", "https://", "https://u:p@a", "https://a/api", "https://a?b"]
        {
            assert!(
                matches!(RemoteHost::new(url, None, None), Err(RemoteError::Url(HostUrlError::Url { .. }))),
                "{url}"
            );
        }
        assert!(matches!(RemoteHost::new("https://a", Some("a\nb"), None), Err(RemoteError::Token)));
        assert!(!format!("{:?}", RemoteHost::new("https://a", Some("hidden"), None)).contains("hidden"));
    }
}
