//! Event time as people and programs read it.

use jiff::{Timestamp, fmt::temporal::DateTimePrinter};

static PRINTER: DateTimePrinter = DateTimePrinter::new();

/// RFC 3339 in UTC, with as many digits of the second as are needed.
pub fn rfc3339(time_ns: u64) -> String {
    let mut text = String::new();
    write(time_ns, &mut text);
    text
}

/// Appends RFC 3339 in UTC to `out`.
pub(crate) fn write<W: jiff::fmt::Write>(time_ns: u64, out: &mut W) {
    // A u64 of nanoseconds ends in the year 2554, within jiff's range.
    let time = Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or(Timestamp::MAX);
    // Writing into memory does not fail.
    let _ = PRINTER.print_timestamp(&time, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_and_no_longer_than_needed() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_763_880_000_500_000_000), "2025-11-23T06:40:00.5Z");
        assert_eq!(rfc3339(u64::MAX), "2554-07-21T23:34:33.709551615Z");
    }
}
