//! How the times of a source are read, and which of its lines may have one.

use std::sync::Arc;

use lifesigns_model::SharedClock;

use super::{reference::Reference, time_format::TimeFormat, time_hint, time_signs};

/// The clock and the formats of a source.
pub(crate) struct SourceTimes {
    clock: SharedClock,
    formats: Arc<[TimeFormat]>,
}

impl SourceTimes {
    /// Returns those of a source whose times look like one of `formats`, or like any that is known.
    pub(crate) const fn new(clock: SharedClock, formats: Arc<[TimeFormat]>) -> Self {
        Self { clock, formats }
    }

    pub(crate) fn reference(&self) -> Reference<'_> {
        Reference::new(&*self.clock, &self.formats)
    }

    /// Returns whether `line` may have a time; `false` is certain.
    pub(crate) fn may_have_time(&self, line: &[u8]) -> bool {
        time_signs::last(line).is_some() || (!self.formats.is_empty() && self.may_have_own(line))
    }

    /// Returns a position in the last of some lines that may have a time; those behind it have none.
    pub(crate) fn last_sign(&self, lines: &[u8]) -> Option<usize> {
        if self.formats.is_empty() { time_signs::last(lines) } else { lines.len().checked_sub(1) }
    }

    /// Returns whether `line` may have a time as the formats say: at its front, or as the value of a key.
    fn may_have_own(&self, line: &[u8]) -> bool {
        // What begins like JSON is looked for behind spaces.
        let begins = |text| self.formats.iter().any(|format| format.len(text).is_some());
        begins(line) || begins(line.trim_ascii_start()) || time_hint::has_time_key(line)
    }
}
