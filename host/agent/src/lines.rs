//! Lines of one source to events: each line is one, or goes on with the one before where a marker says where they begin.

use lifesigns_intake::EventMarker;

/// Longest event of several lines, in bytes; a longer one is passed on in parts.
const EVENT_BYTES: usize = 60 << 10;

/// Joins the lines of one source. What may go on is held back.
#[derive(Debug, Default)]
pub(crate) struct LineJoiner {
    marker: Option<(String, EventMarker)>,
    pending: Vec<u8>,
}

impl LineJoiner {
    /// Returns a joiner that goes on with what was held back.
    pub(crate) fn resumed(pending: &str) -> Self {
        Self { marker: None, pending: pending.as_bytes().to_vec() }
    }

    /// Uses this expression from now on.
    pub(crate) fn set_marker(&mut self, pattern: Option<&str>) {
        if self.marker.as_ref().map(|(pattern, _)| pattern.as_str()) == pattern {
            return;
        }
        // The host has checked it.
        self.marker = pattern.and_then(|pattern| Some((pattern.to_owned(), EventMarker::new(pattern).ok()?)));
    }

    /// Returns what is held back.
    pub(crate) fn pending(&self) -> &[u8] {
        &self.pending
    }

    /// Takes what is held back as an event.
    pub(crate) fn take_pending(&mut self) -> Option<Vec<u8>> {
        Some(std::mem::take(&mut self.pending)).filter(|pending| !pending.is_empty())
    }

    /// Takes whole lines, and calls `emit` with each event.
    pub(crate) fn take(&mut self, bytes: &[u8], mut emit: impl FnMut(&[u8])) {
        for line in bytes.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let Some((_, marker)) = &mut self.marker else {
                if let Some(pending) = self.take_pending() {
                    emit(&pending);
                }
                if !line.trim_ascii().is_empty() {
                    emit(line);
                }
                continue;
            };
            if line.is_empty() && self.pending.is_empty() {
                continue;
            }
            let is_full = self.pending.len() + line.len() > EVENT_BYTES;
            if !self.pending.is_empty() && (is_full || marker.begins(line)) {
                emit(&std::mem::take(&mut self.pending));
            }
            if !self.pending.is_empty() {
                self.pending.push(b'\n');
            }
            self.pending.extend_from_slice(line);
        }
        // What is behind the last line end is no line.
        if self.pending.ends_with(b"\n") {
            self.pending.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(joiner: &mut LineJoiner, chunks: &[&str]) -> Vec<String> {
        let mut events = Vec::new();
        for chunk in chunks {
            joiner.take(chunk.as_bytes(), |event| events.push(String::from_utf8_lossy(event).into_owned()));
        }
        events
    }

    #[test]
    fn without_a_marker_each_line_is_an_event() {
        let mut joiner = LineJoiner::default();
        assert_eq!(taken(&mut joiner, &["a\r\n\n  b\n", "c"]), ["a", "  b", "c"]);
        assert!(joiner.take_pending().is_none());
    }

    #[test]
    fn with_a_marker_lines_go_on_across_chunks() {
        let mut joiner = LineJoiner::default();
        joiner.set_marker(Some("^[0-9]"));
        assert_eq!(
            taken(&mut joiner, &["1 one\n  at a\n", "  at b\n2 two\n", "3\n"]),
            ["1 one\n  at a\n  at b", "2 two"]
        );
        assert_eq!(joiner.pending(), b"3");
        let mut resumed = LineJoiner::resumed("3");
        resumed.set_marker(Some("^[0-9]"));
        assert_eq!(taken(&mut resumed, &["  at c\n4\n"]), ["3\n  at c"]);
        resumed.set_marker(None);
        assert_eq!(taken(&mut resumed, &["5\n"]), ["4", "5"]);
    }

    #[test]
    fn an_event_without_end_is_passed_on_in_parts() {
        let mut joiner = LineJoiner::default();
        joiner.set_marker(Some("^never$"));
        let events = taken(&mut joiner, &["0123456789abcde\n".repeat(8192).as_str()]);
        assert_eq!(events.len(), 2);
        assert!(events.iter().all(|event| event.len() <= EVENT_BYTES));
    }
}
