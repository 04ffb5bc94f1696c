//! Points in time, in nanoseconds since the Unix epoch: for programs as RFC 3339, for people to the
//! second, and as the time that has passed.

use jiff::{Timestamp, fmt::temporal::DateTimePrinter};

const SECOND_NS: u64 = 1_000_000_000;
/// Units of an age and their seconds, the longest first.
const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

static PRINTER: DateTimePrinter = DateTimePrinter::new();

/// Returns a time as RFC 3339 in UTC, with as many digits of the second as are needed.
#[must_use]
pub fn rfc3339(time_ns: u64) -> String {
    let mut text = String::new();
    write_rfc3339(time_ns, &mut text);
    text
}

/// Appends what [`rfc3339`] returns to `out`, which must not fail.
pub fn write_rfc3339(time_ns: u64, out: &mut impl jiff::fmt::Write) {
    // Writing into memory does not fail.
    let _ = PRINTER.print_timestamp(&timestamp(time_ns), out);
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
    use super::*;

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
