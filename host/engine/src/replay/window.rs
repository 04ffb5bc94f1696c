//! What is known of the times that a source has not shown yet.

use std::collections::VecDeque;

/// The watermark of a source: no line that is still unread has an earlier time, if no line stands further
/// than the window from its place.
///
/// It is the earliest time of the chunks in the window, and that of a chunk is one of the times in it that is
/// not extreme: single lines with a time far ahead or long ago do not move it.
#[derive(Debug, Default)]
pub(super) struct Watermark {
    window_bytes: u64,
    read_bytes: u64,
    /// The last chunk that ends before the window.
    before: Option<u64>,
    /// Ends and times of the chunks in the window: of those with a later chunk of an earlier time none.
    within: VecDeque<(u64, u64)>,
}

impl Watermark {
    pub(super) fn new(window_bytes: u64) -> Self {
        Self { window_bytes, ..Self::default() }
    }

    /// A chunk was read, with its time.
    pub(super) fn read(&mut self, bytes: u64, chunk_ns: u64) {
        self.read_bytes += bytes;
        while self.within.back().is_some_and(|(_, time_ns)| *time_ns >= chunk_ns) {
            self.within.pop_back();
        }
        self.within.push_back((self.read_bytes, chunk_ns));
        while let Some((end, time_ns)) = self.within.front()
            && *end + self.window_bytes <= self.read_bytes
        {
            self.before = Some(*time_ns);
            self.within.pop_front();
        }
    }

    /// Returns whether as much has been read as the window is wide.
    pub(super) const fn is_known(&self) -> bool {
        self.before.is_some()
    }

    /// Returns the watermark; 0 while nothing is known.
    pub(super) fn time_ns(&self) -> u64 {
        let Some(before) = self.before else { return 0 };
        self.within.front().map_or(before, |(_, time_ns)| before.min(*time_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watermark_is_a_window_behind_and_not_moved_by_one_time_ahead() {
        let mut watermark = Watermark::new(20);
        let mut seen = Vec::new();
        for time_ns in [1, 2, 3, 4, 99, 6, 5, 8, 9, 10] {
            watermark.read(10, time_ns);
            seen.push(watermark.time_ns());
        }
        assert_eq!(seen, [0, 0, 1, 2, 3, 4, 4, 4, 5, 8]);
    }
}
