//! The threads of a replay: the one that merges, and others that scan ahead for it and evaluate slices with
//! it. What they do when changes nothing of what comes out.

use std::{io, mem, sync::Arc};

use lifesigns_model::{EventSource, ObjectAliases};
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::{
    error::ReplayError,
    lane::Lane,
    slice::Slice,
    spool::{Spool, SpooledSource},
    supply::{Feed, Read, ReadJob, Supply, Taken},
};
use crate::{RuleSet, event_sink::EventSink, scan::Scanner, scanned::ScannedChunk};

/// What the threads share.
pub(super) struct Crew<'a, T> {
    rules: Arc<RuleSet>,
    aliases: ObjectAliases,
    spool: Spool,
    pub(super) lanes: Vec<Mutex<Lane<T>>>,
    work: Mutex<Work<'a>>,
    changed: Condvar,
}

/// What there is to do.
struct Work<'a> {
    supply: Supply<'a>,
    /// The slice that is evaluated, and the next lane that no thread has begun.
    slice: Option<(Arc<Slice>, usize)>,
    /// Lanes that are being evaluated.
    walking: usize,
    is_over: bool,
}

/// One thread's scratch memory.
#[derive(Default)]
pub(super) struct ScanBuffers {
    scanner: Scanner,
    spare: Vec<u8>,
}

impl<'a, T: EventSink + Send> Crew<'a, T> {
    pub(super) fn new(
        rules: &Arc<RuleSet>,
        aliases: ObjectAliases,
        spool: Spool,
        lanes: Vec<Lane<T>>,
        supply: Supply<'a>,
    ) -> Self {
        Self {
            rules: Arc::clone(rules),
            aliases,
            spool,
            lanes: lanes.into_iter().map(Mutex::new).collect(),
            work: Mutex::new(Work { supply, slice: None, walking: 0, is_over: false }),
            changed: Condvar::new(),
        }
    }

    /// Scans ahead and evaluates slices, until the replay is over.
    pub(super) fn assist(&self) {
        let _over = Over(self);
        let mut buffers = ScanBuffers::default();
        let mut work = self.work.lock();
        while !work.is_over {
            if let Some((slice, lane)) = work.claim_lane() {
                work = self.walk_lane(work, &slice, lane);
            } else if let Some(job) = work.supply.choose().and_then(|input| work.supply.begin(input)) {
                work = self.read(work, job, &mut buffers);
            } else {
                self.changed.wait(&mut work);
            }
        }
    }

    /// Ends the work of all threads when it is dropped.
    pub(super) const fn over(&self) -> Over<'_, 'a, T> {
        Over(self)
    }

    /// Returns the next chunk of a source, or `None` at its end.
    pub(super) fn take(&self, input: u32, buffers: &mut ScanBuffers) -> Result<Option<Box<ScannedChunk>>, ReplayError> {
        let mut work = self.work.lock();
        loop {
            match work.supply.take(input) {
                Taken::Chunk(Ok(scanned)) => return Ok(Some(scanned)),
                Taken::Chunk(Err(error)) => {
                    return Err(ReplayError::Read { name: work.supply.name(input).to_owned(), error });
                }
                Taken::End => return Ok(None),
                Taken::NotYet => {}
            }
            assert!(!work.is_over, "a thread of the replay has ended");
            let job = match work.supply.begin(input) {
                Some(job) => Some(job),
                None => work.supply.choose().and_then(|other| work.supply.begin(other)),
            };
            match job {
                Some(job) => work = self.read(work, job, buffers),
                None => self.changed.wait(&mut work),
            }
        }
    }

    /// See [`Supply::rest`].
    pub(super) fn rest(&self, input: u32) {
        self.work.lock().supply.rest(input);
    }

    /// Evaluates a slice, with the help of the others.
    pub(super) fn walk(&self, slice: Slice) {
        let mut work = self.work.lock();
        work.slice = Some((Arc::new(slice), 0));
        self.changed.notify_all();
        while let Some((slice, lane)) = work.claim_lane() {
            work = self.walk_lane(work, &slice, lane);
        }
        while work.walking > 0 {
            assert!(!work.is_over, "a thread of the replay has ended");
            self.changed.wait(&mut work);
        }
    }

    fn walk_lane<'w>(&'w self, work: MutexGuard<'w, Work<'a>>, slice: &Slice, lane: usize) -> MutexGuard<'w, Work<'a>> {
        drop(work);
        self.lanes[lane].lock().walk(slice);
        let mut work = self.work.lock();
        work.walking -= 1;
        self.changed.notify_all();
        work
    }

    /// Reads and scans a chunk, or spools a source.
    fn read<'w>(
        &'w self,
        mut work: MutexGuard<'w, Work<'a>>,
        job: ReadJob<'a>,
        buffers: &mut ScanBuffers,
    ) -> MutexGuard<'w, Work<'a>> {
        drop(work);
        let ReadJob { input, source, feed, spools } = job;
        let (feed, read) = match feed {
            Feed::Reader(mut reader) if spools => {
                let spooled = self.spool_rest(&source, &mut |spare| reader.next_chunk(spare), buffers);
                match spooled {
                    Ok(spooled) => (Feed::Spooled(spooled), Ok(None)),
                    Err(error) => (Feed::Reader(reader), Err(error)),
                }
            }
            Feed::Reader(mut reader) => {
                let bytes = reader.next_chunk(mem::take(&mut buffers.spare));
                (Feed::Reader(reader), bytes.map(|bytes| bytes.map(Chunk::Raw)))
            }
            Feed::Spooled(mut spooled) => {
                let scanned = spooled.next(&self.spool, &mut buffers.scanner, &self.rules, &source);
                let scanned = scanned.map_err(|error| self.spool.explained(&error));
                (
                    Feed::Spooled(spooled),
                    scanned.map(|scanned| scanned.map(|scanned| Chunk::Scanned(Box::new(scanned)))),
                )
            }
        };
        let outcome = match &read {
            Ok(Some(_)) => Read::Chunk,
            Ok(None) if spools => Read::Spooled,
            Ok(None) => Read::End,
            Err(_) => Read::Failed,
        };
        work = self.work.lock();
        let number = work.supply.give_back(input, feed, outcome);
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
        work.supply.put(input, number, scanned);
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

impl Work<'_> {
    fn claim_lane(&mut self) -> Option<(Arc<Slice>, usize)> {
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

/// See [`Crew::over`].
pub(super) struct Over<'c, 'a, T>(&'c Crew<'a, T>);

impl<T> Drop for Over<'_, '_, T> {
    fn drop(&mut self) {
        self.0.work.lock().is_over = true;
        self.0.changed.notify_all();
    }
}
