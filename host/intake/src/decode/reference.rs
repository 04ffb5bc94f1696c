//! What the times of a source are read with: a clock for those without a year, and how they look if the
//! configuration says so.

use lifesigns_model::Clock;

use super::{
    time::{self, LeadingTime},
    time_format::TimeFormat,
};

/// What gives times without a year their year: they are the latest that is not more than one day
/// after the time that this clock shows. It is asked for each such time, because a source may be read
/// for months. Before all other shapes come those that the source is said to have.
#[derive(Clone, Copy)]
pub(crate) struct Reference<'a> {
    clock: &'a dyn Clock,
    formats: &'a [TimeFormat],
}

impl<'a> Reference<'a> {
    pub(crate) const fn new(clock: &'a dyn Clock, formats: &'a [TimeFormat]) -> Self {
        Self { clock, formats }
    }

    /// Returns the RFC 3164 time that `bytes` begin with; see [`time::bsd`].
    pub(crate) fn bsd(self, bytes: &[u8]) -> Option<LeadingTime> {
        time::bsd(bytes, self.clock)
    }

    /// Returns the time that `bytes` begin with, if it looks as the source's times do.
    pub(crate) fn own(self, bytes: &[u8]) -> Option<LeadingTime> {
        self.formats.iter().find_map(|format| format.read(bytes, self.clock))
    }

    /// Returns the time that `bytes` begin with, written as `format` says.
    pub(crate) fn formatted(self, format: &TimeFormat, bytes: &[u8]) -> Option<LeadingTime> {
        format.read(bytes, self.clock)
    }

    /// Returns a time as the value of a key: as the source's times look, or see [`time::value`].
    pub(crate) fn value(self, text: &str) -> Option<u64> {
        match self.own(text.as_bytes()).filter(|stamp| stamp.len == text.len()) {
            Some(stamp) => stamp.ns,
            None => time::value(text),
        }
    }
}
