//! What a source hands to its sink: lines, lines with an object each, or decoded records.

use std::{fmt, sync::Arc};

use lifesigns_intake::{ObjectLines, PlacedLines, RecordLines, object_decoder, placed_decoder, record_decoder};
use lifesigns_model::{AckCallback, Chunk, Decoder, EventSource};

/// The source of input, in each form that input can have.
#[derive(Clone, Debug)]
pub struct InputSource {
    lines: Arc<EventSource>,
    object_lines: Arc<EventSource>,
    placed_lines: Arc<EventSource>,
    records: Arc<EventSource>,
}

impl InputSource {
    /// Returns a source of this name, object, app and decoder of lines.
    pub fn new(source: EventSource) -> Self {
        let object_lines = Arc::new(with_decoder(&source, object_decoder(Arc::clone(&source.decoder))));
        let placed_lines = Arc::new(with_decoder(&source, placed_decoder(Arc::clone(&source.decoder))));
        let records = Arc::new(with_decoder(&source, record_decoder()));
        Self { lines: Arc::new(source), object_lines, placed_lines, records }
    }

    /// Decodes lines that were read elsewhere with `decoder` in place of that of its own lines.
    #[must_use]
    pub fn with_placed_decoder(self, decoder: Arc<dyn Decoder>) -> Self {
        Self { placed_lines: Arc::new(with_decoder(&self.lines, placed_decoder(decoder))), ..self }
    }

    /// Returns its name, by which its checkpoint is found.
    pub fn name(&self) -> &str {
        &self.lines.name
    }

    /// Returns the object of what names none.
    pub fn object(&self) -> &str {
        &self.lines.object
    }
}

fn with_decoder(source: &EventSource, decoder: Arc<dyn Decoder>) -> EventSource {
    let EventSource { name, rank, object, app, decoder: _ } = source;
    EventSource { name: name.clone(), rank: *rank, object: object.clone(), app: app.clone(), decoder }
}

/// What was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Whole lines. The last one may lack its line end.
    Lines(Vec<u8>),
    /// Lines that each have a default object of their own.
    ObjectLines(ObjectLines),
    /// Lines that were read elsewhere, each with where.
    PlacedLines(PlacedLines),
    /// Records that were decoded before, with a default object each.
    Records(RecordLines),
}

impl Content {
    /// Whether there is nothing in it: such input only carries a cursor.
    pub const fn is_empty(&self) -> bool {
        match self {
            Self::Lines(bytes) => bytes.is_empty(),
            Self::ObjectLines(lines) => lines.is_empty(),
            Self::PlacedLines(lines) => lines.is_empty(),
            Self::Records(records) => records.is_empty(),
        }
    }
}

/// A piece of input from one source.
pub struct Input {
    /// Where it comes from.
    pub source: InputSource,
    /// What was read.
    pub content: Content,
    /// When it arrived, for lines that have no time: nanoseconds since the Unix epoch, or `None` where
    /// arrival means nothing (replay).
    pub arrived_ns: Option<u64>,
    /// Where its source would go on after it, in the source's own words.
    pub cursor: Option<Vec<u8>>,
    /// Called when the input is committed, or evaluated where nothing is committed; dropped uncalled if
    /// that cannot be.
    pub ack: Option<AckCallback>,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input")
            .field("source", &self.source.name())
            .field("content", &self.content)
            .finish_non_exhaustive()
    }
}

impl Input {
    /// Returns the input as an engine takes it: lines, with a source whose decoder reads them.
    pub fn into_chunk(self) -> Chunk {
        let InputSource { lines, object_lines, placed_lines, records } = self.source;
        let (source, bytes) = match self.content {
            Content::Lines(bytes) => (lines, bytes),
            Content::ObjectLines(content) => (object_lines, content.into_bytes()),
            Content::PlacedLines(content) => (placed_lines, content.into_bytes()),
            Content::Records(content) => (records, content.into_bytes()),
        };
        Chunk { source, bytes, arrived_ns: self.arrived_ns, cursor: self.cursor, ack: self.ack }
    }
}
