//! Lengths of time: written with their unit, and never mistaken for a plain number.

use std::fmt;

/// A length of time, written with its unit out of `ms s m h d w y`: `500ms`, `60s`, `5m`, `1h`, `7d`,
/// `1h30m`. A year has 365 days. The host's files and flags read the same grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    ms: u64,
}

impl Duration {
    /// Makes a duration of milliseconds.
    pub const fn from_ms(ms: u64) -> Self {
        Self { ms }
    }

    /// Makes a duration of seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self { ms: secs * 1000 }
    }

    /// Returns it in milliseconds.
    pub const fn ms(self) -> u64 {
        self.ms
    }

    /// Returns it in nanoseconds, the unit of event times.
    pub const fn ns(self) -> u64 {
        self.ms * 1_000_000
    }

    /// Parses `5m`, `5 m` or `1h30m`. Returns `None` for anything else, and for more than 100 years.
    pub fn parse(text: &str) -> Option<Self> {
        const MOST_MS: u64 = 100 * 365 * 86_400_000;
        let mut bytes = text.trim_ascii().bytes().peekable();
        bytes.peek()?;
        let mut ms = 0u64;
        while bytes.peek().is_some() {
            let mut number = None;
            while let Some(digit) = bytes.next_if(u8::is_ascii_digit) {
                number = Some(number.unwrap_or(0u64).checked_mul(10)?.checked_add(u64::from(digit - b'0'))?);
            }
            while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
            let unit = bytes.next()?;
            let factor = match (unit, bytes.next_if(u8::is_ascii_alphabetic)) {
                (b'm', Some(b's')) => 1,
                (b's', None) => 1000,
                (b'm', None) => 60_000,
                (b'h', None) => 3_600_000,
                (b'd', None) => 86_400_000,
                (b'w', None) => 7 * 86_400_000,
                (b'y', None) => 365 * 86_400_000,
                _ => return None,
            };
            if unit == b'm' && factor == 1 && bytes.peek().is_some_and(u8::is_ascii_alphabetic) {
                return None;
            }
            ms = number?.checked_mul(factor)?.checked_add(ms).filter(|ms| *ms <= MOST_MS)?;
            while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
        }
        Some(Self { ms })
    }
}

/// Writes it as it is parsed: `5m`, `1h30m`.
impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.ms;
        for (unit, ms) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)] {
            if rest >= ms {
                write!(f, "{}{unit}", rest / ms)?;
                rest %= ms;
            }
        }
        if self.ms == 0 { f.write_str("0s") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let ms = |text| Duration::parse(text).map(Duration::ms);
        // The host reads the same table.
        for line in include_str!("../../../tests/grammar/durations.txt").lines().filter(|line| !line.starts_with('#')) {
            let (text, expected) = line.rsplit_once(' ').unwrap();
            assert_eq!(ms(text.trim_ascii().trim_matches('"')), expected.parse().ok(), "{line}");
        }
        assert_eq!(Duration::from_secs(5400).to_string(), "1h30m");
        assert_eq!(Duration::from_ms(0).to_string(), "0s");
    }
}
