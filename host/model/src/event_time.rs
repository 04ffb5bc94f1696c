//! How late an event may count: no later than the host's clock. Engine and book clamp by this one rule,
//! so that a time counts the same wherever it is met first.

/// Returns the time for which an event of `time_ns` counts: its own, or `clock_ns`, the host's clock when it
/// came, if its own is later. A time in the future would end holds, outrank what comes after it, and go on
/// counting until the clock has come so far. A `clock_ns` of 0 is no clock, as in a replay: then nothing is
/// clamped. Both are nanoseconds since the Unix epoch.
#[must_use]
pub const fn clamp_event_time(time_ns: u64, clock_ns: u64) -> u64 {
    if clock_ns > 0 && time_ns > clock_ns { clock_ns } else { time_ns }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn without_a_clock_every_time_stays(time_ns: u64) {
            prop_assert_eq!(clamp_event_time(time_ns, 0), time_ns);
        }

        #[test]
        fn nothing_counts_later_than_the_clock_and_what_is_not_ahead_stays(time_ns: u64, clock_ns in 1_u64..) {
            let counted_ns = clamp_event_time(time_ns, clock_ns);
            prop_assert!(counted_ns <= clock_ns);
            prop_assert_eq!(counted_ns == time_ns, time_ns <= clock_ns);
        }

        #[test]
        fn order_is_kept(a: u64, b: u64, clock_ns: u64) {
            let (a, b) = (a.min(b), a.max(b));
            prop_assert!(clamp_event_time(a, clock_ns) <= clamp_event_time(b, clock_ns));
        }

        /// The engine clamps by the clock at which a line came, the book later by its own, which may have been
        /// set back since: the earlier clock decides, whichever is first.
        #[test]
        fn clamping_by_two_clocks_is_clamping_by_the_earlier_one(time_ns: u64, came_ns in 1_u64.., book_ns in 1_u64..) {
            let twice_ns = clamp_event_time(clamp_event_time(time_ns, came_ns), book_ns);
            prop_assert_eq!(twice_ns, clamp_event_time(time_ns, came_ns.min(book_ns)));
            prop_assert_eq!(clamp_event_time(twice_ns, book_ns), twice_ns);
        }
    }
}
