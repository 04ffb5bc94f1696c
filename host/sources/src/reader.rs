//! One source: lines from a file or a stream, into the sink.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom, stdin},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use crossbeam_channel::{Receiver, bounded, select};
use lifesigns_intake::{Cursor, Encoding, FileState, FollowEvent, Followed, LineChunks, SourceKind, not_text};
use lifesigns_model::{SharedClock, WakeSignal};

use crate::{
    error::SourceError,
    input::{Content, Input, InputSource},
    sink::{SourceSink, Submission},
    state::{Phase, SharedState},
};

/// One of this many chunks is checked whether it is text, and this much of it.
const SAMPLE_EVERY: u64 = 64;
const SAMPLE_BYTES: usize = 64 << 10;

/// See the module.
pub(crate) struct SourceReader {
    pub(crate) sink: Arc<dyn SourceSink>,
    pub(crate) source: InputSource,
    pub(crate) stop: WakeSignal,
    pub(crate) clock: SharedClock,
    pub(crate) state: SharedState,
}

impl SourceReader {
    /// Reads to the end, or until it is stopped. A file is read once.
    pub(crate) fn run(&self, kind: &SourceKind) -> Result<(), SourceError> {
        let result = match kind {
            SourceKind::File(path) | SourceKind::Follow(path, _) => self.file(path),
            SourceKind::Stdin => self.stream(|| Ok(Box::new(stdin()))),
            SourceKind::Syslog(_)
            | SourceKind::Http(_)
            | SourceKind::Host(_)
            | SourceKind::Docker(_)
            | SourceKind::Journald(_) => Ok(()),
        };
        self.state.lock().phase = match &result {
            Ok(()) => Phase::Ended,
            Err(error) => Phase::Failed(error.to_string()),
        };
        if let Err(error) = &result {
            // Other sources may run on for long before the result is looked at.
            tracing::error!("the source ended: {error}");
        }
        result
    }

    /// Submits lines. Once the sink is closed, nothing that comes after them may be submitted.
    pub(crate) fn submit(&self, bytes: Vec<u8>, cursor: Option<Cursor>) -> ControlFlow<()> {
        if !bytes.is_empty() {
            self.sample(&bytes);
        }
        let input = Input {
            source: self.source.clone(),
            content: Content::Lines(bytes),
            arrived_ns: Some(self.clock.now_ns()),
            cursor: cursor.map(Cursor::to_bytes),
            ack: None,
        };
        if self.sink.submit(input) == Submission::Closed {
            return ControlFlow::Break(());
        }
        if cursor.is_some() {
            self.state.lock().read = cursor;
        }
        ControlFlow::Continue(())
    }

    /// Checks now and then whether the content is text: lines without a literal of any rule are never
    /// decoded, and a file in another encoding would look like a quiet one.
    fn sample(&self, bytes: &[u8]) {
        let mut state = self.state.lock();
        state.chunks += 1;
        if state.chunks % SAMPLE_EVERY != 1 && state.not_text.is_none() {
            return;
        }
        let found = not_text(&bytes[..bytes.len().min(SAMPLE_BYTES)]);
        if let Some(why) = found
            && state.not_text.is_none()
        {
            tracing::warn!(source = %self.source.name(), "the source does not look like text: {why}");
        }
        state.not_text = found;
    }

    fn failed(&self, cause: io::Error) -> SourceError {
        SourceError::Read { source_name: self.source.name().to_owned(), cause }
    }

    /// Takes what following a file brings.
    pub(crate) fn on_event(&self, event: FollowEvent) -> ControlFlow<()> {
        let source = self.source.name();
        match event {
            FollowEvent::Lines { bytes, cursor } => return self.submit(bytes, Some(cursor)),
            FollowEvent::Gap(gap) => {
                tracing::warn!(%source, "{gap}");
                self.state.lock().note_gap(&gap);
            }
            FollowEvent::State(state) => {
                log_state(source, &state);
                self.state.lock().phase = Phase::File(state);
            }
            FollowEvent::Looked { began_ns, followed, encoding } => self.on_looked(began_ns, &followed, encoding),
            FollowEvent::Unfinished { .. } => {}
        }
        ControlFlow::Continue(())
    }

    fn on_looked(&self, began_ns: u64, followed: &Followed, encoding: Encoding) {
        let mut state = self.state.lock();
        state.encoding = encoding;
        state.nul_bytes = followed.nul_bytes;
        state.cut_lines = followed.cut_lines;
        // Lines may wait in a file that cannot be read; none do in one that is not there.
        let is_readable = !matches!(state.phase, Phase::File(FileState::Unreadable(_)));
        drop(state);
        if is_readable {
            self.sink.caught_up(self.source.name(), began_ns);
        }
    }

    fn file(&self, path: &Path) -> Result<(), SourceError> {
        let failed = |error| self.failed(error);
        let metadata = std::fs::metadata(path).map_err(failed)?;
        if !metadata.is_file() {
            // Opening a pipe waits for its writer.
            let path: PathBuf = path.to_owned();
            return self.stream(move || File::open(path).map(|file| Box::new(file) as Box<dyn Read + Send>));
        }
        self.state.lock().phase = Phase::Stream;
        let mut file = File::open(path).map_err(failed)?;
        let start = match self.state.lock().read {
            Some(cursor) if cursor.is_in(&file) => cursor.offset,
            _ => 0,
        };
        file.seek(SeekFrom::Start(start)).map_err(failed)?;
        let positions = file.try_clone().map_err(failed)?;
        let mut chunks = LineChunks::new(file);
        if start > 0 {
            chunks = chunks.continued(Encoding::of_file(&positions).map_err(failed)?);
        }
        while !self.stop.is_stopped()
            && let Some(bytes) = chunks.next_chunk().map_err(failed)?
        {
            self.note(&chunks);
            let cursor = Cursor::of(&positions, start + chunks.consumed_bytes()).map_err(failed)?;
            if self.submit(bytes, Some(cursor)).is_break() {
                return Ok(());
            }
        }
        if !self.stop.is_stopped() {
            self.sink.caught_up(self.source.name(), u64::MAX);
        }
        Ok(())
    }

    fn note<R: Read>(&self, chunks: &LineChunks<R>) {
        let mut state = self.state.lock();
        state.encoding = chunks.encoding();
        state.nul_bytes = chunks.nul_bytes();
        state.cut_lines = chunks.cut_lines();
    }

    /// Reads a stream, which has no cursor: it cannot be continued later.
    fn stream(
        &self,
        open: impl FnOnce() -> io::Result<Box<dyn Read + Send>> + Send + 'static,
    ) -> Result<(), SourceError> {
        self.state.lock().phase = Phase::Stream;
        let chunks = stream_chunks(open);
        while !self.stop.is_stopped() {
            let read = select! {
                recv(chunks) -> read => read,
                recv(self.stop.receiver()) -> _ => return Ok(()),
            };
            // The end of the stream, or of the thread that reads it.
            let Ok(Some((chunk, encoding, nul_bytes))) = read else { return Ok(()) };
            {
                let mut state = self.state.lock();
                state.encoding = encoding;
                state.nul_bytes = nul_bytes;
            }
            if self.submit(chunk.map_err(|error| self.failed(error))?, None).is_break() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// A chunk of a stream, how the stream is read, and the NUL bytes that were skipped; `None` at its end.
type StreamChunk = Option<(io::Result<Vec<u8>>, Encoding, u64)>;

/// Reads a stream on a thread of its own, which ends with the stream or the process: a read cannot be
/// stopped.
fn stream_chunks(open: impl FnOnce() -> io::Result<Box<dyn Read + Send>> + Send + 'static) -> Receiver<StreamChunk> {
    let (sender, receiver) = bounded(1);
    thread::spawn(move || {
        let mut chunks = match open() {
            Ok(reader) => LineChunks::new(reader),
            Err(error) => return drop(sender.send(Some((Err(error), Encoding::Utf8, 0)))),
        };
        loop {
            let chunk = chunks.next_chunk().transpose();
            let chunk = chunk.map(|chunk| (chunk, chunks.encoding(), chunks.nul_bytes()));
            let is_end = chunk.is_none();
            if sender.send(chunk).is_err() || is_end {
                return;
            }
        }
    });
    receiver
}

fn log_state(source: &str, state: &FileState) {
    match state {
        FileState::Absent => tracing::warn!(%source, "there is no such file; waiting for it"),
        FileState::Unreadable(why) => tracing::warn!(%source, "it cannot be read: {why}; trying again"),
        FileState::NotAFile(what) => tracing::error!(%source, "it is {what}; only regular files can be followed"),
        FileState::Reading(file) => tracing::info!(%source, file = %file.display(), "reading"),
    }
}
