//! The CPU that the calling thread has used: what a rule costs, however busy the machine is.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of CPU since the thread began.
pub(crate) fn used_ns() -> u64 {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(used.tv_sec).unwrap_or(0).saturating_mul(1_000_000_000) + u64::try_from(used.tv_nsec).unwrap_or(0)
}
