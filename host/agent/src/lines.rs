//! Lines of one source to events: each line is one, or goes on with the one before where a marker says where they begin.

use lifesigns_intake::EventMarker;

/// Longest event of several lines, in bytes; a longer one is passed on in parts.
const EVENT_BYTES: usize = 60 << 10;

/// Joins the lines of one source, and counts them. What may go on is held back.
#[derive(Debug, Default)]
pub(crate) struct LineJoiner {
    marker: Option<(String, EventMarker)>,
    pending: Vec<u8>,
    /// The number of the first line that is held back.
    pending_number: u64,
    /// Lines that were taken.
    lines: u64,
}

impl LineJoiner {
    /// Returns a joiner that goes on after `lines` lines with what was held back of them.
    pub(crate) fn resumed(lines: u64, pending: &str) -> Self {
        let within = pending.bytes().filter(|byte| *byte == b'\n').count() as u64;
        let pending_number = lines.saturating_sub(within).max(1);
        Self { marker: None, pending: pending.as_bytes().to_vec(), pending_number, lines }
    }

    /// Uses this expression from now on.
    pub(crate) fn set_marker(&mut self, pattern: Option<&str>) {
        if self.marker.as_ref().map(|(pattern, _)| pattern.as_str()) == pattern {
            return;
        }
        // The host has checked it.
        self.marker = pattern.and_then(|pattern| Some((pattern.to_owned(), EventMarker::new(pattern).ok()?)));
    }

    /// Returns the lines that were taken.
    pub(crate) const fn lines(&self) -> u64 {
        self.lines
    }

    /// Returns what is held back.
    pub(crate) fn pending(&self) -> &[u8] {
        &self.pending
    }

    /// Takes what is held back as an event, with the number of its first line.
    pub(crate) fn take_pending(&mut self) -> Option<(u64, Vec<u8>)> {
        let pending = std::mem::take(&mut self.pending);
        (!pending.is_empty()).then_some((self.pending_number, pending))
    }

    /// Takes whole lines, and calls `emit` with each event and the number of its first line.
    pub(crate) fn take(&mut self, bytes: &[u8], mut emit: impl FnMut(u64, &[u8])) {
        if bytes.is_empty() {
            return;
        }
        // What is behind the last line end is no line.
        for line in bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            self.lines += 1;
            let Some((_, marker)) = &mut self.marker else {
                if let Some((number, pending)) = self.take_pending() {
                    emit(number, &pending);
                }
                if !line.trim_ascii().is_empty() {
                    emit(self.lines, line);
                }
                continue;
            };
            if line.is_empty() && self.pending.is_empty() {
                continue;
            }
            let is_full = self.pending.len() + line.len() > EVENT_BYTES;
            if !self.pending.is_empty() && (is_full || marker.begins(line)) {
                emit(self.pending_number, &std::mem::take(&mut self.pending));
            }
            if self.pending.is_empty() {
                self.pending_number = self.lines;
            } else {
                self.pending.push(b'\n');
            }
            self.pending.extend_from_slice(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(joiner: &mut LineJoiner, chunks: &[&str]) -> Vec<String> {
        let mut events = Vec::new();
        for chunk in chunks {
            joiner.take(chunk.as_bytes(), |number, event| {
                events.push(format!("{number}:{}", String::from_utf8_lossy(event)));
            });
        }
        events
    }

    #[test]
    fn without_a_marker_each_line_is_an_event() {
        let mut joiner = LineJoiner::default();
        assert_eq!(taken(&mut joiner, &["a\r\n\n  b\n", "c"]), ["1:a", "3:  b", "4:c"]);
        assert!(joiner.take_pending().is_none());
    }

    #[test]
    fn with_a_marker_lines_go_on_across_chunks() {
        let mut joiner = LineJoiner::default();
        joiner.set_marker(Some("^[0-9]"));
        assert_eq!(
            taken(&mut joiner, &["1 one\n  at a\n", "  at b\n2 two\n", "3\n"]),
            ["1:1 one\n  at a\n  at b", "4:2 two"]
        );
        assert_eq!(joiner.pending(), b"3");
        let mut resumed = LineJoiner::resumed(5, "3");
        resumed.set_marker(Some("^[0-9]"));
        assert_eq!(taken(&mut resumed, &["  at c\n4\n"]), ["5:3\n  at c"]);
        resumed.set_marker(None);
        assert_eq!(taken(&mut resumed, &["5\n"]), ["7:4", "8:5"]);
    }

    #[test]
    fn an_event_without_end_is_passed_on_in_parts() {
        let mut joiner = LineJoiner::default();
        joiner.set_marker(Some("^never$"));
        let events = taken(&mut joiner, &["0123456789abcde\n".repeat(8192).as_str()]);
        assert_eq!(events.len(), 2);
        assert!(events.iter().all(|event| event.len() <= EVENT_BYTES + "12345:".len()));
    }
}
