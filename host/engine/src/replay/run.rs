//! The lines of one chunk by time, of which the first ones may be merged already.

use std::sync::Arc;

use lifesigns_model::Span;

use crate::scanned::{ScannedChunk, ScannedLine};

/// The order of lines in a replay: event time, place of the source among the inputs, line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LineKey {
    pub(super) time_ns: u64,
    pub(super) input: u32,
    line: u64,
}

/// See the module.
pub(super) struct Run {
    pub(super) chunk: Arc<ScannedChunk>,
    pub(super) input: u32,
    /// Places in the chunk's lines; `None` if they are in order as they stand.
    order: Option<Box<[u32]>>,
    /// Lines that are merged.
    at: usize,
    /// Bytes of the chunk: as many for each of its lines.
    pub(super) bytes: usize,
}

impl Run {
    /// Returns the lines of a chunk, which has at least one.
    pub(super) fn new(chunk: Box<ScannedChunk>, input: u32) -> Self {
        let time_ns = |line: &ScannedLine| line.time_ns.unwrap_or_default();
        let order = if chunk.lines.is_sorted_by_key(time_ns) {
            None
        } else {
            let mut order: Vec<u32> = (0..chunk.lines.len() as u32).collect();
            order.sort_by_key(|line| time_ns(&chunk.lines[*line as usize]));
            Some(order.into_boxed_slice())
        };
        Self::of(chunk, input, order)
    }

    fn of(chunk: Box<ScannedChunk>, input: u32, order: Option<Box<[u32]>>) -> Self {
        let bytes = chunk.held_bytes().next_multiple_of(chunk.lines.len());
        Self { chunk: Arc::from(chunk), input, order, at: 0, bytes }
    }

    /// Returns the key of the first line that is not merged.
    pub(super) fn key(&self) -> Option<LineKey> {
        (self.at < self.chunk.lines.len()).then(|| self.key_of(self.at))
    }

    /// Returns the latest time of its lines.
    pub(super) fn last_time_ns(&self) -> u64 {
        self.key_of(self.chunk.lines.len() - 1).time_ns
    }

    /// Returns a time that most of its lines have reached, whatever times single lines have.
    pub(super) fn typical_time_ns(&self) -> u64 {
        self.key_of(self.chunk.lines.len() / 4).time_ns
    }

    /// Returns the number of lines that come before `key`, and the time of the first of them.
    pub(super) fn before(&self, key: LineKey) -> (u64, u64) {
        let (mut from, mut to) = (self.at, self.chunk.lines.len());
        while from < to {
            let middle = usize::midpoint(from, to);
            if self.key_of(middle) < key {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        ((from - self.at) as u64, self.key_of(self.at).time_ns)
    }

    /// Takes the first line that is not merged: its place in the chunk's lines.
    pub(super) fn take(&mut self) -> u32 {
        self.at += 1;
        self.place(self.at - 1)
    }

    /// Returns the bytes of a line.
    pub(super) fn line_bytes(&self) -> usize {
        self.bytes / self.chunk.lines.len()
    }

    fn place(&self, at: usize) -> u32 {
        self.order.as_ref().map_or(at as u32, |order| order[at])
    }

    fn key_of(&self, at: usize) -> LineKey {
        let line = &self.chunk.lines[self.place(at) as usize];
        LineKey {
            time_ns: line.time_ns.unwrap_or_default(),
            input: self.input,
            line: self.chunk.first_line + u64::from(line.number),
        }
    }

    /// Copies the lines that are not merged out of their chunk, which may be many times as large.
    pub(super) fn compact(self) -> Self {
        let old = &self.chunk;
        let mut new = ScannedChunk::new(Arc::clone(&old.rules), Arc::clone(&old.source));
        new.first_line = old.first_line;
        for at in self.at..old.lines.len() {
            copy(old, &old.lines[self.place(at) as usize], &mut new);
        }
        // They are copied in order.
        Self::of(Box::new(new), self.input, None)
    }
}

fn copy(old: &ScannedChunk, line: &ScannedLine, new: &mut ScannedChunk) {
    let raw = line.raw.str(&old.text);
    let start = new.text.len();
    new.text.push_str(raw);
    let (text, new_raw) = (&mut new.text, Span::new(start, raw.len()));
    let mut put = |span: Span| match span.get(&old.text) {
        None => Span::NONE,
        Some(part) => Span::within(part, raw, start).unwrap_or_else(|| Span::push(text, part)),
    };
    let (object, app, message) = (put(line.object), put(line.app), put(line.message));
    let first_field = new.fields.len() as u32;
    for (number, value) in &old.fields[line.fields.start as usize..line.fields.end as usize] {
        new.fields.push((*number, put(*value)));
    }
    let first_hit = new.hits.len() as u32;
    new.hits.extend_from_slice(&old.hits[line.hits.start as usize..line.hits.end as usize]);
    let facts = line.facts.map(|facts| {
        new.facts.push(old.facts[facts as usize].clone());
        new.facts.len() as u32 - 1
    });
    let (fields, hits) = (first_field..new.fields.len() as u32, first_hit..new.hits.len() as u32);
    new.lines.push(ScannedLine { raw: new_raw, object, app, message, fields, hits, facts, ..*line });
}
