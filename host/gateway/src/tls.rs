//! TLS by rustls with ring: the server's certificate, which is read again when its files change, and what a client
//! trusts.

use std::{
    fs,
    io::Read as _,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

/// The longest file of certificates or of a key, in bytes.
const PEM_BYTES: u64 = 1024 * 1024;
/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// What the protocol is called in the handshake.
const HTTP: &[u8] = b"http/1.1";

/// Why a certificate, a key or a file of trusted certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file cannot be read.
    #[error("{} cannot be read: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        error: std::io::Error,
    },
    /// The file does not hold what it should.
    #[error("{} holds no {what} in the form of PEM{}", path.display(), because(.why))]
    NoPem {
        /// The file.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
        /// What the reader says; may be empty.
        why: String,
    },
    /// The two files do not belong together, or are of a kind that is not supported.
    #[error("certificate {} and key {} cannot be used: {why}", cert.display(), key.display())]
    Unusable {
        /// The file of certificates.
        cert: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why.
        why: String,
    },
}

fn because(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(": {why}") }
}

/// The certificate and key of a server, in files.
#[derive(Debug)]
pub struct TlsIdentity {
    cert: PathBuf,
    key: PathBuf,
    current: Arc<CurrentCertificate>,
    seen: FileVersions,
}

/// What decides whether files are read again.
type FileVersions = [Option<(u64, u64, u64, i64, i64)>; 2];

/// The certificate that the next handshake shows.
#[derive(Debug)]
struct CurrentCertificate(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for CurrentCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl TlsIdentity {
    /// Reads a certificate, with the chain that leads to its root, and its key, both as PEM.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn read(cert: &Path, key: &Path) -> Result<Self, TlsError> {
        let seen = [version(cert), version(key)];
        let current = Arc::new(CurrentCertificate(RwLock::new(Arc::new(pair(cert, key)?))));
        Ok(Self { cert: cert.to_owned(), key: key.to_owned(), current, seen })
    }

    pub(crate) fn config(&self) -> Result<Arc<ServerConfig>, TlsError> {
        let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let versions = builder.with_safe_default_protocol_versions();
        let builder = versions.map_err(|error| self.unusable(&error))?;
        let resolver = Arc::clone(&self.current);
        let mut config = builder.with_no_client_auth().with_cert_resolver(resolver);
        config.alpn_protocols = vec![HTTP.to_vec()];
        Ok(Arc::new(config))
    }

    fn unusable(&self, why: &rustls::Error) -> TlsError {
        unusable(&self.cert, &self.key, why)
    }

    /// Reads the files again if they have changed; the pair that is in use stays until the new one is whole.
    fn renew(&mut self) {
        let now = [version(&self.cert), version(&self.key)];
        if now == self.seen {
            return;
        }
        self.seen = now;
        match pair(&self.cert, &self.key) {
            Ok(pair) => {
                *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
                tracing::info!("TLS certificate {} reloaded", self.cert.display());
            }
            // One of the two may be about to be replaced: that is another change, and looked at again.
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
                Ok(identity) => self = identity,
                Err(_) => return,
            }
        }
    }
}

/// Returns what a client trusts: the certificates in `ca`, else those of the web's authorities, compiled in.
///
/// # Errors
/// See [`TlsError`].
pub(crate) fn client_config(ca: Option<&Path>) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    match ca {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for one in certificates(path)? {
                let added = roots.add(one);
                added.map_err(|error| no_pem(path, "certificate of an authority", &error))?;
            }
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| no_pem(Path::new("(built in)"), "version of TLS", &error))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![HTTP.to_vec()];
    Ok(Arc::new(config))
}

fn pair(cert: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let chain = certificates(cert)?;
    let pem = read(key)?;
    let parsed = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| no_pem(key, "private key", &error))?;
    CertifiedKey::from_der(chain, parsed, &ring::default_provider()).map_err(|why| unusable(cert, key, &why))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let all = all.map_err(|error| no_pem(path, "certificate", &error))?;
    if all.is_empty() {
        return Err(no_pem(path, "certificate", &""));
    }
    Ok(all)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut bytes = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(PEM_BYTES).read_to_end(&mut bytes));
    read.map_err(|error| TlsError::Unreadable { path: path.to_owned(), error })?;
    Ok(bytes)
}

fn no_pem(path: &Path, what: &'static str, why: &impl ToString) -> TlsError {
    TlsError::NoPem { path: path.to_owned(), what, why: why.to_string() }
}

fn unusable(cert: &Path, key: &Path, why: &rustls::Error) -> TlsError {
    TlsError::Unusable { cert: cert.to_owned(), key: key.to_owned(), why: why.to_string() }
}

fn version(path: &Path) -> Option<(u64, u64, u64, i64, i64)> {
    let file = fs::metadata(path).ok()?;
    Some((file.dev(), file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
}
