//! What a replay reads and how: its sources, and the bounds of what it holds of them.

use std::{io, path::PathBuf, sync::Arc};

use lifesigns_model::{EventSource, limits};

/// Reads a source of a replay from its start to its end.
///
/// Every function that gives the next lines in a buffer, which may reuse the one that it is passed, is a
/// reader that is always open.
pub trait ReplayReader: Send {
    /// Returns the next whole lines, or `None` at the end. Where chunks end must depend on the source's bytes
    /// alone, or two replays may differ.
    ///
    /// # Errors
    /// When the source cannot be read.
    fn next_chunk(&mut self, spare: Vec<u8>) -> io::Result<Option<Vec<u8>>>;

    /// Returns whether the next chunk, or the end, comes without waiting for the one that writes the source. What a pipe
    /// has not got yet is read by no thread that has alerts to write.
    fn is_ready(&mut self) -> bool {
        true
    }

    /// Returns the bytes that it holds between two chunks while it is open, such as the window of a decoder. It
    /// is opened by its first chunk.
    fn open_bytes(&self) -> usize {
        0
    }

    /// Gives up what it holds. The next chunk is the same as without this, but may cost as much as reading
    /// everything before it again.
    fn close(&mut self) {}
}

impl<F: FnMut(Vec<u8>) -> io::Result<Option<Vec<u8>>> + Send> ReplayReader for F {
    fn next_chunk(&mut self, spare: Vec<u8>) -> io::Result<Option<Vec<u8>>> {
        self(spare)
    }
}

/// One source to replay.
pub struct ReplayInput<'a> {
    /// The source of the lines; ranks must be different.
    pub source: Arc<EventSource>,
    /// Reads it.
    pub reader: Box<dyn ReplayReader + 'a>,
}

/// How a replay is done.
#[derive(Clone, Debug)]
pub struct ReplayOptions {
    /// Threads, at least one. Nothing of what comes out depends on them.
    pub threads: usize,
    /// How far from its place by time a line may stand in its source, in bytes of the source. `None`:
    /// [`ReplayOptions::default_disorder_bytes`].
    pub disorder_bytes: Option<u64>,
    /// Time passes up to then after the last line, if that is later: reminders come that are due by then.
    pub until_ns: Option<u64>,
    /// The folder of the temporary file that is written if more compressed sources have to be read at the same
    /// time than there is memory for.
    pub spool_folder: PathBuf,
}

impl ReplayOptions {
    /// Returns the default with a number of threads.
    pub fn with_threads(threads: usize) -> Self {
        Self { threads, disorder_bytes: None, until_ns: None, spool_folder: std::env::temp_dir() }
    }

    /// Returns how far from its place a line may stand if nothing else is set: 64 MiB shared by all sources,
    /// between 64 KiB and 4 MiB for each.
    pub fn default_disorder_bytes(sources: usize) -> u64 {
        share(limits::REPLAY_AHEAD_BYTES, sources).clamp(64 << 10, 4 << 20) as u64
    }

    /// Returns the bytes of a chunk that readers should return, by the number of sources.
    pub fn chunk_bytes(sources: usize) -> usize {
        share(limits::REPLAY_CHUNKS_BYTES, sources).clamp(8 << 10, limits::CHUNK_BYTES)
    }

    pub(super) fn bounds(&self, sources: usize) -> MergeBounds {
        let default = Self::default_disorder_bytes(sources);
        let disorder_bytes = self.disorder_bytes.unwrap_or(default);
        let held = share(limits::REPLAY_HELD_BYTES, sources).max(24 << 10);
        // Who asks for more gets the memory for it: a line takes up to four times its bytes.
        let asked = if disorder_bytes > default { 4 * disorder_bytes } else { 0 };
        MergeBounds { disorder_bytes, held_bytes: held.max(asked as usize) }
    }
}

/// The bounds of each source in the merge.
#[derive(Clone, Copy, Debug)]
pub(super) struct MergeBounds {
    /// See [`ReplayOptions::disorder_bytes`].
    pub(super) disorder_bytes: u64,
    /// Wanted lines that are held before they are evaluated; with more, nothing more is read.
    pub(super) held_bytes: usize,
}

fn share(bytes: usize, sources: usize) -> usize {
    bytes / sources.max(1)
}
