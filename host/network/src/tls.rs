//! TLS of a listener: certificate, key and perhaps the CA of its clients, read again when the files change.

use std::{fs, os::unix::fs::MetadataExt, path::Path, sync::Arc};

use lifesigns_intake::SyslogTls;
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring::default_provider,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tokio_rustls::TlsAcceptor;

/// Longest file of certificates, in bytes.
const FILE_BYTES: u64 = 1 << 20;

/// A version of a file: device, inode, size, and its time of modification. `None` if it is not there.
type FileVersion = Option<(u64, u64, u64, i64, i64)>;

/// What a listener proves itself with, and how it knows its clients.
pub(crate) struct TlsIdentity {
    files: SyslogTls,
    seen: Vec<FileVersion>,
    acceptor: TlsAcceptor,
}

impl TlsIdentity {
    /// Reads the files.
    ///
    /// # Errors
    /// When one cannot be read, or they do not fit together; the text names it.
    pub(crate) fn load(files: &SyslogTls) -> Result<Self, String> {
        // The versions first: a file that changes meanwhile is read again.
        let seen = versions(files);
        Ok(Self { files: files.clone(), seen, acceptor: acceptor(files)? })
    }

    /// Returns what accepts the next connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }

    /// Reads the files again if they have changed. Connections that are open stay as they are. Returns whether new ones
    /// are in use.
    ///
    /// # Errors
    /// As [`Self::load`]; the old ones stay in use.
    pub(crate) fn refresh(&mut self) -> Result<bool, String> {
        let seen = versions(&self.files);
        if seen == self.seen {
            return Ok(false);
        }
        self.seen = seen;
        self.acceptor = acceptor(&self.files)?;
        Ok(true)
    }
}

fn versions(files: &SyslogTls) -> Vec<FileVersion> {
    let version = |path: &Path| {
        let file = fs::metadata(path).ok()?;
        Some((file.dev(), file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
    };
    [Some(&files.certificate), Some(&files.key), files.client_ca.as_ref()]
        .into_iter()
        .flatten()
        .map(|path| version(path))
        .collect()
}

fn acceptor(files: &SyslogTls) -> Result<TlsAcceptor, String> {
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match &files.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| format!("{}: {error}", path.display()))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| format!("{}: {error}", path.display()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let key = PrivateKeyDer::from_pem_slice(&read(&files.key)?)
        .map_err(|error| format!("{}: {}", files.key.display(), pem_error(&error, "private key")))?;
    let config = builder.with_single_cert(certificates(&files.certificate)?, key).map_err(|error| {
        format!("the certificate {} and the key {}: {error}", files.certificate.display(), files.key.display())
    })?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |error: &pem::Error| format!("{}: {}", path.display(), pem_error(error, "certificate"));
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    let all = all.map_err(|error| wrong(&error))?;
    if all.is_empty() { Err(wrong(&pem::Error::NoItemsFound)) } else { Ok(all) }
}

fn pem_error(error: &pem::Error, wanted: &str) -> String {
    match error {
        pem::Error::NoItemsFound => format!("there is no {wanted} in it; it must be PEM"),
        error => format!("it is no PEM with a {wanted}: {error}"),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let cannot = |why: String| format!("{}: {why}", path.display());
    let size = fs::metadata(path).map_err(|error| cannot(format!("it cannot be read: {error}")))?.len();
    if size > FILE_BYTES {
        return Err(cannot("it is longer than 1 MiB".to_owned()));
    }
    fs::read(path).map_err(|error| cannot(format!("it cannot be read: {error}")))
}
