//! Certificates of authorities in PEM files.

use std::{fs::File, io::Read as _, path::Path};

use ureq::tls::{PemItem, RootCerts, parse_pem};

/// The most bytes of a file of certificates.
const FILE_BYTES: u64 = 4 << 20;

/// Returns the content of a PEM file.
///
/// # Errors
/// It cannot be read, or is longer than 4 MiB; the message names it.
pub fn read_pem(path: &Path) -> Result<Vec<u8>, String> {
    let shown = path.display();
    let mut pem = Vec::new();
    let file = File::open(path).map_err(|why| format!("{shown}: {why}"))?;
    file.take(FILE_BYTES + 1).read_to_end(&mut pem).map_err(|why| format!("{shown}: {why}"))?;
    if pem.len() as u64 > FILE_BYTES {
        return Err(format!("{shown} is longer than 4 MiB: name a file of certificates"));
    }
    Ok(pem)
}

/// Returns the certificates in `pem`, the content of the file at `path`.
///
/// # Errors
/// There is none, or one cannot be read; the message names the file.
pub fn root_certificates(path: &Path, pem: &[u8]) -> Result<RootCerts, String> {
    let shown = path.display();
    let mut roots = Vec::new();
    for item in parse_pem(pem) {
        if let PemItem::Certificate(one) = item.map_err(|why| format!("{shown}: {why}"))? {
            roots.push(one);
        }
    }
    if roots.is_empty() {
        return Err(format!("{shown} has no certificate in it"));
    }
    Ok(RootCerts::new_with_certs(&roots))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_or_that_is_too_long_is_refused() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert_eq!(read_pem(file.path()), Ok(Vec::new()));
        let why = root_certificates(file.path(), b"nothing").expect_err("there is none");
        assert!(why.ends_with("has no certificate in it"), "{why}");
        file.as_file().set_len(FILE_BYTES + 1).expect("it grows");
        assert!(read_pem(file.path()).is_err_and(|why| why.contains("longer than 4 MiB")));
        assert!(read_pem(Path::new("/none/there")).is_err_and(|why| why.starts_with("/none/there: ")));
    }
}
