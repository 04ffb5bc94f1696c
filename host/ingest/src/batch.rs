//! What decoders fill: records and lines in chunks, and what was refused, with the reason.

use lifesigns_intake::{PlacedLine, PlacedLines};
use lifesigns_model::{Facts, LogRecord};
use lifesigns_sources::{Content, ObjectLines, Pushed, RecordLines};

/// Reasons that are kept of one request; the rest is counted.
const ERRORS: usize = 100;
/// A reason, in bytes.
const DETAIL_BYTES: usize = 512;

/// Why one item of a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ItemError {
    /// Its number in the request: a line from 1, an item of a list from 0.
    pub item: u64,
    /// What is wrong.
    pub detail: String,
}

/// A piece of a request that fits into one chunk.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) content: Content,
    /// Items of the request up to its end.
    pub(crate) items: u64,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct EventBatch {
    pieces: Vec<Piece>,
    lines: ObjectLines,
    placed: PlacedLines,
    records: RecordLines,
    /// Bytes that are still to come, about.
    expected_bytes: usize,
    /// Items that an earlier attempt has brought, and that are left out.
    skip: u64,
    accepted: u64,
    refused: u64,
    skipped: u64,
    cut: u64,
    malformed: u64,
    errors: Vec<ItemError>,
}

/// What became of the items of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ItemCounts {
    /// Items that were taken.
    pub accepted: u64,
    /// Items that were refused.
    pub refused: u64,
    /// Samples that no setting selects.
    pub skipped: u64,
    /// Items of which a part was too long, and was cut.
    pub cut: u64,
    /// Items that were taken as plain text because they do not follow their format.
    pub malformed: u64,
    /// Why the first of the refused items were refused.
    pub errors: Vec<ItemError>,
}

impl EventBatch {
    /// Returns a batch that leaves out the first `skip` items that are accepted.
    pub(crate) fn skipping(skip: u64) -> Self {
        Self { skip, ..Self::default() }
    }

    /// Returns a batch for a body of this length: memory for it is taken at once.
    #[must_use]
    pub(crate) const fn expecting(mut self, body_bytes: usize) -> Self {
        self.expected_bytes = body_bytes + body_bytes / 4;
        self
    }

    /// Adds a record about `object`, unless it names one. Returns whether it was taken.
    pub(crate) fn record(&mut self, item: u64, record: &LogRecord<'_>, object: &str) -> bool {
        self.push_record(item, record, |records| records.push(record, object))
    }

    /// Adds a record as [`Self::record`] does that was decoded from `text`, which its evidence shows.
    pub(crate) fn read(&mut self, item: u64, record: &LogRecord<'_>, object: &str, text: &str) -> bool {
        self.push_record(item, record, |records| records.push_read(record, object, text))
    }

    fn push_record(&mut self, item: u64, record: &LogRecord<'_>, push: impl Fn(&mut RecordLines) -> Pushed) -> bool {
        if self.is_known() {
            return true;
        }
        if record.malformed {
            self.malformed += 1;
        }
        self.close_unless(self.lines.is_empty() && self.placed.is_empty());
        if self.records.is_empty() {
            self.records.reserve(self.expected_bytes);
        }
        let mut pushed = push(&mut self.records);
        if pushed == Pushed::Full {
            self.close();
            pushed = push(&mut self.records);
        }
        self.note(item, pushed)
    }

    /// Adds facts about `object`, without a message. Of more than a line can hold, several lines are made.
    pub(crate) fn facts(&mut self, item: u64, time_ns: Option<u64>, object: &str, metrics: Vec<(String, f64)>) -> bool {
        let metrics = metrics.into_iter().map(|(name, value)| (name.into(), value)).collect();
        let facts = Facts { metrics, ..Facts::default() };
        let record = LogRecord { time_ns, facts: Some(facts), ..LogRecord::default() };
        self.record(item, &record, object)
    }

    /// Adds a line about `object`, unless it names one. Returns whether it was taken.
    pub(crate) fn line(&mut self, item: u64, object: &str, line: &str) -> bool {
        if self.is_known() {
            return true;
        }
        if line.len() > lifesigns_model::limits::LINE_BYTES {
            let most = lifesigns_model::limits::LINE_BYTES;
            self.refuse(item, format!("it has {} bytes, and an event has at most {most}", line.len()));
            return false;
        }
        self.close_unless(self.records.is_empty() && self.placed.is_empty());
        if self.lines.is_empty() {
            self.lines.reserve(self.expected_bytes);
        }
        let mut pushed = self.lines.push(object, line.as_bytes());
        if pushed == Pushed::Full {
            self.close();
            pushed = self.lines.push(object, line.as_bytes());
        }
        self.note(item, pushed)
    }

    /// Adds a line that was read elsewhere. Returns whether it was taken.
    pub(crate) fn placed(&mut self, item: u64, line: &PlacedLine<'_>) -> bool {
        if self.is_known() {
            return true;
        }
        self.close_unless(self.lines.is_empty() && self.records.is_empty());
        let mut pushed = self.placed.push(line);
        if pushed == Pushed::Full {
            self.close();
            pushed = self.placed.push(line);
        }
        self.note(item, pushed)
    }

    /// Counts an item and returns true if an earlier attempt has brought it.
    fn is_known(&mut self) -> bool {
        if self.accepted < self.skip {
            self.accepted += 1;
            return true;
        }
        false
    }

    fn note(&mut self, item: u64, pushed: Pushed) -> bool {
        if pushed == Pushed::Added {
            self.accepted += 1;
            return true;
        }
        self.refuse(item, "it is too large for an event".to_owned());
        false
    }

    /// Notes that an item was refused.
    pub(crate) fn refuse(&mut self, item: u64, detail: impl Into<String>) {
        self.refused += 1;
        if self.errors.len() < ERRORS {
            let mut detail: String = detail.into();
            detail.truncate(detail.floor_char_boundary(DETAIL_BYTES));
            self.errors.push(ItemError { item, detail });
        }
    }

    /// Notes samples that no setting selects.
    pub(crate) fn skip_samples(&mut self, count: u64) {
        self.skipped += count;
    }

    /// Notes that a part of an item was cut.
    pub(crate) fn note_cut(&mut self) {
        self.cut += 1;
    }

    /// Items that were taken or refused so far.
    pub(crate) const fn items(&self) -> u64 {
        self.accepted + self.refused
    }

    /// Ends the piece unless it has one kind of content alone: how far a piece goes is committed with it.
    fn close_unless(&mut self, is_alone: bool) {
        if !is_alone {
            self.close();
        }
    }

    fn close(&mut self) {
        // A piece that is closed was full, or the body changes its kind: the next one has less before it.
        self.expected_bytes = self.expected_bytes.saturating_sub(lifesigns_model::limits::CHUNK_BYTES);
        if !self.lines.is_empty() {
            let content = Content::ObjectLines(std::mem::take(&mut self.lines));
            self.pieces.push(Piece { content, items: self.accepted });
        }
        if !self.placed.is_empty() {
            self.cut += self.placed.cut();
            let content = Content::PlacedLines(std::mem::take(&mut self.placed));
            self.pieces.push(Piece { content, items: self.accepted });
        }
        if !self.records.is_empty() {
            self.cut += self.records.cut();
            let content = Content::Records(std::mem::take(&mut self.records));
            self.pieces.push(Piece { content, items: self.accepted });
        }
    }

    /// Returns the pieces in order, and what became of the items.
    pub(crate) fn finish(mut self) -> (Vec<Piece>, ItemCounts) {
        self.close();
        let Self { pieces, accepted, refused, skipped, cut, malformed, errors, .. } = self;
        (pieces, ItemCounts { accepted, refused, skipped, cut, malformed, errors })
    }
}
