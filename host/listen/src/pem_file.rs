//! Certificates and keys in PEM files, read whole or not at all, and what a client trusts.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject as _},
};

/// The longest file of certificates or of a key, in bytes.
const FILE_BYTES: u64 = 1 << 20;

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
        error: io::Error,
    },
    /// The file is too long to be what it should be.
    #[error("{} is longer than 1 MiB; it should hold no more than a few certificates or a key", path.display())]
    TooLong {
        /// The file.
        path: PathBuf,
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
    /// What the file holds cannot be used.
    #[error("{} cannot be used: {why}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The two files do not belong together, or are of a kind that is not supported.
    #[error("certificate {} and key {} cannot be used: {why}", certificate.display(), key.display())]
    NoPair {
        /// The file of certificates.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// Why.
        why: String,
    },
}

fn because(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(": {why}") }
}

/// Returns the certificates of a file, at least one.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    let all = all.map_err(|error| no_pem(path, "certificate", &error))?;
    if all.is_empty() { Err(no_pem(path, "certificate", &pem::Error::NoItemsFound)) } else { Ok(all) }
}

/// Returns the private key of a file.
pub(crate) fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|error| no_pem(path, "private key", &error))
}

/// Returns the certificates of a file as those of authorities.
pub(crate) fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|error| unusable(path, &error))?;
    }
    Ok(roots)
}

/// Returns what a client trusts: the authorities in the file `ca`, else those of the web, compiled in. `protocol` is
/// what the handshake calls what follows it, such as `http/1.1`.
///
/// # Errors
/// See [`TlsError`].
pub fn client_config(ca: Option<&Path>, protocol: &[u8]) -> Result<Arc<ClientConfig>, TlsError> {
    let roots = match ca {
        None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
        Some(path) => authorities(path)?,
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| unusable(Path::new("(built in)"), &error))?;
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok(Arc::new(config))
}

pub(crate) fn unusable(path: &Path, why: &impl ToString) -> TlsError {
    TlsError::Unusable { path: path.to_owned(), why: why.to_string() }
}

fn no_pem(path: &Path, what: &'static str, error: &pem::Error) -> TlsError {
    // That there is none is said already.
    let why = if matches!(error, pem::Error::NoItemsFound) { String::new() } else { error.to_string() };
    TlsError::NoPem { path: path.to_owned(), what, why }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| TlsError::Unreadable { path: path.to_owned(), error })?;
    if bytes.len() as u64 > FILE_BYTES { Err(TlsError::TooLong { path: path.to_owned() }) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_is_no_pem_or_too_long_or_not_there_is_an_error_that_names_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ca.pem");
        let why = |path: &Path| client_config(Some(path), b"x").expect_err("it is wrong").to_string();
        assert!(why(&path).contains("ca.pem cannot be read"));
        fs::write(&path, "nothing").expect("it is written");
        assert!(why(&path).ends_with("ca.pem holds no certificate in the form of PEM"), "{}", why(&path));
        fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").expect("it is written");
        assert!(why(&path).contains("ca.pem cannot be used: "), "{}", why(&path));
        fs::write(&path, " ".repeat(FILE_BYTES as usize)).expect("it is written");
        assert!(why(&path).contains("holds no certificate"));
        // Not as much of it as fits.
        fs::write(&path, " ".repeat(FILE_BYTES as usize + 1)).expect("it is written");
        assert!(why(&path).contains("longer than 1 MiB"));
    }
}
