//! The state of a source: its thread changes it, reports are made of it.

use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use lifesigns_intake::{Cursor, Encoding, FileState, Gap};

use crate::activity::{Activity, TrafficReader};

/// What a source does.
#[derive(Clone, Debug, Default)]
pub(crate) enum Phase {
    #[default]
    Starting,
    /// Follows a file, which is in this state.
    File(FileState),
    /// Reads a file or a stream once.
    Stream,
    /// A driver runs it, and says what it does.
    Driven(Activity),
    Ended,
    Failed(String),
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct SourceState {
    pub(crate) phase: Phase,
    /// How far it was read and submitted.
    pub(crate) read: Option<Cursor>,
    /// The same in the words of a source that is no file.
    pub(crate) position: Option<Vec<u8>>,
    pub(crate) encoding: Encoding,
    pub(crate) nul_bytes: u64,
    pub(crate) cut_lines: u64,
    /// Chunks that were submitted.
    pub(crate) chunks: u64,
    /// Why the content is no text.
    pub(crate) not_text: Option<&'static str>,
    pub(crate) gaps: u64,
    pub(crate) unread_bytes: u64,
    pub(crate) last_gap: Option<String>,
    /// What else is worth knowing.
    pub(crate) notes: Vec<String>,
    pub(crate) traffic: Option<TrafficReader>,
}

/// A source's state, shared by its thread and its reports.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedState(Arc<Mutex<SourceState>>);

impl SharedState {
    /// Returns the state of a source that goes on at `position`: a cursor, or other words of its own.
    pub(crate) fn starting_at(position: Option<Vec<u8>>) -> Self {
        let read = position.as_deref().and_then(Cursor::from_bytes);
        Self(Arc::new(Mutex::new(SourceState { read, position, ..SourceState::default() })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, SourceState> {
        self.0.lock()
    }
}

impl SourceState {
    /// Returns where the source goes on, as its checkpoint has it.
    pub(crate) fn position(&self) -> Option<Vec<u8>> {
        self.read.map(Cursor::to_bytes).or_else(|| self.position.clone())
    }

    pub(crate) fn note_gap(&mut self, gap: &Gap) {
        self.gaps += 1;
        self.unread_bytes += gap.bytes.unwrap_or_default();
        self.last_gap = Some(gap.to_string());
    }
}
