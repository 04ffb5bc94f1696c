//! A time zone: what the clocks on the wall say at a time, and at which times they say something.

use std::fmt;

use jiff::{Timestamp, civil, tz::TimeZone};

/// A time zone, UTC unless said. Two are equal if they say the same at all times.
#[derive(Clone, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// The zone with these rules, as a time zone database has them.
    pub fn new(rules: TimeZone) -> Self {
        Self(rules)
    }

    /// Its IANA name, such as `Europe/Berlin`.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// Whether it is UTC.
    pub(crate) fn is_utc(&self) -> bool {
        self.0 == TimeZone::UTC
    }

    /// What the clocks on its walls say at `time_ns` since the Unix epoch.
    pub(crate) fn civil(&self, time_ns: u64) -> civil::DateTime {
        self.0.to_datetime(timestamp(time_ns))
    }

    /// The times, in nanoseconds since the Unix epoch, at which its clocks show `time`: two where they
    /// are set back, none where they are set forward over it.
    pub(crate) fn times(&self, time: civil::DateTime) -> impl Iterator<Item = u64> {
        let ambiguous = self.0.to_ambiguous_timestamp(time);
        let both = [ambiguous.earlier(), ambiguous.later()];
        let shows = both.into_iter().flatten().filter(move |stamp| self.0.to_datetime(*stamp) == time);
        shows.filter_map(|stamp| u64::try_from(stamp.as_nanosecond()).ok())
    }

    /// The times after `time_ns` and until `until_ns` at which its clocks are set forward or back.
    pub(crate) fn shifts(&self, time_ns: u64, until_ns: u64) -> impl Iterator<Item = u64> {
        let shifts = self.0.following(timestamp(time_ns)).map(|shift| shift.timestamp());
        let shifts = shifts.filter_map(|shift| u64::try_from(shift.as_nanosecond()).ok());
        shifts.take_while(move |shift_ns| *shift_ns <= until_ns)
    }
}

/// The last time that there is comes in the year 2554; all of them are timestamps.
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
