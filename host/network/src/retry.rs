//! Pauses before something is tried again.

use lifesigns_model::Backoff;

/// The first pause, and the longest.
const FIRST_MS: u64 = 1000;
const LONGEST_MS: u64 = 15_000;

/// Returns the pauses between tries.
pub(crate) fn backoff() -> Backoff {
    Backoff::new(FIRST_MS, LONGEST_MS)
}
