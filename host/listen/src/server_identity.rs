//! What a listener by TLS proves itself with, and how it knows its clients, read again when the files change.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{ServerConfig, crypto::ring::default_provider, server::WebPkiClientVerifier};

use crate::pem_file::{TlsError, authorities, certificates, private_key, unusable};

/// The files of a listener, all PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those between it and its authority.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The authorities of clients: only those with a certificate of one of them are served. All are, if there is none.
    pub client_ca: Option<PathBuf>,
}

/// A version of a file: device, inode, size, and its time of modification. `None` if it is not there.
type FileVersion = Option<(u64, u64, u64, i64, i64)>;

/// See the module.
#[derive(Debug)]
pub struct TlsIdentity {
    files: TlsFiles,
    protocols: Vec<Vec<u8>>,
    seen: Vec<FileVersion>,
    config: Arc<ServerConfig>,
}

impl TlsIdentity {
    /// Reads the files. `protocols` are what the handshake calls what follows it, such as `http/1.1`; none if it does
    /// not say.
    ///
    /// # Errors
    /// When one cannot be read, or they do not fit together; the error names it.
    pub fn load(files: TlsFiles, protocols: &[&[u8]]) -> Result<Self, TlsError> {
        // The versions first: a file that changes meanwhile is read again.
        let seen = versions(&files);
        let protocols: Vec<Vec<u8>> = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let config = read(&files, &protocols)?;
        Ok(Self { files, protocols, seen, config })
    }

    /// Returns what the next connection is accepted with.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// Returns the file of its certificate.
    pub fn certificate(&self) -> &Path {
        &self.files.certificate
    }

    /// Reads the files again if they have changed; connections that are open stay as they are. Returns whether new
    /// ones are in use.
    ///
    /// # Errors
    /// As [`Self::load`]; the old ones stay in use. One of two files may be about to be replaced: that is another
    /// change.
    pub fn refresh(&mut self) -> Result<bool, TlsError> {
        let seen = versions(&self.files);
        if seen == self.seen {
            return Ok(false);
        }
        self.seen = seen;
        self.config = read(&self.files, &self.protocols)?;
        Ok(true)
    }
}

fn versions(files: &TlsFiles) -> Vec<FileVersion> {
    [Some(&files.certificate), Some(&files.key), files.client_ca.as_ref()]
        .into_iter()
        .flatten()
        .map(|path| version(path))
        .collect()
}

fn version(path: &Path) -> FileVersion {
    let file = fs::metadata(path).ok()?;
    Some((file.dev(), file.ino(), file.size(), file.mtime(), file.mtime_nsec()))
}

fn read(files: &TlsFiles, protocols: &[Vec<u8>]) -> Result<Arc<ServerConfig>, TlsError> {
    let TlsFiles { certificate, key, client_ca } = files;
    let no_pair = |error: rustls::Error| TlsError::NoPair {
        certificate: certificate.clone(),
        key: key.clone(),
        why: error.to_string(),
    };
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().map_err(no_pair)?;
    let builder = match client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(authorities(path)?), provider).build();
            builder.with_client_cert_verifier(verifier.map_err(|error| unusable(path, &error))?)
        }
    };
    let mut config = builder.with_single_cert(certificates(certificate)?, private_key(key)?).map_err(no_pair)?;
    config.alpn_protocols = protocols.to_vec();
    Ok(Arc::new(config))
}
