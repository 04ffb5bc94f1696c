//! Sizes in bytes: one grammar for every file, flag and setting.

use crate::number::leading_number;

const UNITS: [(&str, u64); 5] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// Returns the bytes of a size such as `512KiB`, `64MiB`, `10 GiB`: a whole number with a unit out of
/// `B KiB MiB GiB TiB` (powers of 1024). `None` for anything else.
#[must_use]
pub fn size_bytes(text: &str) -> Option<u64> {
    let (number, unit) = leading_number(text.trim())?;
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit.trim_start())?;
    number.checked_mul(*factor)
}

/// Returns a size as it would be written, in its largest whole unit.
#[must_use]
pub fn size_text(bytes: u64) -> String {
    let fits = UNITS.iter().rev().find(|(_, factor)| bytes >= *factor && bytes.is_multiple_of(*factor));
    fits.map_or_else(|| format!("{bytes}B"), |(name, factor)| format!("{}{name}", bytes / factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in [("1B", 1), ("2KiB", 2048), ("10 GiB", 10 << 30), ("1TiB", 1 << 40), (" 1MiB ", 1 << 20)] {
            assert_eq!(size_bytes(text), Some(bytes), "{text}");
        }
        for text in ["", "10", "10GB", "1.5MiB", "-1B", "99999999999TiB", "MiB"] {
            assert_eq!(size_bytes(text), None, "{text}");
        }
        assert_eq!((size_text(64 << 20), size_text(0), size_text(1025)), ("64MiB".into(), "0B".into(), "1025B".into()));
    }
}
