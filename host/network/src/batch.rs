//! Lines of all peers of a source on their way to the sink.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
};

use lifesigns_sources::{Content, ObjectLines, Pushed, SourceFeed, Submission};
use tokio::{
    sync::{Notify, watch},
    task::yield_now,
};

use crate::counters::{Counters, add};

/// A line as it came in its frame or datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReceivedLine<'a> {
    /// The line, without what ended it.
    pub(crate) bytes: &'a [u8],
    /// It was longer than lines may be.
    pub(crate) is_cut: bool,
    /// Its frame was wrong.
    pub(crate) is_malformed: bool,
}

/// Collects lines and submits them. Blocks while the sink has no room, and with it everything that reads for this
/// source: senders wait.
pub(crate) struct LineBatch {
    feed: SourceFeed,
    counters: Arc<Counters>,
    /// Lines without `<PRI>` are malformed.
    has_priorities: bool,
    lines: RefCell<ObjectLines>,
    waiting: Notify,
    is_closed: Cell<bool>,
    stop: watch::Sender<bool>,
}

impl LineBatch {
    /// Collects lines for `feed`. `stop` ends all that reads for it once the sink is closed.
    pub(crate) fn new(
        feed: SourceFeed,
        counters: Arc<Counters>,
        has_priorities: bool,
        stop: watch::Sender<bool>,
    ) -> Rc<Self> {
        let (lines, waiting, is_closed) = (RefCell::default(), Notify::new(), Cell::new(false));
        Rc::new(Self { feed, counters, has_priorities, lines, waiting, is_closed, stop })
    }

    /// Adds a line about `object`, if it names none.
    pub(crate) fn push(&self, object: &str, line: ReceivedLine<'_>) {
        let bytes = trim(line.bytes);
        if bytes.is_empty() || self.is_closed.get() {
            return;
        }
        add(&self.counters.lines, 1);
        add(&self.counters.cut, u64::from(line.is_cut));
        let is_malformed = line.is_malformed || (self.has_priorities && !has_priority(bytes));
        add(&self.counters.malformed, u64::from(is_malformed));
        let mut lines = self.lines.borrow_mut();
        if lines.is_empty() {
            self.waiting.notify_one();
        }
        if lines.push(object, bytes) == Pushed::Full {
            self.submit(std::mem::take(&mut *lines));
            // Lines are bounded: one has room in an empty batch.
            let _ = lines.push(object, bytes);
        }
    }

    /// Submits what was collected.
    pub(crate) fn flush(&self) {
        let lines = std::mem::take(&mut *self.lines.borrow_mut());
        self.submit(lines);
    }

    fn submit(&self, lines: ObjectLines) {
        if !lines.is_empty() && self.feed.submit(Content::ObjectLines(lines), None) == Submission::Closed {
            self.is_closed.set(true);
            self.stop.send_replace(true);
        }
    }

    /// Submits whenever everything that was ready has been read.
    pub(crate) async fn flush_when_idle(self: Rc<Self>) {
        when_idle(&self.waiting, || self.flush()).await;
    }
}

/// Calls `flush` whenever something waits and everything that was ready has been read.
pub(crate) async fn when_idle(waiting: &Notify, flush: impl Fn()) {
    loop {
        waiting.notified().await;
        // Tasks that are ready run first, and what the poll finds.
        yield_now().await;
        flush();
    }
}

/// Returns a line without the line ends and NULs that some senders put behind it.
fn trim(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r' | 0)).map_or(0, |last| last + 1);
    &line[..end]
}

/// Whether a line begins with `<PRI>`, perhaps behind a byte order mark.
fn has_priority(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let Some(rest) = line.strip_prefix(b"<") else { return false };
    let digits = rest.iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
    let value = rest[..digits].iter().fold(0_u32, |value, digit| value * 10 + u32::from(digit - b'0'));
    (1..=3).contains(&digits) && rest.get(digits) == Some(&b'>') && value < 192
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_has_one_to_three_digits_and_a_value_below_192() {
        for line in ["<0>x", "<13>", "<191>1 - - - - - -", "\u{feff}<34>x"] {
            assert!(has_priority(line.as_bytes()), "{line}");
        }
        for line in ["", "<", "<>x", "<192>x", "<1234>x", "<-1>x", " <13>x", "13>x", "<1", "<a>"] {
            assert!(!has_priority(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn trailers_are_no_part_of_a_line() {
        for (line, trimmed) in [("a\r\n\0\0", "a"), ("\0\n", ""), ("a\0b", "a\0b"), ("", "")] {
            assert_eq!(trim(line.as_bytes()), trimmed.as_bytes());
        }
    }
}
