//! Time zones: the local time at a time, and the times at which a local time occurs.

use std::fmt;

use jiff::{Timestamp, civil, tz::TimeZone};

/// A time zone, by default UTC. Two are equal if their local times are the same at all times.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Creates a time zone from the rules of a time zone database.
    pub fn new(rules: TimeZone) -> Self {
        Self(rules)
    }

    /// Returns the IANA name, such as `Europe/Berlin`; `UTC` if it has none.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Returns whether it is UTC.
    pub(crate) fn is_utc(&self) -> bool {
        self.0 == TimeZone::UTC
    }

    /// Returns the local time at `time_ns` since the Unix epoch.
    pub(crate) fn civil(&self, time_ns: u64) -> civil::DateTime {
        self.0.to_datetime(timestamp(time_ns))
    }

    /// Returns the times, in nanoseconds since the Unix epoch, at which the local time is `time`: two where
    /// clocks are set back, none where they are set forward over it.
    pub(crate) fn times(&self, time: civil::DateTime) -> impl Iterator<Item = u64> {
        let ambiguous = self.0.to_ambiguous_timestamp(time);
        let both = [ambiguous.earlier(), ambiguous.later()];
        let shows = both.into_iter().flatten().filter(move |stamp| self.0.to_datetime(*stamp) == time);
        shows.filter_map(|stamp| u64::try_from(stamp.as_nanosecond()).ok())
    }

    /// Returns the times after `time_ns` and until `until_ns` at which clocks are set forward or back.
    pub(crate) fn shifts(&self, time_ns: u64, until_ns: u64) -> impl Iterator<Item = u64> {
        let shifts = self.0.following(timestamp(time_ns)).map(|shift| shift.timestamp());
        let shifts = shifts.filter_map(|shift| u64::try_from(shift.as_nanosecond()).ok());
        shifts.take_while(move |shift_ns| *shift_ns <= until_ns)
    }
}

/// Converts a time to a timestamp. All times are within its range: the last one is in the year 2554.
fn timestamp(time_ns: u64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(time_ns)).unwrap_or(Timestamp::MAX)
}

impl Default for Zone {
    fn default() -> Self {
        Self(TimeZone::UTC)
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
