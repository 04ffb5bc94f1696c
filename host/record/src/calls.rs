//! Which calls of rules are read: what a rule was given when it raised a symptom last, or when it failed.

use sha2::{Digest as _, Sha256};

/// Which calls are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallFilter {
    /// The last one that raised a symptom of an object.
    Raise {
        /// The object.
        object: String,
        /// The rule.
        rule: String,
        /// The symptom's id.
        symptom: String,
    },
    /// Those on which a rule or its shadow failed, the latest first: at most [`lifesigns_model::limits::FAILED_CALLS`].
    Failures {
        /// The rule.
        rule: String,
    },
}

/// Returns `sha256:…` of a rule's settings, under which a record keeps them.
pub fn settings_digest(settings: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(settings)))
}
