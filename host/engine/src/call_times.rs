//! How long calls of rules take, as a histogram of fixed buckets.

/// What ends each bucket, in nanoseconds; calls that take longer are in one more.
pub const CALL_BUCKETS_NS: [u64; 10] =
    [10_000, 50_000, 100_000, 500_000, 1_000_000, 5_000_000, 10_000_000, 50_000_000, 100_000_000, 1_000_000_000];

/// Calls by the CPU that they took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallTimes {
    /// Calls in each bucket, and beyond the last one.
    pub counts: [u64; CALL_BUCKETS_NS.len() + 1],
    /// CPU of all of them, in nanoseconds.
    pub sum_ns: u64,
}

impl CallTimes {
    /// Counts a call.
    pub(crate) fn note(&mut self, cpu_ns: u64) {
        let bucket = CALL_BUCKETS_NS.partition_point(|end_ns| *end_ns < cpu_ns);
        self.counts[bucket] += 1;
        self.sum_ns += cpu_ns;
    }
}

impl std::ops::AddAssign for CallTimes {
    fn add_assign(&mut self, other: Self) {
        self.counts.iter_mut().zip(other.counts).for_each(|(count, more)| *count += more);
        self.sum_ns += other.sum_ns;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_in_the_bucket_that_it_fits_into() {
        let mut times = CallTimes::default();
        [0, 10_000, 10_001, 2_000_000_000].into_iter().for_each(|cpu_ns| times.note(cpu_ns));
        assert_eq!((times.counts[0], times.counts[1], times.counts[10]), (2, 1, 1));
        times += times;
        assert_eq!((times.counts.iter().sum::<u64>(), times.sum_ns), (8, 4_000_040_002));
    }
}
