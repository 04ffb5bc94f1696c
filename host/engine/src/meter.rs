//! A token bucket: so much a second, with a burst, paid for after use. A plain value without a clock.

const NS_PER_S: i128 = 1_000_000_000;

/// A budget of some unit (nanoseconds, bytes, alerts) per second.
#[derive(Clone, Debug)]
pub(crate) struct TokenBucket {
    per_s: i128,
    burst: i128,
    /// What is left, in billionths of the unit; less than nothing is debt.
    level: i128,
    at_ns: u64,
    /// When it was last full, and what has been used since.
    full_ns: u64,
    used: u64,
}

impl TokenBucket {
    /// A full one.
    pub(crate) fn new(per_s: u64, burst: u64) -> Self {
        let burst = i128::from(burst) * NS_PER_S;
        Self { per_s: i128::from(per_s), burst, level: burst, at_ns: 0, full_ns: 0, used: 0 }
    }

    /// Uses so much at `now_ns`. Returns whether it is in debt now. A time before the last one counts
    /// as the last one.
    pub(crate) fn charge(&mut self, now_ns: u64, amount: u64) -> bool {
        self.refill(now_ns);
        self.used = self.used.saturating_add(amount);
        self.level -= i128::from(amount) * NS_PER_S;
        self.level < 0
    }

    /// Whether there is something left at `now_ns`.
    pub(crate) fn has_some(&mut self, now_ns: u64) -> bool {
        self.refill(now_ns);
        self.level >= NS_PER_S
    }

    /// Whether it is as full as it can be at `now_ns`.
    pub(crate) fn is_full(&mut self, now_ns: u64) -> bool {
        self.refill(now_ns);
        self.level == self.burst
    }

    /// When its debt will have been paid; the past if it has none.
    pub(crate) fn paid_ns(&self) -> u64 {
        if self.level >= 0 {
            return self.at_ns;
        }
        let wait_ns = (-self.level).div_euclid(self.per_s.max(1)).saturating_add(1);
        self.at_ns.saturating_add(u64::try_from(wait_ns).unwrap_or(u64::MAX))
    }

    /// Leaves it an eighth of its burst from `from_ns` on, if it had less: what a rule may use when it
    /// comes back from a pause.
    pub(crate) fn resume(&mut self, from_ns: u64) {
        if from_ns > self.at_ns {
            self.at_ns = from_ns;
            self.level = self.level.max(self.burst / 8).min(self.burst);
        }
        (self.full_ns, self.used) = (from_ns, 0);
    }

    /// What has been used since it was last full or [resumed](Self::resume), and in how many
    /// nanoseconds.
    pub(crate) const fn used(&self) -> (u64, u64) {
        (self.used, self.at_ns.saturating_sub(self.full_ns))
    }

    fn refill(&mut self, now_ns: u64) {
        if now_ns > self.at_ns {
            let more = i128::from(now_ns - self.at_ns) * self.per_s;
            self.level = (self.level + more).min(self.burst);
            self.at_ns = now_ns;
        }
        if self.level == self.burst {
            (self.full_ns, self.used) = (self.at_ns, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    #[test]
    fn a_burst_then_the_rate() {
        let mut meter = TokenBucket::new(100, 50);
        assert!(!meter.charge(S, 50));
        assert!(!meter.has_some(S) && meter.has_some(S + S / 100));
        assert!(meter.charge(2 * S, 51) && !meter.has_some(2 * S));
        assert_eq!(meter.used(), (51, 0));
        assert_eq!(meter.paid_ns(), 2 * S + S / 100 + 1);
        assert!(meter.is_full(3 * S));
        assert_eq!(meter.used(), (0, 0));
    }

    #[test]
    fn time_that_goes_back_gives_nothing() {
        let mut meter = TokenBucket::new(1, 1);
        assert!(!meter.charge(10 * S, 1) && meter.charge(5 * S, 1) && meter.charge(10 * S, 0));
        assert!(!meter.has_some(11 * S) && meter.has_some(12 * S));
    }

    /// Whatever is charged when: over any span that begins full, what is used without debt is at most
    /// the burst and what the rate gives, and one charge more.
    #[test]
    fn what_is_used_is_bounded_by_burst_and_rate() {
        let mut random = 11_u64;
        let mut next = |below: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) % below
        };
        for _ in 0..200 {
            let (per_s, burst) = (1 + next(10_000), 1 + next(10_000));
            let mut meter = TokenBucket::new(per_s, burst);
            let (mut now_ns, mut used, most) = (S, 0_u64, 1 + next(5_000));
            assert!(meter.is_full(now_ns));
            for _ in 0..500 {
                now_ns += next(50_000_000);
                if meter.has_some(now_ns) {
                    let amount = 1 + next(most);
                    used += amount;
                    meter.charge(now_ns, amount);
                }
                let given = u128::from(burst) + u128::from(now_ns - S) * u128::from(per_s) / u128::from(S);
                assert!(u128::from(used) <= given + u128::from(most) + 1, "{used} of {given}, {most} at once");
            }
        }
    }
}
