//! Ids and keys that are derived from what they stand for, so that the same input gives the same ones.

use sha2::{Digest, Sha256};

use crate::config::ComplianceConfig;

/// Returns 16 hexadecimal digits of a digest over `parts`.
pub(super) fn derived_id(parts: &[&str]) -> String {
    hex_digest(parts, 8)
}

/// Returns the first `bytes` bytes of a digest over `parts`, in hexadecimal. The length of each part is
/// part of the digest, so that neighbours cannot run together.
pub(super) fn hex_digest(parts: &[&str], bytes: usize) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    hex::encode(&digest.finalize()[..bytes])
}

/// Returns a digest that differs between configurations, and between versions of the code that decides by them.
pub(super) fn config_digest(config: &ComplianceConfig) -> String {
    hex_digest(&[env!("CARGO_PKG_VERSION"), &format!("{config:?}")], 16)
}
