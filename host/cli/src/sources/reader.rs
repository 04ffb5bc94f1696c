//! One source's thread: lines out of a file or a stream, into the host.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, stdin},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};

use lifesigns::{
    RecordingHost,
    model::{Chunk, EventSource, SharedClock},
};
use lifesigns_intake::{Cursor, Encoding, FileState, FollowEvent, LineChunks, Look, Position, Stop, Tail, not_text};
use lifesigns_settings::{FollowFrom as From, SourceKind as Door};

use super::standing::{Phase, SharedStanding};
use crate::exit::{Failure, Outcome};

/// What is looked at when a stream says nothing, and how often a file at its end is looked at.
const LOOK: Duration = Duration::from_millis(100);
const POLL: Duration = Duration::from_millis(150);
/// Of so many chunks one is looked at whether it is text, and so much of it.
const SAMPLE_EVERY: u64 = 64;
const SAMPLE_BYTES: usize = 64 << 10;

/// See the module.
pub(super) struct Reader {
    pub(super) host: Arc<RecordingHost>,
    pub(super) source: Arc<EventSource>,
    pub(super) stop: Stop,
    pub(super) clock: SharedClock,
    pub(super) standing: SharedStanding,
}

impl Reader {
    /// Reads to the end, or until it is stopped.
    pub(super) fn run(&self, door: &Door) -> Outcome {
        let outcome = match door {
            Door::Follow(path, from) => {
                self.follow(path, *from);
                Ok(())
            }
            Door::File(path) => self.file(path),
            Door::Stdin => self.stream(|| Ok(Box::new(stdin()))),
        };
        self.standing.get().phase = match &outcome {
            Ok(()) => Phase::Ended,
            Err(failure) => Phase::Failed(failure.to_string()),
        };
        if let Err(failure) = &outcome {
            // Others may run on for long before anybody asks.
            tracing::error!("a source has ended: {failure}");
        }
        outcome
    }

    /// Hands in lines. Once the host takes none, nothing that comes after them may be handed in.
    fn submit(&self, bytes: Vec<u8>, cursor: Option<Cursor>) -> ControlFlow<()> {
        if !bytes.is_empty() {
            self.sample(&bytes);
        }
        let (source, cursor_bytes) = (Arc::clone(&self.source), cursor.map(Cursor::to_bytes));
        let arrived_ns = Some(self.clock.now_ns());
        if !self.host.submit(Chunk { source, bytes, arrived_ns, ack: None, cursor: cursor_bytes }) {
            return ControlFlow::Break(());
        }
        if cursor.is_some() {
            self.standing.get().read = cursor;
        }
        ControlFlow::Continue(())
    }

    /// Looks now and then whether what comes is text: lines that hold nothing that a rule looks for
    /// are never decoded, and a file in another encoding would look like a quiet one.
    fn sample(&self, bytes: &[u8]) {
        let mut standing = self.standing.get();
        standing.chunks += 1;
        if standing.chunks % SAMPLE_EVERY != 1 && standing.odd.is_none() {
            return;
        }
        let odd = not_text(&bytes[..bytes.len().min(SAMPLE_BYTES)]);
        if let Some(why) = odd
            && standing.odd.is_none()
        {
            tracing::warn!(source = %self.source.name, "the source does not look like text: {why}");
        }
        standing.odd = odd;
    }

    fn failed(&self, error: io::Error) -> Failure {
        Failure::Failed(format!("{} cannot be read: {error}", self.source.name))
    }

    fn follow(&self, path: &Path, from: From) {
        let begin = match (self.standing.get().read, from) {
            (Some(cursor), _) => Position::At(cursor),
            (None, From::Start) => Position::Start,
            (None, From::End) => Position::End,
        };
        let mut tail = Tail::new(path, begin);
        // An unfinished line is read by the next run, whole.
        loop {
            let looked_ns = self.clock.now_ns();
            if tail.look(&self.stop, &mut |event| self.take(event)) != Look::Wait {
                return;
            }
            let followed = tail.followed();
            let mut standing = self.standing.get();
            // In a file that cannot be read lines may wait; in one that is not there none do.
            let readable = !matches!(standing.phase, Phase::File(FileState::Unreadable(_)));
            standing.encoding = tail.encoding();
            (standing.nul_bytes, standing.cut_lines) = (followed.nul_bytes, followed.cut_lines);
            drop(standing);
            if readable {
                self.host.recorder().at_end(&self.source.name, looked_ns);
            }
            if self.stop.wait(POLL) {
                return;
            }
        }
    }

    fn take(&self, event: FollowEvent) -> ControlFlow<()> {
        let source = &self.source.name;
        match event {
            FollowEvent::Lines { bytes, cursor } => return self.submit(bytes, Some(cursor)),
            FollowEvent::Gap(gap) => {
                tracing::warn!(%source, "{gap}");
                self.standing.get().note_gap(&gap);
            }
            FollowEvent::State(state) => {
                match &state {
                    FileState::Absent => tracing::warn!(%source, "there is no such file; waiting for it"),
                    FileState::Unreadable(why) => tracing::warn!(%source, "it cannot be read: {why}; trying again"),
                    FileState::NotAFile(what) => {
                        tracing::error!(%source, "it is {what}; only regular files can be followed");
                    }
                    FileState::Reading(file) => tracing::info!(%source, file = %file.display(), "reading"),
                }
                self.standing.get().phase = Phase::File(state);
            }
            FollowEvent::Looked { .. } | FollowEvent::Unfinished { .. } => {}
        }
        ControlFlow::Continue(())
    }

    fn file(&self, path: &Path) -> Outcome {
        let failed = |error| self.failed(error);
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            // Opening a pipe waits for its writer.
            let path: PathBuf = path.to_owned();
            return self.stream(move || File::open(path).map(|file| Box::new(file) as Box<dyn Read + Send>));
        }
        self.standing.get().phase = Phase::Stream;
        let mut file = File::open(path).map_err(failed)?;
        let start = match self.standing.get().read {
            Some(cursor) if cursor.is_in(&file) => cursor.offset,
            _ => 0,
        };
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        let places = file.try_clone().map_err(failed)?;
        let mut chunks = LineChunks::new(file);
        if start > 0 {
            chunks = chunks.continued(Encoding::of_file(&places).map_err(failed)?);
        }
        while !self.stop.is_stopped()
            && let Some(bytes) = chunks.next_chunk().map_err(failed)?
        {
            self.note(&chunks);
            let cursor = Cursor::of(&places, start + chunks.consumed_bytes()).map_err(failed)?;
            if self.submit(bytes, Some(cursor)).is_break() {
                return Ok(());
            }
        }
        if !self.stop.is_stopped() {
            self.host.recorder().at_end(&self.source.name, u64::MAX);
        }
        Ok(())
    }

    fn note<R: Read>(&self, chunks: &LineChunks<R>) {
        let mut standing = self.standing.get();
        standing.encoding = chunks.encoding();
        (standing.nul_bytes, standing.cut_lines) = (chunks.nul_bytes(), chunks.cut_lines());
    }

    /// A stream cannot be waited for and stopped at once, so a thread of its own waits for it; it ends
    /// with the process. A stream has no places; it cannot be gone on with either.
    fn stream(&self, open: impl FnOnce() -> io::Result<Box<dyn Read + Send>> + Send + 'static) -> Outcome {
        self.standing.get().phase = Phase::Stream;
        let (sender, receiver) = crossbeam_channel::bounded(1);
        thread::spawn(move || {
            let mut chunks = match open() {
                Ok(reader) => LineChunks::new(reader),
                Err(error) => return drop(sender.send(Some((Err(error), Encoding::Utf8, 0)))),
            };
            loop {
                let chunk = chunks.next_chunk().transpose();
                let chunk = chunk.map(|chunk| (chunk, chunks.encoding(), chunks.nul_bytes()));
                let end = chunk.is_none();
                if sender.send(chunk).is_err() || end {
                    return;
                }
            }
        });
        while !self.stop.is_stopped() {
            match receiver.recv_timeout(LOOK) {
                Ok(Some((chunk, encoding, nul_bytes))) => {
                    {
                        let mut standing = self.standing.get();
                        (standing.encoding, standing.nul_bytes) = (encoding, nul_bytes);
                    }
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
