//! Keys as they are kept: short ones as they are, long ones hashed.

use std::borrow::Cow;

use lifesigns_model::limits;
use sha2::{Digest, Sha256};

/// `text`, or its SHA-256 if it is longer than a key may be.
pub(super) fn bounded(text: &str) -> Cow<'_, str> {
    if text.len() <= limits::KEY_BYTES {
        return text.into();
    }
    format!("sha256:{}", hex::encode(Sha256::digest(text))).into()
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
