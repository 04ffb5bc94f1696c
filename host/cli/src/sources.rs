//! The front doors of a running host: a thread a source, each of which goes on where the last commit
//! left it.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{Seek, SeekFrom, stdin},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use lifesigns::{
    KeptHost,
    model::{Chunk, Source, SystemClock},
};
use lifesigns_intake::{Cursor, Follower, LineChunks, Position, Stop};
use lifesigns_settings::{Door, From, Source as Wanted};

use crate::{
    compliance::when,
    exit::{Failure, Outcome},
    say,
};

/// What is looked at when standard input says nothing.
const LOOK: Duration = Duration::from_millis(100);

/// The sources that are read.
pub(crate) struct Sources {
    host: Arc<KeptHost>,
    running: BTreeMap<String, Running>,
    /// How far those were read that have ended: what they handed in may not be committed yet.
    left: BTreeMap<String, Cursor>,
    /// The next source's place among all that were ever started.
    rank: u32,
}

struct Running {
    wanted: Wanted,
    stop: Stop,
    thread: JoinHandle<Outcome>,
    read: Read,
}

/// How far a source was read and handed in.
type Read = Arc<Mutex<Option<Cursor>>>;

fn read(read: &Read) -> Option<Cursor> {
    *read.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Sources {
    pub(crate) fn new(host: Arc<KeptHost>) -> Self {
        Self { host, running: BTreeMap::new(), left: BTreeMap::new(), rank: 0 }
    }

    /// Reads exactly these from now on: new ones are begun, others ended, changed ones begun anew.
    pub(crate) fn become_these(&mut self, wanted: &[Wanted]) -> Outcome {
        let gone = self.running.iter().filter(|(_, running)| !wanted.contains(&running.wanted));
        let gone: Vec<String> = gone.map(|(name, _)| name.clone()).collect();
        for name in &gone {
            if let Some(running) = self.running.remove(name) {
                running.stop.stop();
                if let Err(failure) = end(running.thread) {
                    say::warning(&failure.to_string());
                }
                self.left.extend(read(&running.read).map(|cursor| (name.clone(), cursor)));
            }
        }
        for source in wanted {
            if !self.running.contains_key(&source.name) {
                let running = self.begin(source.clone())?;
                self.running.insert(source.name.clone(), running);
            }
        }
        self.describe();
        Ok(())
    }

    fn begin(&mut self, wanted: Wanted) -> Result<Running, Failure> {
        let committed = || Cursor::from_bytes(&self.host.keep().place(&wanted.name)?.cursor?);
        let place = self.left.remove(&wanted.name).or_else(committed);
        let reader = Reader {
            host: Arc::clone(&self.host),
            read: Arc::new(Mutex::new(place)),
            source: Arc::new(Source {
                name: wanted.name.clone(),
                rank: self.rank,
                object: wanted.object.clone(),
                app: wanted.app.clone(),
                decoder: wanted.format.live_decoder(SystemClock::shared()),
            }),
            stop: Stop::new(),
        };
        self.rank += 1;
        let (stop, read, door) = (reader.stop.clone(), Arc::clone(&reader.read), wanted.door.clone());
        let thread = thread::Builder::new().name("lifesigns-source".into()).spawn(move || {
            let outcome = reader.read(&door);
            if let Err(failure) = &outcome {
                // Others may run on for long before anybody asks.
                tracing::error!("a source has ended: {failure}");
            }
            outcome
        });
        Ok(Running { wanted, stop, thread: thread.map_err(Failure::failed)?, read })
    }

    /// Says in words how far sources are; in the order: place, bytes behind it, what is wrong.
    fn describe(&self) {
        let paths: BTreeMap<String, PathBuf> = self
            .running
            .iter()
            .filter_map(|(name, running)| {
                let (Door::Follow(path, _) | Door::File(path)) = &running.wanted.door else { return None };
                Some((name.clone(), path.clone()))
            })
            .collect();
        self.host.keep().describe_sources(Arc::new(move |place| {
            let cursor = place.cursor.as_deref().and_then(Cursor::from_bytes);
            let said = cursor.map(|cursor| format!("byte {}", cursor.offset)).unwrap_or_default();
            let Some(path) = paths.get(&place.source) else { return (said, None, String::new()) };
            match (std::fs::metadata(path), cursor) {
                (Ok(file), Some(cursor)) => (said, file.len().checked_sub(cursor.offset), String::new()),
                (Ok(_), None) => (said, None, String::new()),
                (Err(error), _) => (said, None, error.to_string()),
            }
        }));
    }

    /// Whether all of them have come to their end.
    pub(crate) fn have_ended(&self) -> bool {
        self.running.values().all(|running| running.thread.is_finished())
    }

    /// Ends all of them; the first failure, if there was one.
    pub(crate) fn end(self) -> Outcome {
        self.running.values().for_each(|running| running.stop.stop());
        // Each is waited for, also after a failure.
        let ends: Vec<Outcome> = self.running.into_values().map(|running| end(running.thread)).collect();
        ends.into_iter().collect()
    }
}

fn end(thread: JoinHandle<Outcome>) -> Outcome {
    match thread.join() {
        Ok(outcome) => outcome,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// One source's thread.
struct Reader {
    host: Arc<KeptHost>,
    source: Arc<Source>,
    stop: Stop,
    /// Where the one before it left off; else where the last commit did.
    read: Read,
}

impl Reader {
    fn read(&self, door: &Door) -> Outcome {
        match door {
            Door::Follow(path, from) => self.follow(path, *from),
            Door::File(path) => self.file(path),
            Door::Stdin => self.stdin(),
        }
    }

    /// Hands in lines. Once the host takes none, nothing that comes after them may be handed in.
    fn submit(&self, bytes: Vec<u8>, cursor: Option<Cursor>) -> ControlFlow<()> {
        let arrived_ns = Some(when::now_ns());
        let (source, bytes_of) = (Arc::clone(&self.source), cursor.map(Cursor::to_bytes));
        if !self.host.submit(Chunk { source, bytes, arrived_ns, done: None, cursor: bytes_of }) {
            return ControlFlow::Break(());
        }
        if cursor.is_some() {
            *self.read.lock().unwrap_or_else(PoisonError::into_inner) = cursor;
        }
        ControlFlow::Continue(())
    }

    fn place(&self) -> Option<Cursor> {
        read(&self.read)
    }

    fn failed(&self, error: std::io::Error) -> Failure {
        Failure::Failed(format!("{} cannot be read: {error}", self.source.name))
    }

    fn follow(&self, path: &Path, from: From) -> Outcome {
        let begin = match (self.place(), from) {
            (Some(cursor), _) => Position::At(cursor),
            (None, From::Start) => Position::Start,
            (None, From::End) => Position::End,
        };
        let mut last = None;
        let followed = Follower::new(path, begin).run(&self.stop, |bytes, cursor| {
            // A line without its end, on stop, is read again, whole, by the next run.
            let again = last == Some(cursor);
            last = Some(cursor);
            if again { ControlFlow::Continue(()) } else { self.submit(bytes, Some(cursor)) }
        });
        followed.map(|_| ()).map_err(Failure::failed)
    }

    fn file(&self, path: &Path) -> Outcome {
        let failed = |error| self.failed(error);
        let mut file = File::open(path).map_err(failed)?;
        let mut offset = match self.place() {
            Some(cursor) if cursor.is_in(&file) => cursor.offset,
            _ => 0,
        };
        file.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let places = file.try_clone().map_err(failed)?;
        let regular = file.metadata().map_err(failed)?.is_file();
        let mut chunks = LineChunks::new(file);
        while !self.stop.is_stopped()
            && let Some(bytes) = chunks.next_chunk().map_err(failed)?
        {
            offset += bytes.len() as u64;
            // A pipe has no places; it cannot be gone on with either.
            let cursor = regular.then(|| Cursor::of(&places, offset)).transpose().map_err(failed)?;
            if self.submit(bytes, cursor).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Standard input cannot be waited for and stopped at once, so a thread of its own waits for it;
    /// it ends with the process.
    fn stdin(&self) -> Outcome {
        let (sender, receiver) = crossbeam_channel::bounded(1);
        thread::spawn(move || {
            let mut chunks = LineChunks::new(stdin());
            loop {
                let chunk = chunks.next_chunk().transpose();
                let end = chunk.is_none();
                if sender.send(chunk).is_err() || end {
                    return;
                }
            }
        });
        while !self.stop.is_stopped() {
            match receiver.recv_timeout(LOOK) {
                Ok(Some(chunk)) => {
                    if self.submit(chunk.map_err(|error| self.failed(error))?, None).is_break() {
                        return Ok(());
                    }
                }
                Ok(None) | Err(crossbeam_channel::RecvTimeoutError::Disconnected) => return Ok(()),
                Err(crossbeam_channel::RecvTimeoutError::Timeout) => {}
            }
        }
        Ok(())
    }
}
