//! Keys as they are kept: short ones as they are, long ones hashed.

use std::borrow::Cow;

use lifesigns_model::limits;
use sha2::{Digest, Sha256};

/// `text`, or its SHA-256 if it is longer than a key may be.
pub(super) fn bounded(text: &str) -> Cow<'_, str> {
    if text.len() <= limits::KEY_BYTES {
        return text.into();
    }
    let digest = Sha256::digest(text.as_bytes());
    let hex = digest.iter().fold(String::from("sha256:"), |mut hex, byte| {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        hex.push(char::from(DIGITS[usize::from(byte >> 4)]));
        hex.push(char::from(DIGITS[usize::from(byte & 15)]));
        hex
    });
    hex.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_keys_are_hashed() {
        assert_eq!(bounded("short"), "short");
        let long = "x".repeat(257);
        assert_eq!(bounded(&long).len(), 71);
        assert_ne!(bounded(&long), bounded(&"y".repeat(257)));
    }
}
