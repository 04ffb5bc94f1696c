//! Durations, sizes, times of day and days of the week, as people write them.

const SECOND: u64 = 1000;
const DAY: u64 = 24 * 3600 * SECOND;
/// Long enough for everything, and far from overflow.
pub(crate) const LONGEST_MS: u64 = 100 * 365 * DAY;

const DURATIONS: [(&str, u64); 7] =
    [("ms", 1), ("s", SECOND), ("m", 60 * SECOND), ("h", 3600 * SECOND), ("d", DAY), ("w", 7 * DAY), ("y", 365 * DAY)];

const SIZES: [(&str, u64); 5] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Milliseconds of `30s`, `1h30m`, `7d`; a year has 365 days.
pub(crate) fn duration_ms(text: &str) -> Option<u64> {
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after) = leading_number(rest)?;
        let unit_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let (_, factor) = DURATIONS.iter().find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.checked_mul(*factor)?)?;
        rest = after;
    }
    (!text.is_empty() && total <= LONGEST_MS).then_some(total)
}

/// Bytes of `512MiB`, `10GiB`.
pub(crate) fn size_bytes(text: &str) -> Option<u64> {
    let (number, unit) = leading_number(text)?;
    let (_, factor) = SIZES.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.checked_mul(*factor)
}

/// The same size as it would be written.
pub(crate) fn size_text(bytes: u64) -> String {
    let fits = SIZES.iter().rev().find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor));
    fits.map_or_else(|| format!("{bytes}B"), |(name, factor)| format!("{}{name}", bytes / factor))
}

/// The same duration as it would be written.
pub(crate) fn duration_text(ms: u64) -> String {
    // Weeks and years are for reading only.
    let fits = DURATIONS[..5].iter().rev().find(|(_, factor)| ms >= *factor && ms.is_multiple_of(*factor));
    fits.map_or_else(|| format!("{ms}s"), |(name, factor)| format!("{}{name}", ms / factor))
}

/// Minute of the day of `08:00`; `24:00` is its end.
pub(crate) fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| -> Option<u16> {
        (digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit())).then(|| digits.parse().ok())?
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= 24 * 60).then_some(total)
}

/// Bits of `mon-fri`, `sat,sun`, `fri-mon`; bit 0 is Monday.
pub(crate) fn days(text: &str) -> Option<u8> {
    let day = |word: &str| DAYS.iter().position(|day| *day == word);
    let mut bits = 0;
    for part in text.split(',').map(str::trim) {
        let (from, to) = match part.split_once('-') {
            Some((from, to)) => (day(from.trim())?, day(to.trim())?),
            None => (day(part)?, day(part)?),
        };
        let mut next = from;
        loop {
            bits |= 1 << next;
            if next == to {
                break;
            }
            next = (next + 1) % DAYS.len();
        }
    }
    Some(bits)
}

fn leading_number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, rest) = text.split_at(end);
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, ms) in [("0s", 0), ("30s", 30_000), ("1h30m", 5_400_000), ("7d", 604_800_000), ("250ms", 250)] {
            assert_eq!(duration_ms(text), Some(ms), "{text}");
        }
        for text in ["", "s", "30", "-1s", "1.5h", "3 s", "1M", "101y", "99999999999999999999s", "1s1", "é"] {
            assert_eq!(duration_ms(text), None, "{text}");
        }
        assert_eq!(
            (duration_text(90_000), duration_text(0), duration_text(120_000)),
            ("90s".into(), "0s".into(), "2m".into())
        );
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [("1B", 1), ("2KiB", 2048), ("10 GiB", 10 << 30), ("1TiB", 1 << 40)] {
            assert_eq!(size_bytes(text), Some(bytes), "{text}");
        }
        for text in ["", "10", "10GB", "1.5MiB", "-1B", "99999999999TiB", "MiB"] {
            assert_eq!(size_bytes(text), None, "{text}");
        }
        assert_eq!((size_text(64 << 20), size_text(0), size_text(1025)), ("64MiB".into(), "0B".into(), "1025B".into()));
    }

    #[test]
    fn hours_and_days() {
        assert_eq!((minute("08:00"), minute("24:00"), minute("00:00")), (Some(480), Some(1440), Some(0)));
        for text in ["8:00", "24:01", "12:60", "1200", "+8:00", "99:99", ""] {
            assert_eq!(minute(text), None, "{text}");
        }
        assert_eq!(
            (days("mon-fri"), days("sat, sun"), days("sat-mon")),
            (Some(0b1_1111), Some(0b110_0000), Some(0b110_0001))
        );
        assert_eq!((days("mon-"), days(""), days("monday")), (None, None, None));
    }
}
