//! When a policy is in force: hours of a week, UTC.

use crate::config::{Hours, Policy};

const MINUTE_NS: u64 = 60_000_000_000;
const DAY_MINUTES: u64 = 24 * 60;
const WEEK_MINUTES: u64 = 7 * DAY_MINUTES;
/// The epoch was a Thursday.
const EPOCH_MINUTE: u64 = 3 * DAY_MINUTES;

impl Hours {
    /// Whether `time_ns` (since the Unix epoch, UTC) is within them.
    pub fn contain(&self, time_ns: u64) -> bool {
        self.contain_minute(minute_of_week(time_ns))
    }

    fn contain_minute(&self, minute: u64) -> bool {
        let (day, minute) = (minute / DAY_MINUTES, minute % DAY_MINUTES);
        let (from, to) = (u64::from(self.from_minute), u64::from(self.to_minute));
        let on = |day: u64| self.days & (1 << (day % 7)) != 0;
        if from < to {
            on(day) && (from..to).contains(&minute)
        } else {
            (on(day) && minute >= from) || (on(day + 6) && minute < to)
        }
    }
}

impl Policy {
    /// Whether it is in force at `time_ns` of the host's clock.
    pub fn in_force(&self, time_ns: u64) -> bool {
        self.in_force_minute(minute_of_week(time_ns))
    }

    fn in_force_minute(&self, minute: u64) -> bool {
        self.hours.is_empty() || self.hours.iter().any(|hours| hours.contain_minute(minute))
    }
}

/// The minutes of the week at which some policy begins or ceases to be in force, in order.
pub(crate) fn changes(policies: &[Policy]) -> Vec<u64> {
    let mut minutes: Vec<u64> = policies.iter().flat_map(policy_changes).collect();
    minutes.sort_unstable();
    minutes.dedup();
    minutes
}

fn policy_changes(policy: &Policy) -> impl Iterator<Item = u64> {
    let edges = policy.hours.iter().flat_map(|hours| [hours.from_minute, hours.to_minute]);
    edges
        .flat_map(|minute| (0..7).map(move |day| (day * DAY_MINUTES + u64::from(minute)) % WEEK_MINUTES))
        .filter(|&at| policy.in_force_minute(at) != policy.in_force_minute((at + WEEK_MINUTES - 1) % WEEK_MINUTES))
}

/// The first time after `clock_ns` that is one of these minutes of the week.
pub(crate) fn next(changes: &[u64], clock_ns: u64) -> Option<u64> {
    let now = minute_of_week(clock_ns);
    let at = changes.iter().find(|&&minute| minute > now).or(changes.first())?;
    let away = match (at + WEEK_MINUTES - now) % WEEK_MINUTES {
        0 => WEEK_MINUTES,
        away => away,
    };
    (clock_ns / MINUTE_NS + away).checked_mul(MINUTE_NS)
}

fn minute_of_week(time_ns: u64) -> u64 {
    (time_ns / MINUTE_NS + EPOCH_MINUTE) % WEEK_MINUTES
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23, a Monday, 00:00 UTC.
    const MONDAY_NS: u64 = 1_795_392_000_000_000_000;

    fn at(day: u64, hour: u64, minute: u64) -> u64 {
        MONDAY_NS + ((day * 24 + hour) * 60 + minute) * MINUTE_NS
    }

    fn policy(hours: &[(u8, u16, u16)]) -> Policy {
        let hours = hours.iter().map(|&(days, from_minute, to_minute)| Hours { days, from_minute, to_minute });
        Policy { hours: hours.collect(), ..Policy::default() }
    }

    #[test]
    fn within_a_day_and_over_midnight() {
        let office = policy(&[(0b001_1111, 8 * 60, 18 * 60)]);
        for (time, expected) in [
            (at(0, 7, 59), false),
            (at(0, 8, 0), true),
            (at(4, 17, 59), true),
            (at(4, 18, 0), false),
            (at(5, 12, 0), false),
        ] {
            assert_eq!(office.in_force(time), expected, "{time}");
        }
        let sunday_night = policy(&[(0b100_0000, 22 * 60, 6 * 60)]);
        for (time, expected) in [
            (at(6, 21, 59), false),
            (at(6, 22, 0), true),
            (at(7, 5, 59), true),
            (at(7, 6, 0), false),
            (at(0, 23, 0), false),
        ] {
            assert_eq!(sunday_night.in_force(time), expected, "{time}");
        }
        assert!(policy(&[]).in_force(0));
    }

    #[test]
    fn the_next_change_is_a_change_and_none_lies_before_it() {
        let policies = [
            policy(&[(0b001_1111, 480, 1080), (0b000_0001, 1080, 1440)]),
            policy(&[(0b100_0000, 1320, 360)]),
            policy(&[]),
        ];
        let minutes = changes(&policies);
        let state = |time: u64| policies.iter().map(|policy| policy.in_force(time)).collect::<Vec<_>>();
        let mut time = at(0, 0, 0) + 17;
        for _ in 0..40 {
            let then = next(&minutes, time).unwrap();
            assert_ne!(state(then), state(then - 1));
            let mut between = time;
            while between < then {
                assert_eq!(state(between), state(time));
                between += MINUTE_NS;
            }
            time = then;
        }
    }

    #[test]
    fn what_is_always_or_never_in_force_does_not_change() {
        assert_eq!(next(&changes(&[policy(&[]), policy(&[(0b111_1111, 0, 1440)])]), 5), None);
        let changes = changes(&[policy(&[(1, 0, 60)])]);
        assert_eq!(next(&changes, u64::MAX), None);
        assert_eq!(next(&changes, at(0, 0, 0)), Some(at(0, 1, 0)));
        assert_eq!(next(&changes, at(0, 1, 0)), Some(at(7, 0, 0)));
    }
}
