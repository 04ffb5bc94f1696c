//! The chunks of all sources, scanned ahead by as many threads as there are. Who takes them gets those of a
//! source in order, and always the same ones.

use std::{
    collections::{BTreeMap, BTreeSet},
    io, mem,
    sync::Arc,
};

use lifesigns_model::{EventSource, limits};

use super::{
    input::{ReplayInput, ReplayReader},
    spool::SpooledSource,
};
use crate::scanned::ScannedChunk;

/// Where the chunks of a source come from.
pub(super) enum ChunkSource<'a> {
    Reader(Box<dyn ReplayReader + 'a>),
    Spooled(SpooledSource),
}

/// The next chunk of a source: a thread has it to read and scan.
pub(super) struct ReadJob<'a> {
    pub(super) input: u32,
    pub(super) source: Arc<EventSource>,
    pub(super) feed: ChunkSource<'a>,
    /// Its reader cannot stay open: it is read to the end at once.
    pub(super) spools: bool,
}

impl ChunkSource<'_> {
    fn is_ready(&mut self) -> bool {
        match self {
            Self::Reader(reader) => reader.is_ready(),
            Self::Spooled(_) => true,
        }
    }
}

/// Whether a thread may wait for who writes a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waiting {
    Allowed,
    Refused,
}

/// What is known of the next chunk of a source.
pub(super) enum NextChunk {
    Chunk(io::Result<Box<ScannedChunk>>),
    End,
    /// It has to be read, or another thread is at it.
    NotYet,
}

/// The chunks of one source.
struct SourceReadAhead<'a> {
    source: Arc<EventSource>,
    /// `None` while a thread reads.
    feed: Option<ChunkSource<'a>>,
    /// Bytes that the reader holds while it is open.
    open_bytes: usize,
    is_open: bool,
    /// Chunks that were read, and those that were taken.
    read: u64,
    taken: u64,
    scanned: BTreeMap<u64, io::Result<Box<ScannedChunk>>>,
    ended: bool,
    /// The last time of what was scanned.
    time_ns: u64,
    /// As much of it was taken as is needed before its time comes.
    has_rested: bool,
    /// It is to be closed when the thread that reads it is done.
    closes: bool,
}

impl SourceReadAhead<'_> {
    fn may_begin(&mut self, waiting: Waiting) -> bool {
        waiting == Waiting::Allowed || self.feed.as_mut().is_some_and(ChunkSource::is_ready)
    }
}

/// See the module.
pub(super) struct ReadAhead<'a> {
    inputs: Vec<SourceReadAhead<'a>>,
    /// Sources that may be read and that no thread is at, by time.
    free: BTreeSet<(u64, u32)>,
    /// The latest time at which a source was asked for more than its beginning.
    front_ns: u64,
    /// Chunks that are scanned and not taken.
    scanned_bytes: usize,
    /// What open readers hold.
    open_bytes: usize,
}

impl<'a> ReadAhead<'a> {
    pub(super) fn new(inputs: Vec<ReplayInput<'a>>) -> Self {
        let free = (0..inputs.len() as u32).map(|number| (0, number)).collect();
        let inputs = inputs.into_iter().map(not_yet_read).collect();
        Self { inputs, free, front_ns: 0, scanned_bytes: 0, open_bytes: 0 }
    }

    pub(super) fn name(&self, input: u32) -> &str {
        &self.inputs[input as usize].source.name
    }

    /// Takes the next chunk of a source.
    pub(super) fn take(&mut self, number: u32) -> NextChunk {
        let input = &mut self.inputs[number as usize];
        if input.has_rested {
            self.front_ns = self.front_ns.max(input.time_ns);
        }
        match input.scanned.remove(&input.taken) {
            Some(chunk) => {
                input.taken += 1;
                self.scanned_bytes -= chunk.as_ref().map_or(0, |scanned| scanned.held_bytes());
                NextChunk::Chunk(chunk)
            }
            None if input.ended && input.taken == input.read => NextChunk::End,
            None => NextChunk::NotYet,
        }
    }

    /// As much of a source was taken as is needed before its time comes: it is closed if not all can stay open.
    pub(super) fn rest(&mut self, number: u32) {
        let inputs = self.inputs.len();
        let input = &mut self.inputs[number as usize];
        input.has_rested = true;
        input.closes = input.open_bytes.saturating_mul(inputs) > limits::REPLAY_DECODERS_BYTES;
        self.close_if_due(number);
    }

    fn close_if_due(&mut self, number: u32) {
        let input = &mut self.inputs[number as usize];
        if let Some(ChunkSource::Reader(reader)) = &mut input.feed
            && mem::take(&mut input.closes)
            && mem::take(&mut input.is_open)
        {
            reader.close();
            self.open_bytes -= input.open_bytes;
        }
    }

    /// Begins to read the next chunk of a source for who can do nothing before it has it. It waits for its writer
    /// only if all before it is merged.
    pub(super) fn begin_awaited(&mut self, number: u32) -> Option<ReadJob<'a>> {
        let input = &mut self.inputs[number as usize];
        let waiting = if input.taken == input.read { Waiting::Allowed } else { Waiting::Refused };
        if input.may_begin(waiting) { self.begin(number) } else { None }
    }

    /// Begins to read the source whose chunks are wanted next.
    pub(super) fn begin_next(&mut self, waiting: Waiting) -> Option<ReadJob<'a>> {
        let number = self.choose(waiting)?;
        self.begin(number)
    }

    /// Begins to read the next chunk of a source, unless it has none or a thread is at it.
    fn begin(&mut self, number: u32) -> Option<ReadJob<'a>> {
        let has_room = self.has_room(number);
        let input = &mut self.inputs[number as usize];
        if !self.free.remove(&(input.time_ns, number)) {
            return None;
        }
        let feed = input.feed.take()?;
        let mut spools = false;
        if matches!(feed, ChunkSource::Reader(_)) && !input.is_open {
            // Of its beginning little is read.
            spools = input.has_rested && !has_room;
            input.is_open = true;
            self.open_bytes += input.open_bytes;
        }
        Some(ReadJob { input: number, source: Arc::clone(&input.source), feed, spools })
    }

    /// Returns whether a source is open or can be.
    fn has_room(&self, number: u32) -> bool {
        let input = &self.inputs[number as usize];
        input.is_open || self.open_bytes == 0 || self.open_bytes + input.open_bytes <= limits::REPLAY_DECODERS_BYTES
    }

    /// Returns the source whose chunks are wanted next, as far as that is known, if there is room for one.
    fn choose(&mut self, waiting: Waiting) -> Option<u32> {
        /// Sources that are looked at.
        const MOST: usize = 16;
        if self.scanned_bytes >= limits::REPLAY_SCANNED_BYTES {
            return None;
        }
        let first: Vec<(u64, u32)> = self.free.iter().take(MOST).copied().collect();
        let wanted = first.into_iter().find(|(time_ns, number)| {
            let has_rested = self.inputs[*number as usize].has_rested;
            let is_wanted = if has_rested { *time_ns <= self.front_ns } else { self.has_room(*number) };
            is_wanted && self.inputs[*number as usize].may_begin(waiting)
        });
        wanted.map(|(_, number)| number)
    }

    /// Gives a source back that was read; returns the number of the chunk, if there was one.
    pub(super) fn give_back(&mut self, number: u32, feed: ChunkSource<'a>, outcome: ReadOutcome) -> Option<u64> {
        let input = &mut self.inputs[number as usize];
        if outcome != ReadOutcome::Chunk {
            self.open_bytes -= mem::take(&mut input.open_bytes);
        }
        if matches!(outcome, ReadOutcome::Chunk | ReadOutcome::Spooled) {
            input.feed = Some(feed);
            self.free.insert((input.time_ns, number));
            self.close_if_due(number);
        } else {
            input.ended = true;
        }
        if matches!(outcome, ReadOutcome::End | ReadOutcome::Spooled) {
            return None;
        }
        let input = &mut self.inputs[number as usize];
        input.read += 1;
        Some(input.read - 1)
    }

    /// A chunk is scanned, or could not be read.
    pub(super) fn put(&mut self, number: u32, chunk_number: u64, chunk: io::Result<Box<ScannedChunk>>) {
        let input = &mut self.inputs[number as usize];
        if let Ok(scanned) = &chunk {
            self.scanned_bytes += scanned.held_bytes();
            if let Some(time_ns) = scanned.last_time_ns {
                let is_free = self.free.remove(&(input.time_ns, number));
                input.time_ns = time_ns;
                if is_free {
                    self.free.insert((time_ns, number));
                }
            }
        }
        input.scanned.insert(chunk_number, chunk);
    }
}

fn not_yet_read(input: ReplayInput<'_>) -> SourceReadAhead<'_> {
    SourceReadAhead {
        source: input.source,
        open_bytes: input.reader.open_bytes(),
        feed: Some(ChunkSource::Reader(input.reader)),
        is_open: false,
        read: 0,
        taken: 0,
        scanned: BTreeMap::new(),
        ended: false,
        time_ns: 0,
        has_rested: false,
        closes: false,
    }
}

/// What reading a source gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadOutcome {
    Chunk,
    /// All of it is in the spool.
    Spooled,
    End,
    Failed,
}
