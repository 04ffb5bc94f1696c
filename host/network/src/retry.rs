//! Pauses before something is tried again: they get longer.

use std::time::Duration;

/// The first pause.
const FIRST: Duration = Duration::from_secs(1);
/// The longest.
const LAST: Duration = Duration::from_secs(15);

/// The pauses between tries.
#[derive(Debug, Default)]
pub(crate) struct Backoff(Duration);

impl Backoff {
    /// Returns the next pause.
    pub(crate) fn pause(&mut self) -> Duration {
        self.0 = if self.0.is_zero() { FIRST } else { (self.0 * 2).min(LAST) };
        self.0
    }

    /// Begins with the first pause again.
    pub(crate) const fn reset(&mut self) {
        self.0 = Duration::ZERO;
    }
}
