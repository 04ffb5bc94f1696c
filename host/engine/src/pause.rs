//! How long a rule is paused, whether it failed or used too much.

/// The first pause; it doubles each time, until the rule is trusted again.
const FIRST_MS: u64 = 1_000;
/// The longest pause.
pub(crate) const LONGEST_MS: u64 = 300_000;

/// Returns the pause in milliseconds after `before` pauses in a row.
pub(crate) fn after(before: u32) -> u64 {
    FIRST_MS.saturating_mul(1 << before.min(20)).min(LONGEST_MS)
}
