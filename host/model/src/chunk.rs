//! Chunks of lines, as sources submit them to the engine.

use std::{fmt, sync::Arc};

use crate::Decoder;

/// The source of lines, with defaults for lines that do not name them.
pub struct EventSource {
    /// Its name in evidence: a path, `stdin`, or the name from the configuration.
    pub name: String,
    /// Its rank among the sources; breaks ties of event time.
    pub rank: u32,
    /// The object of lines that name none.
    pub object: String,
    /// The app of lines that name none.
    pub app: Option<String>,
    /// Decodes its lines.
    pub decoder: Arc<dyn Decoder>,
}

impl fmt::Debug for EventSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventSource").field("name", &self.name).field("rank", &self.rank).finish_non_exhaustive()
    }
}

/// Whole lines of one source. The last one may lack its line end.
pub struct Chunk {
    /// The source of the lines.
    pub source: Arc<EventSource>,
    /// The lines. None is longer than [`crate::limits::CHUNK_BYTES`].
    pub bytes: Vec<u8>,
    /// When they arrived, for lines that have no time: nanoseconds since the Unix epoch, or `None`
    /// where arrival means nothing (replay).
    pub arrived_ns: Option<u64>,
    /// Where its source goes on after it, in the source's own format.
    pub cursor: Option<Vec<u8>>,
    /// Called when everything in the chunk has been evaluated, or with checkpoints when the one that it
    /// is in is released; dropped without a call if that cannot be.
    pub ack: Option<AckCallback>,
}

/// A source's acknowledgement.
pub type AckCallback = Box<dyn FnOnce() + Send + Sync>;

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk").field("source", &self.source.name).field("bytes", &self.bytes.len()).finish()
    }
}
