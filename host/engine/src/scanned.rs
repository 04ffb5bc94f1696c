//! The result of a scan: the lines of a chunk that some rule wants, decoded, over one text.

use std::{ops::Range, sync::Arc};

use lifesigns_model::{AckCallback, EventSource, ObjectAliases, ObjectFacts, Span};

use crate::{RuleSet, byte_semaphore::BytePermit, pending::PendingBytes};

/// The counters of scans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanCounts {
    /// Bytes scanned.
    pub bytes: u64,
    /// Lines scanned.
    pub lines: u64,
    /// Lines that were decoded.
    pub decoded: u64,
    /// Lines that at least one rule wants, or that carry facts.
    pub kept: u64,
    /// Decoded lines that were not valid UTF-8; the rules see U+FFFD in place of the bad bytes.
    pub not_utf8: u64,
    /// Lines that were longer than the bound and truncated.
    pub cut: u64,
    /// Decoded lines that began like their format and then were not.
    pub malformed: u64,
    /// Events with no time of their own and none before them; they count as time 0, or as the time
    /// of their arrival.
    pub timeless: u64,
    /// Candidates that the prefilter had to verify.
    pub verifications: u64,
    /// Spans so costly that the prefilter left them to its linear-time automaton.
    pub fallbacks: u64,
}

impl std::ops::AddAssign for ScanCounts {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.lines += other.lines;
        self.decoded += other.decoded;
        self.kept += other.kept;
        self.not_utf8 += other.not_utf8;
        self.cut += other.cut;
        self.malformed += other.malformed;
        self.timeless += other.timeless;
        self.verifications += other.verifications;
        self.fallbacks += other.fallbacks;
    }
}

/// One line that is wanted or carries facts. Spans point into [`ScannedChunk::text`].
pub(crate) struct ScannedLine {
    /// Its number in the chunk, from 0.
    pub(crate) number: u32,
    /// Event time, nanoseconds since the Unix epoch; `None` until inherited from a line before it.
    pub(crate) time_ns: Option<u64>,
    /// The raw line.
    pub(crate) raw: Span,
    /// The object; none for the source's.
    pub(crate) object: Span,
    pub(crate) app: Span,
    pub(crate) message: Span,
    /// In [`ScannedChunk::fields`].
    pub(crate) fields: Range<u32>,
    /// Interests, in [`ScannedChunk::hits`], in order.
    pub(crate) hits: Range<u32>,
    /// In [`ScannedChunk::facts`].
    pub(crate) facts: Option<u32>,
}

impl ScannedLine {
    /// An empty line.
    pub(crate) const EMPTY: Self = Self {
        number: 0,
        time_ns: None,
        raw: Span::NONE,
        object: Span::NONE,
        app: Span::NONE,
        message: Span::NONE,
        fields: 0..0,
        hits: 0..0,
        facts: None,
    };

    /// A line that stands for facts which came by a call.
    pub(crate) fn of_facts(text: &mut String, facts: &ObjectFacts) -> Self {
        let object = Span::push(text, &facts.object);
        Self { time_ns: Some(facts.time_ns), object, facts: Some(0), ..Self::EMPTY }
    }
}

/// How much of a chunk's bytes was kept.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct KeptRoom {
    bytes: usize,
    text: usize,
    lines: usize,
    hits: usize,
}

/// A scanned chunk.
pub(crate) struct ScannedChunk {
    /// The rule set that it was scanned with; all its numbers are of this set.
    pub(crate) rules: Arc<RuleSet>,
    pub(crate) source: Arc<EventSource>,
    /// It has facts of the inventory, and not of a source of the stream.
    pub(crate) listed: bool,
    pub(crate) text: String,
    pub(crate) lines: Vec<ScannedLine>,
    /// Number of the field, value.
    pub(crate) fields: Vec<(u32, Span)>,
    pub(crate) hits: Vec<u32>,
    pub(crate) facts: Vec<ObjectFacts>,
    pub(crate) scan_counts: ScanCounts,
    /// The time of the last line that has one.
    pub(crate) last_time_ns: Option<u64>,
    /// The number of the chunk's first line in its source, from 1; known once its turn comes.
    pub(crate) first_line: u64,
    /// When it was handed in, on the driver's clock; 0 in a replay.
    pub(crate) handed_in_ns: u64,
    /// Its number among all chunks; 0 in a replay.
    pub(crate) number: u64,
    /// Where its source goes on after it.
    pub(crate) cursor: Option<Vec<u8>>,
    /// Dropped when everything in the chunk has been evaluated.
    pub(crate) ack_guard: AckGuard,
    /// Its bytes that shards have not evaluated.
    pub(crate) pending: Option<PendingBytes>,
}

impl ScannedChunk {
    pub(crate) fn new(rules: Arc<RuleSet>, source: Arc<EventSource>) -> Self {
        Self {
            rules,
            source,
            listed: false,
            text: String::new(),
            lines: Vec::new(),
            fields: Vec::new(),
            hits: Vec::new(),
            facts: Vec::new(),
            scan_counts: ScanCounts::default(),
            last_time_ns: None,
            first_line: 1,
            handed_in_ns: 0,
            number: 0,
            cursor: None,
            ack_guard: AckGuard::default(),
            pending: None,
        }
    }

    /// Returns how much of it was kept, once it has been scanned.
    pub(crate) fn kept_room(&self) -> KeptRoom {
        let bytes = self.scan_counts.bytes as usize;
        KeptRoom { bytes, text: self.text.len(), lines: self.lines.len(), hits: self.hits.len() }
    }

    /// Makes room for as large a part of its bytes as was kept of another chunk, so that little is moved while it is
    /// filled.
    pub(crate) fn reserve(&mut self, last: &KeptRoom) {
        let bytes = self.scan_counts.bytes as usize;
        let part = |kept: usize| kept.saturating_mul(bytes) / last.bytes.max(1) * 9 / 8;
        self.text.reserve(part(last.text));
        self.lines.reserve(part(last.lines));
        self.hits.reserve(part(last.hits));
    }

    /// Returns roughly the memory that it holds, without unused room.
    pub(crate) fn held_bytes(&self) -> usize {
        /// An object's name, and some properties.
        const FACTS_BYTES: usize = 512;
        size_of::<Self>()
            + self.text.len()
            + self.lines.len() * size_of::<ScannedLine>()
            + self.fields.len() * size_of::<(u32, Span)>()
            + self.hits.len() * size_of::<u32>()
            + self.facts.len() * FACTS_BYTES
    }

    /// Gives unused room back, for a chunk that is held for long.
    pub(crate) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.lines.shrink_to_fit();
        self.fields.shrink_to_fit();
        self.hits.shrink_to_fit();
    }

    /// The object that a line is about.
    pub(crate) fn object(&self, line: &ScannedLine) -> &str {
        line.object.get(&self.text).unwrap_or(&self.source.object)
    }

    /// The app that wrote a line.
    pub(crate) fn app(&self, line: &ScannedLine) -> Option<&str> {
        line.app.get(&self.text).or(self.source.app.as_deref())
    }

    /// A field of a line, by number.
    pub(crate) fn field(&self, line: &ScannedLine, number: u32) -> Option<&str> {
        let fields = &self.fields[line.fields.start as usize..line.fields.end as usize];
        fields.iter().find(|(known, _)| *known == number).map(|(_, span)| span.str(&self.text))
    }

    /// Replaces other names of objects by the objects' own. Comes before a line's shard is chosen.
    pub(crate) fn resolve(&mut self, aliases: &ObjectAliases) {
        if aliases.is_empty() {
            return;
        }
        for line in &mut self.lines {
            let name = line.object.get(&self.text).unwrap_or(&self.source.object);
            if let Some(object) = aliases.object_of(name) {
                line.object = Span::push(&mut self.text, object);
            }
        }
        self.facts.iter_mut().for_each(|facts| aliases.resolve(facts));
    }

    /// Takes its position in its source: `first_line` is the number of its first line, `before` the
    /// last time known before it, `arrived` stands in where there is none.
    pub(crate) fn assign_lines(&mut self, first_line: u64, before: Option<u64>, arrived: Option<u64>) {
        self.first_line = first_line;
        for line in &mut self.lines {
            if line.time_ns.is_none() {
                line.time_ns = before.or(arrived);
                self.scan_counts.timeless += u64::from(before.is_none());
            }
        }
        if self.last_time_ns.is_none() {
            self.last_time_ns = before;
        }
    }
}

/// Acknowledgements that wait for the release of a checkpoint. If it is dropped, they are not made.
#[derive(Default)]
pub(crate) struct WithheldAcks(pub(crate) Vec<AckGuard>);

impl WithheldAcks {
    /// Acknowledges, in the order of the chunks.
    pub(crate) fn release(mut self) {
        drop(std::mem::take(&mut self.0));
    }
}

impl Drop for WithheldAcks {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|ack_guard| ack_guard.ack = None);
    }
}

/// When the last reference to a chunk is dropped: acknowledges it to its source, and gives its bytes in
/// flight back.
#[derive(Default)]
pub(crate) struct AckGuard {
    pub(crate) ack: Option<AckCallback>,
    pub(crate) permit: Option<BytePermit>,
}

impl Drop for AckGuard {
    fn drop(&mut self) {
        // What unwinds was not evaluated.
        if !std::thread::panicking()
            && let Some(ack) = self.ack.take()
        {
            ack();
        }
    }
}
