//! When policies are in force: hours of a week, in each policy's time zone.

use std::fmt;

use jiff::{ToSpan, civil};

use crate::{
    config::{Hours, Policy},
    zone::Zone,
};

const MINUTE_NS: u64 = 60_000_000_000;
const DAY_MINUTES: u64 = 24 * 60;
const DAY_NS: u64 = DAY_MINUTES * MINUTE_NS;
const WEEK_MINUTES: u64 = 7 * DAY_MINUTES;
/// The epoch was a Thursday.
const EPOCH_MINUTE: u64 = 3 * DAY_MINUTES;
/// How many days ahead a change is searched for: hours that clocks skip once come again the week after.
const DAYS_AHEAD: u64 = 30;
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Hours {
    /// Returns whether the hours contain a minute of the week, counted from Monday 00:00.
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

/// Formats hours as they are written in a configuration: `mon-fri 08:00-18:00`.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let on = |day: usize| self.days & (1 << day) != 0;
        let mut runs: Vec<String> = Vec::new();
        let mut day = 0;
        while day < DAYS.len() {
            let length = (day..DAYS.len()).take_while(|&day| on(day)).count();
            match length {
                0 => day += 1,
                1 => runs.push(DAYS[day].to_owned()),
                _ => runs.push(format!("{}-{}", DAYS[day], DAYS[day + length - 1])),
            }
            day += length;
        }
        let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
        write!(f, "{} {}-{}", runs.join(","), clock(self.from_minute), clock(self.to_minute))
    }
}

impl Policy {
    /// Returns whether the policy is in force at `time_ns` of the host's clock.
    pub fn in_force(&self, time_ns: u64) -> bool {
        self.hours.is_empty() || self.in_force_minute(minute_of_week(&self.zone, time_ns))
    }

    fn in_force_minute(&self, minute: u64) -> bool {
        self.hours.is_empty() || self.hours.iter().any(|hours| hours.contain_minute(minute))
    }

    /// Returns the first time after `clock_ns` at which the policy begins or ceases to be in force. That can
    /// only be where its hours begin or end, and where the clocks of its time zone are set.
    fn next_change(&self, clock_ns: u64) -> Option<u64> {
        let until_ns = clock_ns.saturating_add(DAYS_AHEAD * DAY_NS);
        let today = self.zone.civil(clock_ns).date();
        let mut times: Vec<u64> = self.zone.shifts(clock_ns, until_ns).collect();
        for day in 0..=DAYS_AHEAD + 1 {
            let Ok(date) = today.checked_add((day.cast_signed() - 1).days()) else { break };
            let edges = self.hours.iter().flat_map(|hours| [hours.from_minute, hours.to_minute]);
            times.extend(edges.filter_map(|minute| at_minute(date, minute)).flat_map(|time| self.zone.times(time)));
        }
        times.sort_unstable();
        times.into_iter().find(|&time_ns| time_ns > clock_ns && self.changes_at(time_ns))
    }

    fn changes_at(&self, time_ns: u64) -> bool {
        self.in_force(time_ns) != self.in_force(time_ns.saturating_sub(1))
    }
}

/// When the set of policies in force changes.
#[derive(Debug, Default)]
pub(crate) struct ScheduleChanges {
    /// Minutes of the week at which a policy whose hours are in UTC begins or ceases to be in force.
    minutes: Vec<u64>,
    /// Positions of the policies whose hours are in another time zone.
    zoned: Vec<usize>,
}

impl ScheduleChanges {
    pub(crate) fn of(policies: &[Policy]) -> Self {
        let utc = policies.iter().filter(|policy| policy.zone.is_utc());
        let mut minutes: Vec<u64> = utc.flat_map(policy_changes).collect();
        minutes.sort_unstable();
        minutes.dedup();
        let zoned = |(_, policy): &(usize, &Policy)| !policy.zone.is_utc() && !policy.hours.is_empty();
        Self { minutes, zoned: policies.iter().enumerate().filter(zoned).map(|(at, _)| at).collect() }
    }

    /// Returns the first change after `clock_ns`; `policies` must be those that this was made of.
    pub(crate) fn next(&self, policies: &[Policy], clock_ns: u64) -> Option<u64> {
        let zoned = self.zoned.iter().filter_map(|&at| policies.get(at)?.next_change(clock_ns));
        zoned.chain(next(&self.minutes, clock_ns)).min()
    }
}

fn policy_changes(policy: &Policy) -> impl Iterator<Item = u64> {
    let edges = policy.hours.iter().flat_map(|hours| [hours.from_minute, hours.to_minute]);
    edges
        .flat_map(|minute| (0..7).map(move |day| (day * DAY_MINUTES + u64::from(minute)) % WEEK_MINUTES))
        .filter(|&at| policy.in_force_minute(at) != policy.in_force_minute((at + WEEK_MINUTES - 1) % WEEK_MINUTES))
}

/// Returns the first time after `clock_ns` that is one of these minutes of the week.
fn next(changes: &[u64], clock_ns: u64) -> Option<u64> {
    let now = utc_minute_of_week(clock_ns);
    let at = changes.iter().find(|&&minute| minute > now).or(changes.first())?;
    let away = match (at + WEEK_MINUTES - now) % WEEK_MINUTES {
        0 => WEEK_MINUTES,
        away => away,
    };
    (clock_ns / MINUTE_NS + away).checked_mul(MINUTE_NS)
}

/// Returns the time at `minute` of the day on `date`; 1440 is the midnight after it.
fn at_minute(date: civil::Date, minute: u16) -> Option<civil::DateTime> {
    date.to_datetime(civil::Time::midnight()).checked_add(i64::from(minute).minutes()).ok()
}

fn minute_of_week(zone: &Zone, time_ns: u64) -> u64 {
    if zone.is_utc() {
        return utc_minute_of_week(time_ns);
    }
    let civil = zone.civil(time_ns);
    let day = civil.weekday().to_monday_zero_offset();
    (i64::from(day) * 24 * 60 + i64::from(civil.hour()) * 60 + i64::from(civil.minute())).cast_unsigned()
}

fn utc_minute_of_week(time_ns: u64) -> u64 {
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
        let changes = ScheduleChanges::of(&policies);
        let state = |time: u64| policies.iter().map(|policy| policy.in_force(time)).collect::<Vec<_>>();
        let mut time = at(0, 0, 0) + 17;
        for _ in 0..40 {
            let then = changes.next(&policies, time).unwrap();
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
        let next = |policies: &[Policy], clock_ns| ScheduleChanges::of(policies).next(policies, clock_ns);
        assert_eq!(next(&[policy(&[]), policy(&[(0b111_1111, 0, 1440)])], 5), None);
        let mondays = [policy(&[(1, 0, 60)])];
        assert_eq!(next(&mondays, u64::MAX), None);
        assert_eq!(next(&mondays, at(0, 0, 0)), Some(at(0, 1, 0)));
        assert_eq!(next(&mondays, at(0, 1, 0)), Some(at(7, 0, 0)));
    }

    fn zone(name: &str) -> Zone {
        Zone::new(jiff::tz::TimeZone::get(name).unwrap())
    }

    fn utc(text: &str) -> u64 {
        u64::try_from(text.parse::<jiff::Timestamp>().unwrap().as_nanosecond()).unwrap()
    }

    #[test]
    fn hours_follow_the_clocks_on_the_wall() {
        let office = Policy { zone: zone("Europe/Berlin"), ..policy(&[(0b001_1111, 8 * 60, 18 * 60)]) };
        for (time, expected) in [
            // Winter is UTC+1, summer UTC+2.
            ("2026-01-12T06:59:59Z", false),
            ("2026-01-12T07:00:00Z", true),
            ("2026-07-13T05:59:59Z", false),
            ("2026-07-13T06:00:00Z", true),
            ("2026-07-13T15:59:59Z", true),
            ("2026-07-13T16:00:00Z", false),
        ] {
            assert_eq!(office.in_force(utc(time)), expected, "{time}");
        }
        // Over the Sunday on which the clocks are set: Friday's end to Monday's beginning.
        let next = |time: &str| office.next_change(utc(time));
        assert_eq!(next("2026-03-27T16:30:00Z"), Some(utc("2026-03-27T17:00:00Z")));
        assert_eq!(next("2026-03-27T17:00:00Z"), Some(utc("2026-03-30T06:00:00Z")));
        assert_eq!(next("2026-10-23T16:00:00Z"), Some(utc("2026-10-26T07:00:00Z")));
    }

    #[test]
    fn an_hour_that_is_skipped_or_comes_twice() {
        let night = Policy { zone: zone("Europe/Berlin"), ..policy(&[(0b111_1111, 2 * 60, 3 * 60)]) };
        // 29 March 2026: 02:00 becomes 03:00, so that there is no such hour.
        assert!((0..48 * 60).all(|minute| {
            let time_ns = utc("2026-03-28T12:00:00Z") + minute * MINUTE_NS;
            let local = night.zone.civil(time_ns);
            night.in_force(time_ns) == (local.hour() == 2)
        }));
        assert_eq!(night.next_change(utc("2026-03-28T02:00:00Z")), Some(utc("2026-03-30T00:00:00Z")));
        // 25 October 2026: 03:00 becomes 02:00, so that the hour is there for two.
        assert_eq!(night.next_change(utc("2026-10-24T12:00:00Z")), Some(utc("2026-10-25T00:00:00Z")));
        assert_eq!(night.next_change(utc("2026-10-25T00:00:00Z")), Some(utc("2026-10-25T02:00:00Z")));
        // Only on the Sundays: the skipped one is left out, the next is a week later.
        let sundays = Policy { zone: zone("Europe/Berlin"), ..policy(&[(0b100_0000, 2 * 60, 3 * 60)]) };
        assert_eq!(sundays.next_change(utc("2026-03-22T02:00:00Z")), Some(utc("2026-04-05T00:00:00Z")));
    }

    #[test]
    fn the_next_change_in_any_zone_is_the_first_minute_that_differs() {
        let hours: [&[(u8, u16, u16)]; 4] = [
            &[(0b001_1111, 480, 1080)],
            &[(0b111_1111, 120, 180), (0b100_0001, 1380, 90)],
            &[(0b010_0000, 1439, 1)],
            &[(0b111_1111, 150, 1440)],
        ];
        let zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago"];
        // Weeks in which clocks are set, in the north and in the south.
        for (zone_name, from) in zones.into_iter().flat_map(|zone| {
            [
                "2026-03-06T11:17:03Z",
                "2026-03-27T11:17:03Z",
                "2026-04-03T00:00:00Z",
                "2026-09-04T05:59:59Z",
                "2026-10-02T05:59:59Z",
                "2026-10-23T23:00:00Z",
            ]
            .map(|from| (zone, from))
        }) {
            for hours in hours {
                let policies = [Policy { zone: zone(zone_name), ..policy(hours) }];
                let changes = ScheduleChanges::of(&policies);
                let mut time_ns = utc(from);
                for _ in 0..12 {
                    let now = policies[0].in_force(time_ns);
                    let minutes = (time_ns / MINUTE_NS + 1)..;
                    let expected = minutes.map(|minute| minute * MINUTE_NS).find(|at| policies[0].in_force(*at) != now);
                    assert_eq!(changes.next(&policies, time_ns), expected, "{zone_name} {hours:?} after {time_ns}");
                    time_ns = expected.unwrap();
                }
            }
        }
    }

    #[test]
    fn hours_read_as_they_are_written() {
        let shown = |days, from_minute, to_minute| Hours { days, from_minute, to_minute }.to_string();
        assert_eq!(shown(0b001_1111, 480, 1080), "mon-fri 08:00-18:00");
        assert_eq!(shown(0b101_0001, 1320, 360), "mon,fri,sun 22:00-06:00");
        assert_eq!(shown(0b111_1111, 0, 1440), "mon-sun 00:00-24:00");
    }
}
