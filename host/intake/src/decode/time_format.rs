//! Times as a person describes them, with the letters of `strftime`: compiled once, matched at the front of
//! a text.

use std::{fmt, str::FromStr};

use lifesigns_model::Clock;

use super::{
    format_parts::{Item, Parts, TimeFormatError, compile},
    time::LeadingTime,
};

/// How the times of a source look, such as `%d/%m/%y %H:%M:%S`.
#[derive(Clone, PartialEq, Eq)]
pub struct TimeFormat {
    text: String,
    items: Vec<Item>,
}

impl TimeFormat {
    /// Returns the description, as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the time that `bytes` begin with, if they are written so. A time without a zone is UTC; one without a
    /// year is the latest that is not more than a day after what `clock` shows.
    pub(super) fn read(&self, bytes: &[u8], clock: &dyn Clock) -> Option<LeadingTime> {
        let (parts, len) = self.parts(bytes)?;
        let ns = parts.resolve(clock)?;
        Some(LeadingTime { ns, len, strict: false, vague: parts.is_vague })
    }

    /// Returns the length of what `bytes` begin with, if that is written so; whether there is such a day is not asked.
    pub(super) fn len(&self, bytes: &[u8]) -> Option<usize> {
        self.parts(bytes).map(|(_, len)| len)
    }

    fn parts(&self, bytes: &[u8]) -> Option<(Parts, usize)> {
        let mut parts = Parts::default();
        let mut at = 0;
        for item in &self.items {
            at = item.read(bytes, at, &mut parts)?;
        }
        // A number goes on: it is another one.
        let number_ends = !(bytes[..at].last()?.is_ascii_digit() && bytes.get(at).is_some_and(u8::is_ascii_digit));
        number_ends.then_some((parts, at))
    }
}

impl FromStr for TimeFormat {
    type Err = TimeFormatError;

    fn from_str(text: &str) -> Result<Self, TimeFormatError> {
        Ok(Self { items: compile(text)?, text: text.to_owned() })
    }
}

impl fmt::Display for TimeFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for TimeFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TimeFormat").field(&self.text).finish()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use lifesigns_model::ManualClock;
    use proptest::prelude::*;

    use super::*;

    /// 2026-11-24T00:00:00Z.
    const REFERENCE_NS: u64 = 1_795_478_400_000_000_000;

    fn read(format: &str, text: &str) -> Option<String> {
        let clock = ManualClock::new(REFERENCE_NS);
        let format: TimeFormat = format.parse().expect("a format");
        let stamp = format.read(text.as_bytes(), &clock)?;
        Some(format!("{}+{}", Timestamp::from_nanosecond(i128::from(stamp.ns?)).expect("in range"), stamp.len))
    }

    #[test]
    fn times_are_read_as_described() {
        for (format, text, expected) in [
            ("%y/%m/%d %H:%M:%S", "17/06/09 20:10:40 INFO a", Some("2017-06-09T20:10:40Z+17")),
            ("%d/%m/%y %H:%M:%S", "17/06/09 20:10:40", Some("2009-06-17T20:10:40Z+17")),
            ("%d/%b/%Y:%T %z", "10/Oct/2000:13:55:36 -0700", Some("2000-10-10T20:55:36Z+26")),
            ("%m-%d %T.%f", "03-17 16:13:38.811  1702", Some("2026-03-17T16:13:38.811Z+18")),
            ("%m-%d %T.%f", "12-17 16:13:38.811", Some("2025-12-17T16:13:38.811Z+18")),
            ("%Y%m%d-%H:%M:%S:%L", "20171224-0:7:20:44|", Some("2017-12-24T00:07:20.044Z+18")),
            ("%e.%m.%Y %R", "1.2.2026 7:05 x", Some("2026-02-01T07:05:00Z+13")),
            ("%m/%d/%Y %I:%M:%S %p", "11/3/2026 12:00:01 AM", Some("2026-11-03T00:00:01Z+21")),
            ("%m/%d/%Y %I:%M %p", "11/3/2026 1:30 pm", Some("2026-11-03T13:30:00Z+17")),
            ("%a %b %d %T %Z %Y", "Tue Nov  3 06:39:59 EST 2026", Some("2026-11-03T11:39:59Z+28")),
            ("%s%.f", "1699956904.25 x", Some("2023-11-14T10:15:04.25Z+13")),
            ("%F %T%.f", "2026-11-03 06:39:59", Some("2026-11-03T06:39:59Z+19")),
            ("%Y.%j %T", "2024.366 00:00:00", Some("2024-12-31T00:00:00Z+17")),
            ("[%F %T]", "[2026-11-03 06:39:59]", Some("2026-11-03T06:39:59Z+21")),
            ("%F %T", "2026-11-31 06:39:59", None),
            ("%F %T", "2026-11-03 24:39:59", None),
            ("%F %T", "2026-11-03 06:39:591", None),
            ("%m/%d/%Y %I:%M %p", "11/3/2026 13:30 pm", None),
            ("%F %T", "", None),
            ("%F %T", "2026-11-03", None),
        ] {
            assert_eq!(read(format, text).as_deref(), expected, "{format} {text}");
        }
    }

    #[test]
    fn what_describes_no_time_is_refused() {
        for (format, expected) in [
            ("", TimeFormatError::Empty),
            ("%H:%M:%S", TimeFormatError::Missing("month (%m, %b or %j)")),
            ("%Y-%m %H:%M", TimeFormatError::Missing("day (%d or %e)")),
            ("%F", TimeFormatError::Missing("hour (%H, or %I and %p)")),
            ("%F %I:%M", TimeFormatError::Missing("half of the day (%p)")),
            ("%F %H:%M %p", TimeFormatError::Missing("hour as %I, which %p belongs to")),
            ("%F %T %Y", TimeFormatError::Twice("year")),
            ("%F %Q", TimeFormatError::Unknown('Q')),
            ("%F %T%", TimeFormatError::Unfinished),
            ("%j %T", TimeFormatError::Missing("year, which %j counts in")),
        ] {
            assert_eq!(format.parse::<TimeFormat>(), Err(expected), "{format}");
        }
        assert_eq!("x".repeat(129).parse::<TimeFormat>(), Err(TimeFormatError::TooLong));
    }

    proptest! {
        #[test]
        fn formats_agree_with_jiff(seconds in 0_i64..4_000_000_000, format in prop::sample::select(vec![
            "%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%b %d %Y %H:%M:%S", "%a %e.%m.%Y %H:%M:%S", "%Y%m%d %H%M%S", "%s",
            "%D %T %Y %%".trim_end_matches(" %Y %%"), "%Y-%j %T", "%m/%d/%Y %I:%M:%S %p",
        ])) {
            let time = Timestamp::from_second(seconds).expect("in range");
            let text = time.strftime(format).to_string();
            let clock = ManualClock::new(REFERENCE_NS);
            let ours: TimeFormat = format.parse().expect("a format");
            let expected = time.as_nanosecond() as u64;
            // Two digits of a year are of 1970 to 2069.
            if !format.contains("%D") || seconds < 3_155_760_000 {
                prop_assert_eq!(ours.read(text.as_bytes(), &clock).and_then(|stamp| stamp.ns), Some(expected), "{}", text);
            }
        }

        #[test]
        fn nothing_panics(format in "(%[YymbdejHIpMSfLzZsaFTDR%.]|[ :/.-]|\\PC){0,12}", text in "[0-9A-Za-z :/.+-]{0,40}") {
            if let Ok(format) = format.parse::<TimeFormat>() {
                let _ = format.read(text.as_bytes(), &ManualClock::new(REFERENCE_NS));
            }
        }
    }
}
