//! The state of a source: its thread changes it, reports are made of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lifesigns_intake::{Cursor, Encoding, FileState, Gap};

/// What a source does.
#[derive(Clone, Debug, Default)]
pub(crate) enum Phase {
    #[default]
    Starting,
    /// Follows a file, which is in this state.
    File(FileState),
    /// Reads a file or a stream once.
    Stream,
    Ended,
    Failed(String),
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct SourceState {
    pub(crate) phase: Phase,
    /// How far it was read and submitted.
    pub(crate) read: Option<Cursor>,
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
}

/// A source's state, shared by its thread and its reports.
#[derive(Clone, Debug, Default)]
pub(crate) struct SharedState(Arc<Mutex<SourceState>>);

impl SharedState {
    /// Returns the state of a source that goes on at `read`.
    pub(crate) fn starting_at(read: Option<Cursor>) -> Self {
        Self(Arc::new(Mutex::new(SourceState { read, ..SourceState::default() })))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, SourceState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SourceState {
    pub(crate) fn note_gap(&mut self, gap: &Gap) {
        self.gaps += 1;
        self.unread_bytes += gap.bytes.unwrap_or_default();
        self.last_gap = Some(gap.to_string());
    }
}
