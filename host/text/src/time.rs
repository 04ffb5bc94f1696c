//! Points in time, in nanoseconds since the Unix epoch: for programs as RFC 3339, for people to the
//! second, and as the time that has passed.

use jiff::Timestamp;

const SECOND_NS: u64 = 1_000_000_000;
const DAY_S: u64 = 86_400;
/// Units of an age and their seconds, the longest first.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Returns a time as RFC 3339 in UTC, with as many digits of the second as are needed.
#[must_use]
pub fn rfc3339(time_ns: u64) -> String {
    let mut text = Vec::with_capacity(30);
    write_rfc3339(time_ns, &mut text);
    String::from_utf8(text).unwrap_or_default()
}

/// Appends what [`rfc3339`] returns to `out`. By hand, because every alert is written with it.
pub fn write_rfc3339(time_ns: u64, out: &mut Vec<u8>) {
    let (seconds, nanos) = (time_ns / SECOND_NS, (time_ns % SECOND_NS) as u32);
    let (year, month, day) = civil((seconds / DAY_S) as u32);
    let second_of_day = (seconds % DAY_S) as u32;
    let mut text = *b"0000-00-00T00:00:00.000000000Z";
    let mut put = |at: usize, number: u32| text[at..at + 2].copy_from_slice(&PAIRS[number as usize % 100]);
    put(0, year / 100);
    put(2, year);
    put(5, month);
    put(8, day);
    put(11, second_of_day / 3600);
    put(14, second_of_day / 60 % 60);
    put(17, second_of_day % 60);
    if nanos == 0 {
        text[19] = b'Z';
        out.extend_from_slice(&text[..20]);
        return;
    }
    put(20, nanos / 10_000_000);
    put(22, nanos / 100_000);
    put(24, nanos / 1_000);
    put(26, nanos / 10);
    text[28] = b'0' + (nanos % 10) as u8;
    let mut end = 29;
    while text[end - 1] == b'0' {
        end -= 1;
    }
    text[end] = b'Z';
    out.extend_from_slice(&text[..=end]);
}

/// The numbers to 99 in two digits.
const PAIRS: [[u8; 2]; 100] = {
    let (mut pairs, mut number) = ([[0; 2]; 100], 0);
    while number < 100 {
        pairs[number] = [b'0' + number as u8 / 10, b'0' + number as u8 % 10];
        number += 1;
    }
    pairs
};

/// Returns year, month and day of a day since the Unix epoch. The arithmetic is Howard Hinnant's `civil_from_days`.
const fn civil(days: u32) -> (u32, u32, u32) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + (month <= 2) as u32, month, day)
}

/// Returns a time in UTC to the second, as people read it: `2026-11-23 06:40:02`.
#[must_use]
pub fn time_text(time_ns: u64) -> String {
    timestamp(time_ns - time_ns % SECOND_NS).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Returns a length of time in its two largest units, without fractions of a second: `3d 4h`, `59s`.
#[must_use]
pub fn age_text(length_ns: u64) -> String {
    let seconds = length_ns / SECOND_NS;
    let Some(at) = UNITS.iter().position(|(_, size)| seconds >= *size) else { return "0s".to_owned() };
    let (unit, size) = UNITS[at];
    let largest = format!("{}{unit}", seconds / size);
    match UNITS.get(at + 1) {
        Some((next, smaller)) if seconds % size >= *smaller => format!("{largest} {}{next}", seconds % size / smaller),
        _ => largest,
    }
}

fn timestamp(time_ns: u64) -> Timestamp {
    // A u64 of nanoseconds ends in the year 2554, within jiff's range.
    Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn times_for_programs_are_as_jiff_writes_them(time_ns: u64, unit in 0_u32..12) {
            let unit = 10_u64.pow(unit);
            let time_ns = time_ns / unit * unit;
            prop_assert_eq!(rfc3339(time_ns), timestamp(time_ns).to_string());
        }
    }

    #[test]
    fn times_for_programs_are_no_longer_than_needed() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_763_880_000_500_000_000), "2025-11-23T06:40:00.5Z");
        assert_eq!(rfc3339(u64::MAX), "2554-07-21T23:34:33.709551615Z");
    }

    #[test]
    fn times_for_people_are_utc_to_the_second() {
        assert_eq!(time_text(1_763_880_000_500_000_000), "2025-11-23 06:40:00");
        assert_eq!(time_text(0), "1970-01-01 00:00:00");
        assert_eq!(time_text(u64::MAX), "2554-07-21 23:34:33");
    }

    #[test]
    fn ages_have_two_units_at_most() {
        for (seconds, expected) in
            [(0, "0s"), (59, "59s"), (60, "1m"), (3_700, "1h 1m"), (700_000, "8d 2h"), (86_400, "1d")]
        {
            assert_eq!(age_text(seconds * SECOND_NS), expected);
        }
    }
}
