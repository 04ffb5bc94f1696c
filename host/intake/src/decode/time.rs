//! Times as they are in logs, read by hand because this runs for every candidate line.
//! Everything without a zone is UTC.

use lifesigns_model::{Clock, NS_PER_S};

use super::zone::{self, NamedZone};

const DAY_S: i64 = 86_400;

/// A time found at the start of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LeadingTime {
    /// Nanoseconds since the Unix epoch; `None` for a time that a `u64` cannot say (before 1970).
    pub(crate) ns: Option<u64>,
    /// Bytes that it takes.
    pub(crate) len: usize,
    /// It has a `T` and a numeric zone, as in RFC 3339.
    pub(crate) strict: bool,
    /// It names a zone that means several, and was read as UTC.
    pub(crate) vague: bool,
}

/// Returns the number that is in exactly `N` digits.
pub(crate) fn digits<const N: usize>(bytes: &[u8], at: usize) -> Option<u32> {
    let mut number = 0;
    for byte in bytes.get(at..at + N)? {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + u32::from(digit);
    }
    Some(number)
}

/// `HH:MM:SS` as seconds; a leap second is taken as it stands.
pub(crate) fn clock(bytes: &[u8], at: usize) -> Option<u32> {
    let (hour, minute, second) = (digits::<2>(bytes, at)?, digits::<2>(bytes, at + 3)?, digits::<2>(bytes, at + 6)?);
    let colons = bytes[at + 2] == b':' && bytes[at + 5] == b':';
    (colons && hour < 24 && minute < 60 && second < 61).then_some(hour * 3600 + minute * 60 + second)
}

/// Returns the fraction that may be at `at`, as nanoseconds, and where it ends. Digits after the ninth are dropped.
pub(crate) fn fraction(bytes: &[u8], at: usize) -> (u32, usize) {
    if !matches!(bytes.get(at), Some(b'.' | b',')) || !bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
        return (0, at);
    }
    let (mut nanos, mut unit, mut end) = (0, 100_000_000, at + 1);
    while let Some(digit) = bytes.get(end).filter(|byte| byte.is_ascii_digit()) {
        nanos += u32::from(digit - b'0') * unit;
        unit /= 10;
        end += 1;
    }
    (nanos, end)
}

/// Returns the zone that may be at `at` (`Z`, `+hh:mm`, `+hhmm`, the last two also after a space), in seconds east
/// of UTC, and where it ends.
pub(crate) fn zone(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    if matches!(bytes.get(at), Some(b'Z' | b'z')) {
        return Some((0, at + 1));
    }
    let spaced = bytes.get(at) == Some(&b' ');
    let sign_at = at + usize::from(spaced);
    let sign = match bytes.get(sign_at)? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = digits::<2>(bytes, sign_at + 1)?;
    let minutes_at = sign_at + 3 + usize::from(bytes.get(sign_at + 3) == Some(&b':'));
    let minutes = digits::<2>(bytes, minutes_at)?;
    let end = minutes_at + 2;
    let ends = !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
    (hours < 24 && minutes < 60 && ends).then(|| (sign * i64::from(hours * 3600 + minutes * 60), end))
}

/// Days since the Unix epoch of a date in the proleptic Gregorian calendar; `None` if there is no
/// such date. The arithmetic is Howard Hinnant's `days_from_civil`.
pub(crate) fn days(year: u32, month: u32, day: u32) -> Option<i64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let longest = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return None,
    };
    if day == 0 || day > longest {
        return None;
    }
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

/// Returns the year of a day since the Unix epoch. The arithmetic is Howard Hinnant's `civil_from_days`.
const fn year(day: u32) -> u32 {
    let day = day + 719_468;
    let (era, day_of_era) = (day / 146_097, day % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Years begin in March here: January and February are of the next one.
    era * 400 + year_of_era + (day_of_year >= 306) as u32
}

/// Nanoseconds since the Unix epoch, or `None` where a `u64` cannot say it.
pub(crate) fn nanoseconds(seconds: i64, nanos: u32) -> Option<u64> {
    u64::try_from(seconds).ok()?.checked_mul(NS_PER_S)?.checked_add(u64::from(nanos))
}

/// 1 to 12 for an English month of three letters at the start of `bytes`.
pub(crate) fn month(bytes: &[u8]) -> Option<u32> {
    Some(match bytes.first_chunk()? {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    })
}

/// RFC 3339, and what is written like it: `YYYY-MM-DD HH:MM:SS[.,]frac`, also with slashes, with
/// or without a zone, which may be an abbreviation after a space.
pub(crate) fn iso(bytes: &[u8]) -> Option<LeadingTime> {
    let front = bytes.first_chunk::<19>()?;
    let (separator, between) = (front[4], front[10]);
    let fits = matches!(separator, b'-' | b'/') && front[7] == separator && matches!(between, b'T' | b't' | b' ');
    if !fits || front[13] != b':' || front[16] != b':' {
        return None;
    }
    let mut is_number = true;
    let mut two = |at: usize| {
        let (tens, ones) = (front[at].wrapping_sub(b'0'), front[at + 1].wrapping_sub(b'0'));
        is_number &= tens < 10 && ones < 10;
        u32::from(tens) * 10 + u32::from(ones)
    };
    let (year, month, day) = (two(0) * 100 + two(2), two(5), two(8));
    let (hour, minute, second) = (two(11), two(14), two(17));
    if !is_number || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days(year, month, day)? * DAY_S + i64::from(hour * 3600 + minute * 60 + second);
    let (nanos, end) = fraction(bytes, 19);
    let numeric = zone(bytes, end);
    let strict = numeric.is_some() && between != b' ' && separator == b'-' && bytes.get(end) != Some(&b' ');
    let zone = numeric.map(|(east_s, end)| NamedZone { east_s, end, vague: false }).or_else(|| spaced_zone(bytes, end));
    let zone = zone.unwrap_or(NamedZone { east_s: 0, end, vague: false });
    let ns = nanoseconds(seconds - zone.east_s, nanos);
    Some(LeadingTime { ns, len: zone.end, strict, vague: zone.vague })
}

/// Returns a zone in numbers that is at `at`, after a space.
fn numeric_zone(bytes: &[u8], at: usize) -> Option<NamedZone> {
    let (east_s, end) = zone(bytes, at).filter(|_| bytes.get(at) == Some(&b' '))?;
    Some(NamedZone { east_s, end, vague: false })
}

/// Returns the abbreviation of a zone that is at `at`, after a space.
fn spaced_zone(bytes: &[u8], at: usize) -> Option<NamedZone> {
    if bytes.get(at) == Some(&b' ') { zone::named(bytes, at + 1) } else { None }
}

/// Returns a time as the value of a key: RFC 3339 or its likes and nothing else, or a number of seconds, milli-, micro-
/// or nanoseconds since the epoch; which of them, its magnitude tells. Numbers under 100 000 000 are taken for
/// durations.
pub(crate) fn value(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    if let Some(stamp) = iso(bytes) {
        return if stamp.len == bytes.len() { stamp.ns } else { None };
    }
    epoch(bytes)
}

fn epoch(bytes: &[u8]) -> Option<u64> {
    let whole = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if whole < 9 {
        return exponent(bytes);
    }
    if whole > 19 {
        return None;
    }
    let mut number: u64 = 0;
    for byte in &bytes[..whole] {
        number = number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
    }
    let unit = unit_ns(number)?;
    let (nanos, end) = if bytes.get(whole) == Some(&b'.') { fraction(bytes, whole) } else { (0, whole) };
    if end != bytes.len() {
        return exponent(bytes);
    }
    number.checked_mul(unit)?.checked_add(u64::from(nanos) * unit / 1_000_000_000)
}

/// Returns an epoch as Go and Python sometimes print it: `1.7e+09`.
fn exponent(bytes: &[u8]) -> Option<u64> {
    if bytes.len() > 32 || !bytes.first()?.is_ascii_digit() || !bytes.iter().any(|byte| matches!(byte, b'e' | b'E')) {
        return None;
    }
    let number: f64 = str::from_utf8(bytes).ok()?.parse().ok()?;
    let unit = unit_ns(number as u64)?;
    Some((number * unit as f64) as u64)
}

fn unit_ns(number: u64) -> Option<u64> {
    match number {
        0..100_000_000 => None,
        100_000_000..100_000_000_000 => Some(1_000_000_000),
        100_000_000_000..100_000_000_000_000 => Some(1_000_000),
        100_000_000_000_000..100_000_000_000_000_000 => Some(1_000),
        _ => Some(1),
    }
}

/// `Mmm d[d] hh:mm:ss[.frac]` of RFC 3164, also with a year before the month, before or after the
/// clock, and with a zone, by number or by abbreviation, at the end.
pub(crate) fn bsd(bytes: &[u8], clock: &dyn Clock) -> Option<LeadingTime> {
    let first = digits::<4>(bytes, 0).filter(|_| bytes.get(4) == Some(&b' '));
    let start = if first.is_some() { 5 } else { 0 };
    let month = month(bytes.get(start..)?)?;
    let mut at = start + 4 + usize::from(bytes.get(start + 4) == Some(&b' '));
    let two = bytes.get(at + 1).is_some_and(u8::is_ascii_digit);
    let day = if two { digits::<2>(bytes, at)? } else { digits::<1>(bytes, at)? };
    at += 1 + usize::from(two);
    if bytes.get(start + 3) != Some(&b' ') || bytes.get(at) != Some(&b' ') {
        return None;
    }
    at += 1;
    let mut year = first.or_else(|| digits::<4>(bytes, at).filter(|_| bytes.get(at + 4) == Some(&b' ')));
    if year.is_some() && first.is_none() {
        at += 5;
    }
    let seconds = self::clock(bytes, at)?;
    let (nanos, mut len) = fraction(bytes, at + 8);
    if year.is_none() && bytes.get(len) == Some(&b' ') && bytes.get(len + 5).is_none_or(|byte| *byte <= b' ') {
        year = digits::<4>(bytes, len + 1).filter(|year| (1970..2100).contains(year));
        len += if year.is_some() { 5 } else { 0 };
    }
    let mut vague = false;
    let mut seconds = i64::from(seconds);
    if let Some(zone) = spaced_zone(bytes, len).or_else(|| numeric_zone(bytes, len)) {
        (len, vague) = (zone.end, zone.vague);
        seconds -= zone.east_s;
    }
    let seconds = match year {
        Some(year) => Some(days(year, month, day)? * DAY_S + seconds),
        None => latest(month, day, seconds, clock),
    };
    Some(LeadingTime { ns: seconds.and_then(|seconds| nanoseconds(seconds, nanos)), len, strict: false, vague })
}

/// Returns the latest time on this day, in seconds since the Unix epoch, that is not more than a day after what `clock`
/// shows. Eight years back there is always a 29 February.
pub(crate) fn latest(month: u32, day: u32, seconds: i64, clock: &dyn Clock) -> Option<i64> {
    let limit_s = (clock.now_ns() / NS_PER_S) as i64 + DAY_S;
    let this_year = year((limit_s / DAY_S) as u32);
    (this_year.saturating_sub(8)..=this_year)
        .rev()
        .filter_map(|year| Some(days(year, month, day)? * DAY_S + seconds))
        .find(|time| *time <= limit_s)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use lifesigns_model::ManualClock;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn years_agree_with_days() {
        let days_of = |year| (days(year, 1, 1), days(year, 12, 31));
        for expected in 1970..2600 {
            let (Some(first), Some(last)) = days_of(expected) else { panic!("{expected}") };
            for day in [first, first + 58, first + 59, first + 60, last - 1, last] {
                assert_eq!(year(day as u32), expected, "day {day}");
            }
        }
    }

    #[test]
    fn days_agree_with_jiff() {
        let epoch = jiff::civil::date(1970, 1, 1);
        for year in [1600, 1899, 1900, 1970, 1999, 2000, 2024, 2026, 2100] {
            for month in 1..=12 {
                for day in 1..=32 {
                    let theirs = jiff::civil::Date::new(year, month, day)
                        .ok()
                        .map(|date| i64::from(date.since((jiff::Unit::Day, epoch)).map_or(0, |span| span.get_days())));
                    assert_eq!(days(year as u32, month as u32, day as u32), theirs, "{year}-{month}-{day}");
                }
            }
        }
    }

    #[test]
    fn magnitude_tells_the_unit() {
        for text in ["1700000000.5", "1700000000500", "1700000000500000", "1700000000500000000", "1.7000000005e9"] {
            assert_eq!(value(text), Some(1_700_000_000_500_000_000), "{text}");
        }
        for text in ["", "0", "0.25", "99999999", "170000000x", "-1700000000", "99999999999999999999", "17e"] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    #[test]
    fn a_year_is_found_from_the_reference() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time").as_nanosecond() as u64;
        let clock = ManualClock::new(at("2026-01-01T12:00:00Z"));
        let found = |text: &str| bsd(text.as_bytes(), &clock).and_then(|stamp| stamp.ns);
        assert_eq!(found("Jan  2 11:59:59 h"), Some(at("2026-01-02T11:59:59Z")));
        assert_eq!(found("Jan 2 12:00:01 h"), Some(at("2025-01-02T12:00:01Z")));
        assert_eq!(found("Dec 31 23:59:59 h"), Some(at("2025-12-31T23:59:59Z")));
        assert_eq!(found("Feb 29 00:00:00 h"), Some(at("2024-02-29T00:00:00Z")));
        assert_eq!(found("Nov 9 2005 12:01:01.25 h"), Some(at("2005-11-09T12:01:01.25Z")));
        assert_eq!(found("Feb 30 00:00:00 h"), None);
        clock.set(0);
        assert_eq!(bsd(b"Dec 31 00:00:00", &clock).map(|stamp| stamp.ns), Some(None));
    }

    #[test]
    fn the_year_follows_the_clock() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time").as_nanosecond() as u64;
        let clock = std::sync::Arc::new(ManualClock::new(at("2026-11-23T12:00:00Z")));
        for format in crate::Format::ALL {
            let decoder = format.live_decoder(clock.clone());
            for day in ["2026-11-23", "2026-11-26", "2026-12-31", "2027-01-01", "2028-02-29", "2026-11-23"] {
                let now = at(&format!("{day}T12:00:01Z"));
                clock.set(now);
                let stamp = Timestamp::from_nanosecond(i128::from(now)).expect("in range").strftime("%b %e %H:%M:%S");
                assert_eq!(decoder.decode(&format!("{stamp} vm-z app[1]: hello")).time_ns, Some(now), "{format}");
            }
        }
    }

    proptest! {
        #[test]
        fn iso_agrees_with_jiff(ns in 0..=u64::MAX, offset in -1439_i32..=1439) {
            let time = Timestamp::from_nanosecond(i128::from(ns)).expect("in range");
            let offset = jiff::tz::Offset::from_seconds(offset * 60).expect("in range");
            for text in [time.to_string(), time.display_with_offset(offset).to_string()] {
                prop_assert_eq!(iso(text.as_bytes()), Some(LeadingTime { ns: Some(ns), len: text.len(), strict: true, vague: false }));
            }
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,40}", ns: u64) {
            let _ = value(&text);
            let _ = bsd(text.as_bytes(), &ManualClock::new(ns));
        }
    }
}
