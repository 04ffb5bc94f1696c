//! Lines and facts of the platform's own.

use std::sync::Arc;

use lifesigns_engine::now_ns;
use lifesigns_intake::Format;
use lifesigns_model::{Chunk, Decoder, Record, Source, SystemClock};

/// A source whose lines are decoded in this format, as those of `lifesigns run` are; what names no
/// object is about `object`. A source is known by its name: after a restart it goes on counting its
/// lines where it left off.
pub fn source(name: impl Into<String>, object: impl Into<String>, format: Format) -> Arc<Source> {
    let decoder = format.live_decoder(Arc::new(SystemClock));
    Arc::new(Source { name: name.into(), rank: 0, object: object.into(), app: None, decoder })
}

/// A source whose lines are messages as they are, in no format: nothing in them is unwrapped; all are about `object`. A source is known by its
/// name: after a restart it goes on counting its lines where it left off.
pub fn plain(name: impl Into<String>, object: impl Into<String>) -> Arc<Source> {
    let decoder = Arc::new(Plain);
    Arc::new(Source { name: name.into(), rank: 0, object: object.into(), app: None, decoder })
}

/// Whole lines of a source, at most [`lifesigns_model::limits::CHUNK_BYTES`], that arrive now. Nobody
/// is told when they are on the disk: whoever wants to be sets [`Chunk::done`].
pub fn lines(source: &Arc<Source>, bytes: impl Into<Vec<u8>>) -> Chunk {
    let (source, bytes) = (Arc::clone(source), bytes.into());
    Chunk { source, bytes, arrived_ns: Some(now_ns()), cursor: None, done: None }
}

/// Takes a line for a message, as it is.
pub(crate) struct Plain;

impl Decoder for Plain {
    fn decode<'a>(&self, line: &'a str) -> Record<'a> {
        Record { message: Some(line.into()), ..Record::default() }
    }

    fn escapes(&self) -> bool {
        false
    }

    fn facts(&self) -> bool {
        false
    }
}
