//! Durations: one grammar for every file, flag and setting. Rules' settings read the same
//! (`rules/sdk`), and the same table of examples tests both.

use crate::number::leading_number;

const SECOND_MS: u64 = 1000;
const DAY_MS: u64 = 24 * 3600 * SECOND_MS;

/// The longest duration, in milliseconds: a hundred years of 365 days.
pub const LONGEST_MS: u64 = 100 * 365 * DAY_MS;

/// Units and their milliseconds, as Prometheus has them.
const UNITS: [(&str, u64); 7] = [
    ("ms", 1),
    ("s", SECOND_MS),
    ("m", 60 * SECOND_MS),
    ("h", 3600 * SECOND_MS),
    ("d", DAY_MS),
    ("w", 7 * DAY_MS),
    ("y", 365 * DAY_MS),
];

/// Returns the milliseconds of a duration such as `250ms`, `30s`, `5 m`, `1h30m`, `7d`: whole numbers,
/// each with a unit out of `ms s m h d w y`; spaces may stand around numbers and units. A year has 365
/// days. `None` for anything else, and for more than [`LONGEST_MS`].
#[must_use]
pub fn duration_ms(text: &str) -> Option<u64> {
    let text = text.trim();
    let mut total_ms = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after) = leading_number(rest)?;
        let after = after.trim_start();
        let unit_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
        total_ms = total_ms.checked_add(number.checked_mul(*factor)?)?;
        rest = after.trim_start();
    }
    (!text.is_empty() && total_ms <= LONGEST_MS).then_some(total_ms)
}

/// Returns a duration as it would be written, in its largest whole unit up to days.
#[must_use]
pub fn duration_text(ms: u64) -> String {
    // Weeks and years are for reading only.
    let fits = UNITS[..5].iter().rev().find(|(_, factor)| ms >= *factor && ms.is_multiple_of(*factor));
    fits.map_or_else(|| format!("{ms}s"), |(name, factor)| format!("{}{name}", ms / factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One example a line: the text in quotes, and its milliseconds or `-`.
    const TABLE: &str = include_str!("../../../tests/grammar/durations.txt");

    #[test]
    fn durations_are_read_as_the_table_says() {
        let mut rows = 0;
        for line in TABLE.lines().filter(|line| !line.starts_with('#')) {
            let (text, ms) = line.rsplit_once(' ').expect("a text and its milliseconds");
            let text = text.trim().trim_matches('"');
            assert_eq!(duration_ms(text), ms.parse().ok(), "{line}");
            rows += 1;
        }
        assert!(rows > 20, "{rows}");
    }

    #[test]
    fn durations_are_written_as_they_are_read() {
        assert_eq!(
            (duration_text(90_000), duration_text(0), duration_text(120_000)),
            ("90s".into(), "0s".into(), "2m".into())
        );
        for ms in [0, 1, 999, 1000, 61_000, 3_600_000, LONGEST_MS] {
            assert_eq!(duration_ms(&duration_text(ms)), Some(ms));
        }
    }
}
