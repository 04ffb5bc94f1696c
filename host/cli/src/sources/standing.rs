//! How a source is: a value that its thread changes, and `status` reads.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use lifesigns::model::SourceOffset;
use lifesigns_control::{SourceState, SourceStatus};
use lifesigns_intake::{Cursor, Encoding, FileState, Gap};
use lifesigns_settings::{SourceKind as Door, SourceSettings as Wanted};

/// What a source does.
#[derive(Clone, Debug, Default)]
pub(super) enum Phase {
    #[default]
    Starting,
    /// A file is followed, and is like this.
    File(FileState),
    /// A file is read once, or a stream.
    Stream,
    Ended,
    Failed(String),
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Standing {
    pub(super) phase: Phase,
    /// How far it was read and handed in.
    pub(super) read: Option<Cursor>,
    pub(super) encoding: Encoding,
    pub(super) nul_bytes: u64,
    pub(super) cut_lines: u64,
    /// Chunks that were handed in.
    pub(super) chunks: u64,
    /// Why what comes is no text.
    pub(super) odd: Option<&'static str>,
    gaps: u64,
    unread_bytes: u64,
    last_gap: Option<String>,
}

/// A source's standing as its thread and `status` share it.
#[derive(Clone, Debug, Default)]
pub(super) struct SharedStanding(Arc<Mutex<Standing>>);

impl SharedStanding {
    /// One of a source that goes on at `read`.
    pub(super) fn at(read: Option<Cursor>) -> Self {
        Self(Arc::new(Mutex::new(Standing { read, ..Standing::default() })))
    }

    pub(super) fn get(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Standing {
    pub(super) fn note_gap(&mut self, gap: &Gap) {
        self.gaps += 1;
        self.unread_bytes += gap.bytes.unwrap_or_default();
        self.last_gap = Some(gap.to_string());
    }

    /// What `status` says of it; `place` is what is committed.
    pub(super) fn status(&self, wanted: &Wanted, place: Option<&SourceOffset>) -> SourceStatus {
        let cursor = place.and_then(|place| Cursor::from_bytes(place.cursor.as_deref()?));
        let (state, error) = self.state();
        SourceStatus {
            name: wanted.name.clone(),
            cursor: cursor.map(|cursor| format!("byte {}", cursor.offset)).unwrap_or_default(),
            lines: place.map_or(0, |place| place.lines),
            lag_bytes: self.behind(&wanted.kind, cursor),
            last_ns: place.and_then(|place| place.time_ns),
            error,
            state,
            unread_bytes: self.unread_bytes,
            gaps: self.gaps,
            notes: self.notes(),
        }
    }

    fn state(&self) -> (SourceState, String) {
        match &self.phase {
            Phase::Starting => (SourceState::Starting, String::new()),
            Phase::Stream | Phase::File(FileState::Reading(_)) => (SourceState::Reading, String::new()),
            Phase::File(FileState::Absent) => (SourceState::Waiting, "there is no such file".to_owned()),
            Phase::File(FileState::Unreadable(why)) => (SourceState::Waiting, format!("it cannot be read: {why}")),
            Phase::File(FileState::NotAFile(what)) => {
                (SourceState::Refused, format!("it is {what}; only regular files can be followed"))
            }
            Phase::Ended => (SourceState::Ended, String::new()),
            Phase::Failed(why) => (SourceState::Failed, why.clone()),
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = self.last_gap.iter().cloned().collect();
        if let Some(why) = self.odd {
            notes.push(format!("it does not look like text: {why}"));
        }
        if self.encoding != Encoding::Utf8 {
            notes.push(format!("it is read as {}", self.encoding.as_str()));
        }
        if self.nul_bytes > 0 {
            notes.push(format!("{} NUL bytes before lines were skipped", self.nul_bytes));
        }
        if self.cut_lines > 0 {
            notes.push(format!("{} lines were longer than 1 MiB and cut there", self.cut_lines));
        }
        notes
    }

    /// Bytes that are there and not committed: of the file that the place is in, and of the one that
    /// took its path.
    fn behind(&self, door: &Door, committed: Option<Cursor>) -> Option<u64> {
        let (Door::Follow(path, _) | Door::File(path)) = door else { return None };
        let rest = |path: &Path| {
            let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
            let own = committed.filter(|place| (place.device, place.inode) == (metadata.dev(), metadata.ino()));
            Some((metadata.len().saturating_sub(own.map_or(0, |place| place.offset)), metadata.ino()))
        };
        let (present, inode) = rest(path)?;
        let Phase::File(FileState::Reading(open)) = &self.phase else { return Some(present) };
        let old = rest(open).filter(|(_, other)| *other != inode).map_or(0, |(bytes, _)| bytes);
        Some(present + old)
    }
}
