//! Times as people read them.

use jiff::Timestamp;

/// A time in UTC, to the second: `2026-11-23 06:40:02`.
pub fn time(time_ns: u64) -> String {
    // A u64 of nanoseconds ends in the year 2554, within jiff's range.
    let time = Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or(Timestamp::MAX);
    let text = time.to_string();
    let (date, clock) = text.split_once('T').unwrap_or((&text, ""));
    format!("{date} {}", clock.get(..8).unwrap_or(clock))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_utc_to_the_second() {
        assert_eq!(time(1_763_880_000_500_000_000), "2025-11-23 06:40:00");
        assert_eq!(time(0), "1970-01-01 00:00:00");
        assert_eq!(time(u64::MAX), "2554-07-21 23:34:33");
    }
}
