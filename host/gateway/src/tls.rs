//! The certificate of the server's addresses: it is read again when its files change.

use std::{path::PathBuf, sync::Arc, time::Duration};

use lifesigns_listen::{TlsError, TlsFiles, TlsIdentity};
use parking_lot::RwLock;
use rustls::ServerConfig;
use tokio_rustls::TlsAcceptor;

/// What the protocols are called in the handshake.
pub(crate) const HTTP: &[u8] = b"http/1.1";
const HTTP2: &[u8] = b"h2";
/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);

/// What connections to the server's addresses are accepted with.
#[derive(Debug)]
pub struct ServerTls {
    identity: TlsIdentity,
    current: CurrentTls,
}

/// What the next connection is accepted with.
#[derive(Clone, Debug)]
pub(crate) struct CurrentTls(Arc<RwLock<Arc<ServerConfig>>>);

impl CurrentTls {
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.0.read()))
    }
}

impl ServerTls {
    /// Reads a certificate, with the chain that leads to its root, and its key, both as PEM.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn read(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        // The first that the client knows too is taken: HTTP/2 by those only that know nothing else, which is gRPC.
        let identity = TlsIdentity::load(TlsFiles { certificate, key, client_ca: None }, &[HTTP, HTTP2])?;
        let current = CurrentTls(Arc::new(RwLock::new(identity.config())));
        Ok(Self { identity, current })
    }

    pub(crate) fn current(&self) -> CurrentTls {
        self.current.clone()
    }

    /// Takes the files as they are now, if they have changed and are whole.
    fn renew(&mut self) {
        match self.identity.refresh() {
            Ok(false) => {}
            Ok(true) => {
                *self.current.0.write() = self.identity.config();
                tracing::info!("TLS certificate {} reloaded", self.identity.certificate().display());
            }
            Err(error) => tracing::warn!("the TLS certificate stays as it was: {error}"),
        }
    }

    /// Looks at the files every now and then, until the task is aborted.
    pub(crate) async fn follow(mut self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let looked = tokio::task::spawn_blocking(move || {
                self.renew();
                self
            });
            match looked.await {
                Ok(tls) => self = tls,
                Err(_) => return,
            }
        }
    }
}
