//! The version of the JSON that receivers are sent.

/// It changes when a member changes its meaning or goes, not when one is added.
pub(crate) const JSON_VERSION: u32 = 1;
