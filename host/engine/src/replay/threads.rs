//! The threads of a replay: the one that merges, and others that scan ahead for it and evaluate slices with
//! it. What they do when changes nothing of what comes out.

use std::{io, mem, sync::Arc};

use lifesigns_model::{EventSource, ObjectAliases};
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::{
    error::ReplayError,
    read_ahead::{ChunkSource, NextChunk, ReadAhead, ReadJob, ReadOutcome, Waiting},
    shard::ReplayShard,
    slice::Slice,
    spool::{Spool, SpooledSource},
};
use crate::{RuleSet, event_sink::EventSink, scan::Scanner, scanned::ScannedChunk};

/// What the threads share.
pub(super) struct ReplayThreads<'a, T> {
    rules: Arc<RuleSet>,
    aliases: ObjectAliases,
    spool: Spool,
    pub(super) shards: Vec<Mutex<ReplayShard<T>>>,
    work: Mutex<ReplayWork<'a>>,
    changed: Condvar,
}

/// What there is to do.
struct ReplayWork<'a> {
    read_ahead: ReadAhead<'a>,
    /// The slice that is evaluated, and the next shard that no thread has begun.
    slice: Option<(Arc<Slice>, usize)>,
    /// Shards that are being evaluated.
    walking: usize,
    is_over: bool,
}

/// One thread's scratch memory.
#[derive(Default)]
pub(super) struct ScanBuffers {
    scanner: Scanner,
    spare: Vec<u8>,
}

impl<'a, T: EventSink + Send> ReplayThreads<'a, T> {
    pub(super) fn new(
        rules: &Arc<RuleSet>,
        aliases: ObjectAliases,
        spool: Spool,
        shards: Vec<ReplayShard<T>>,
        read_ahead: ReadAhead<'a>,
    ) -> Self {
        Self {
            rules: Arc::clone(rules),
            aliases,
            spool,
            shards: shards.into_iter().map(Mutex::new).collect(),
            work: Mutex::new(ReplayWork { read_ahead, slice: None, walking: 0, is_over: false }),
            changed: Condvar::new(),
        }
    }

    /// Scans ahead and evaluates slices, until the replay is over.
    pub(super) fn assist(&self) {
        let _over = StopOnDrop(self);
        let mut buffers = ScanBuffers::default();
        let mut work = self.work.lock();
        while !work.is_over {
            if let Some((slice, shard)) = work.claim_shard() {
                work = self.walk_shard(work, &slice, shard);
            } else if let Some(job) = work.read_ahead.begin_next(Waiting::Allowed) {
                work = self.read(work, job, &mut buffers);
            } else {
                self.changed.wait(&mut work);
            }
        }
    }

    /// Ends the work of all threads when it is dropped.
    pub(super) const fn over(&self) -> StopOnDrop<'_, 'a, T> {
        StopOnDrop(self)
    }

    /// Returns the next chunk of a source, or `None` at its end.
    pub(super) fn take(&self, input: u32, buffers: &mut ScanBuffers) -> Result<Option<Box<ScannedChunk>>, ReplayError> {
        let mut work = self.work.lock();
        loop {
            match work.read_ahead.take(input) {
                NextChunk::Chunk(Ok(scanned)) => return Ok(Some(scanned)),
                NextChunk::Chunk(Err(error)) => {
                    return Err(ReplayError::Read { name: work.read_ahead.name(input).to_owned(), error });
                }
                NextChunk::End => return Ok(None),
                NextChunk::NotYet => {}
            }
            assert!(!work.is_over, "a thread of the replay has ended");
            // This thread writes the alerts: what it has got is not kept back for what may never come.
            let job = match work.read_ahead.begin_awaited(input) {
                Some(job) => Some(job),
                None => work.read_ahead.begin_next(Waiting::Refused),
            };
            match job {
                Some(job) => work = self.read(work, job, buffers),
                None => self.changed.wait(&mut work),
            }
        }
    }

    /// See [`ReadAhead::rest`].
    pub(super) fn rest(&self, input: u32) {
        self.work.lock().read_ahead.rest(input);
    }

    /// Evaluates a slice, with the help of the others.
    pub(super) fn walk(&self, slice: Slice) {
        let mut work = self.work.lock();
        work.slice = Some((Arc::new(slice), 0));
        self.changed.notify_all();
        while let Some((slice, shard)) = work.claim_shard() {
            work = self.walk_shard(work, &slice, shard);
        }
        while work.walking > 0 {
            assert!(!work.is_over, "a thread of the replay has ended");
            self.changed.wait(&mut work);
        }
    }

    fn walk_shard<'w>(
        &'w self,
        work: MutexGuard<'w, ReplayWork<'a>>,
        slice: &Slice,
        shard: usize,
    ) -> MutexGuard<'w, ReplayWork<'a>> {
        drop(work);
        self.shards[shard].lock().walk(slice);
        let mut work = self.work.lock();
        work.walking -= 1;
        self.changed.notify_all();
        work
    }

    /// Reads and scans a chunk, or spools a source.
    fn read<'w>(
        &'w self,
        mut work: MutexGuard<'w, ReplayWork<'a>>,
        job: ReadJob<'a>,
        buffers: &mut ScanBuffers,
    ) -> MutexGuard<'w, ReplayWork<'a>> {
        drop(work);
        let ReadJob { input, source, feed, spools } = job;
        let (feed, read) = match feed {
            ChunkSource::Reader(mut reader) if spools => {
                let spooled = self.spool_rest(&source, &mut |spare| reader.next_chunk(spare), buffers);
                match spooled {
                    Ok(spooled) => (ChunkSource::Spooled(spooled), Ok(None)),
                    Err(error) => (ChunkSource::Reader(reader), Err(error)),
                }
            }
            ChunkSource::Reader(mut reader) => {
                let bytes = reader.next_chunk(mem::take(&mut buffers.spare));
                (ChunkSource::Reader(reader), bytes.map(|bytes| bytes.map(Chunk::Raw)))
            }
            ChunkSource::Spooled(mut spooled) => {
                let scanned = spooled.next(&self.spool, &mut buffers.scanner, &self.rules, &source);
                let scanned = scanned.map_err(|error| self.spool.explained(&error));
                (
                    ChunkSource::Spooled(spooled),
                    scanned.map(|scanned| scanned.map(|scanned| Chunk::Scanned(Box::new(scanned)))),
                )
            }
        };
        let outcome = match &read {
            Ok(Some(_)) => ReadOutcome::Chunk,
            Ok(None) if spools => ReadOutcome::Spooled,
            Ok(None) => ReadOutcome::End,
            Err(_) => ReadOutcome::Failed,
        };
        work = self.work.lock();
        let number = work.read_ahead.give_back(input, feed, outcome);
        self.changed.notify_all();
        let Some(number) = number else { return work };
        drop(work);
        let scanned = match read {
            Ok(Some(Chunk::Raw(bytes))) => {
                let scanned = self.scan(&source, &bytes, &mut buffers.scanner);
                buffers.spare = bytes;
                Ok(Box::new(scanned))
            }
            Ok(Some(Chunk::Scanned(mut scanned))) => {
                scanned.resolve(&self.aliases);
                Ok(scanned)
            }
            Ok(None) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) => Err(error),
        };
        work = self.work.lock();
        work.read_ahead.put(input, number, scanned);
        self.changed.notify_all();
        work
    }

    fn scan(&self, source: &Arc<EventSource>, bytes: &[u8], scanner: &mut Scanner) -> ScannedChunk {
        let mut scanned = scanner.scan(Arc::clone(&self.rules), Arc::clone(source), bytes, None);
        scanned.resolve(&self.aliases);
        scanned.shrink();
        scanned
    }

    /// Reads a source to its end into the spool.
    fn spool_rest(
        &self,
        source: &Arc<EventSource>,
        next: &mut dyn FnMut(Vec<u8>) -> io::Result<Option<Vec<u8>>>,
        buffers: &mut ScanBuffers,
    ) -> io::Result<SpooledSource> {
        let mut spooled = SpooledSource::default();
        let explained = |error| self.spool.explained(&error);
        while let Some(bytes) = next(mem::take(&mut buffers.spare))? {
            let scanned = self.scan(source, &bytes, &mut buffers.scanner);
            buffers.spare = bytes;
            spooled.push(&self.spool, &scanned).map_err(explained)?;
        }
        spooled.finish(&self.spool).map_err(explained)?;
        Ok(spooled)
    }
}

/// A chunk as it was read.
enum Chunk {
    Raw(Vec<u8>),
    Scanned(Box<ScannedChunk>),
}

impl ReplayWork<'_> {
    fn claim_shard(&mut self) -> Option<(Arc<Slice>, usize)> {
        let (slice, next) = self.slice.as_mut()?;
        let claimed = (Arc::clone(slice), *next);
        *next += 1;
        self.walking += 1;
        if claimed.1 + 1 == super::slice::SHARDS {
            self.slice = None;
        }
        Some(claimed)
    }
}

/// See [`ReplayThreads::over`].
pub(super) struct StopOnDrop<'c, 'a, T>(&'c ReplayThreads<'a, T>);

impl<T> Drop for StopOnDrop<'_, '_, T> {
    fn drop(&mut self) {
        self.0.work.lock().is_over = true;
        self.0.changed.notify_all();
    }
}
