//! A certificate for `localhost`, made for one test.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tempfile::TempDir;

use crate::process::{Unavailable, program};

/// See the module.
pub struct Identity {
    folder: TempDir,
}

impl Identity {
    /// Makes one.
    ///
    /// # Errors
    /// When there is no `openssl` here.
    pub fn new() -> Result<Self, Unavailable> {
        let openssl = program("openssl", "openssl")?;
        let folder = tempfile::tempdir()?;
        let made = Command::new(openssl)
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "key.pem", "-out", "certificate.pem"])
            .current_dir(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()?;
        if made.success() { Ok(Self { folder }) } else { Err(Unavailable::Silent("openssl req".into())) }
    }

    /// The certificate, as PEM.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    /// Its key, as PEM.
    pub fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    /// What a server needs.
    pub(crate) fn server(&self) -> Arc<ServerConfig> {
        let certificate = CertificateDer::from_pem_file(self.certificate()).expect("a certificate");
        let key = PrivateKeyDer::from_pem_file(self.key()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let builder = builder.expect("versions of TLS").with_no_client_auth();
        Arc::new(builder.with_single_cert(vec![certificate], key).expect("a certificate and its key"))
    }
}
