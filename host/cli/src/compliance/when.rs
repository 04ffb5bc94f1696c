//! Times and durations as people type and read them.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use lifesigns::model::{Clock as _, NS_PER_MS, SystemClock};
use lifesigns_text::{age_text, visible};

/// Reads a duration such as `90s`, `2h`, `1h30m`, `7d`, longer than none, in nanoseconds.
pub(crate) fn duration(text: &str) -> Result<u64, String> {
    let ms = lifesigns_text::duration_ms(text).filter(|ms| *ms > 0);
    ms.map(|ms| ms.saturating_mul(NS_PER_MS))
        .ok_or_else(|| format!("\"{}\" is not a duration: write 30s, 10m, 2h, 1h30m, 7d", visible(text)))
}

/// Parses a time: RFC 3339, or without an offset, which is UTC.
pub(crate) fn time(text: &str) -> Result<u64, String> {
    let stamp =
        text.parse::<Timestamp>().ok().or_else(|| TimeZone::UTC.to_timestamp(text.parse::<DateTime>().ok()?).ok());
    let stamp = stamp.and_then(|stamp| u64::try_from(stamp.as_nanosecond()).ok());
    stamp.ok_or_else(|| format!("{text:?} is not a time: write 2026-11-24T06:00:00Z"))
}

/// Parses a time, or how long ago it was.
pub(crate) fn since(text: &str) -> Result<u64, String> {
    if let Ok(ago) = duration(text) {
        return Ok(SystemClock.now_ns().saturating_sub(ago));
    }
    time(text).map_err(|_| format!("{text:?} is neither a time (2026-11-24T06:00:00Z) nor a duration (7d)"))
}

/// Parses a time, a day (UTC) for its beginning, or how long ago it was.
pub(crate) fn day(text: &str) -> Result<u64, String> {
    match text.parse::<jiff::civil::Date>() {
        Ok(date) if !text.contains(['T', ' ']) => time(&format!("{date}T00:00:00Z")),
        _ => since(text),
    }
}

/// Parses a time, or how far it is from now.
pub(crate) fn coming(text: &str) -> Result<u64, String> {
    if let Ok(away) = duration(text) {
        return Ok(SystemClock.now_ns().saturating_add(away));
    }
    time(text).map_err(|_| format!("{text:?} is neither a time (2026-11-24T06:00:00Z) nor a duration (8h)"))
}

/// Returns how long ago a time was, in its two largest units: `3d 4h`; `in 5m` if it is to come.
pub(crate) fn ago(time_ns: u64, now_ns: u64) -> String {
    if time_ns > now_ns {
        return format!("in {}", age_text(time_ns - now_ns));
    }
    age_text(now_ns - time_ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: u64 = 1_000_000_000;

    #[test]
    fn durations_have_units() {
        for (text, seconds) in [("90s", 90), ("10m", 600), ("1h30m", 5400), ("7d", 604_800), ("2w", 1_209_600)] {
            assert_eq!(duration(text), Ok(seconds * SECOND_NS), "{text}");
        }
        for text in ["", "5", "h", "-1h", "1x", "1h30", "0s", "1.5h", "é", "99999999999999999999999w"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn times_are_utc_unless_they_say_otherwise() {
        let six = 1_795_500_000 * SECOND_NS;
        assert_eq!(time("2026-11-24T06:00:00Z"), Ok(six));
        assert_eq!(time("2026-11-24T07:00:00+01:00"), Ok(six));
        assert_eq!(time("2026-11-24 06:00"), Ok(six));
        for text in ["", "soon", "2026-13-01T00:00:00Z", "1969-12-31T00:00:00Z", "2600-01-01T00:00:00Z"] {
            assert!(time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ages_are_of_the_past_or_to_come() {
        let now = 1_000_000 * SECOND_NS;
        assert_eq!(ago(now - 3_700 * SECOND_NS, now), "1h 1m");
        assert_eq!(ago(now + 90 * SECOND_NS, now), "in 1m 30s");
    }
}
