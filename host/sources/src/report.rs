//! The state of sources as people see it.

use std::{fs, os::unix::fs::MetadataExt, path::Path, sync::Arc};

use lifesigns_intake::{Cursor, Encoding, FileState, SourceKind, SourceSettings};
use lifesigns_model::SourceOffset;

use crate::{
    activity::{Activity, SourceTraffic, TrafficReader},
    state::{Phase, SharedState, SourceState},
    watch_report::{WatchReport, WatchReports},
};

/// The state of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// What it does now.
    pub activity: Activity,
    /// How far it is committed, where it has a place.
    pub cursor: Option<Cursor>,
    /// Lines that are committed.
    pub lines: u64,
    /// The event time of the last of these that has one, nanoseconds since the Unix epoch.
    pub last_ns: Option<u64>,
    /// Bytes that are there and not committed yet, where that can be known.
    pub lag_bytes: Option<u64>,
    /// Times that something was not read, or may not have been, since the source was started.
    pub gaps: u64,
    /// Bytes that are known not to have been read, since the source was started.
    pub unread_bytes: u64,
    /// What else is worth knowing: the last gap, an encoding, content that is no text.
    pub notes: Vec<String>,
    /// What it has received, if it listens.
    pub traffic: Option<SourceTraffic>,
}

/// All sources that are configured. Clones show the same sources.
#[derive(Clone, Debug, Default)]
pub struct SourceReports {
    sources: Arc<Vec<(SourceSettings, SharedState)>>,
    watch: WatchReports,
}

impl SourceReports {
    pub(crate) fn new(sources: Vec<(SourceSettings, SharedState)>, watch: WatchReports) -> Self {
        Self { sources: Arc::new(sources), watch }
    }

    /// Returns how changes of followed files are noticed now.
    pub fn watch(&self) -> WatchReport {
        self.watch.report()
    }

    /// Returns the present state of each source. `committed` says how far a source is committed.
    pub fn reports<'p>(&self, committed: impl Fn(&str) -> Option<&'p SourceOffset>) -> Vec<SourceReport> {
        self.sources.iter().map(|(config, state)| report(config, &state.lock(), committed(&config.name))).collect()
    }
}

fn report(config: &SourceSettings, state: &SourceState, committed: Option<&SourceOffset>) -> SourceReport {
    let cursor = committed.and_then(|place| Cursor::from_bytes(place.cursor.as_deref()?));
    SourceReport {
        name: config.name.clone(),
        activity: activity(&state.phase),
        cursor,
        lines: committed.map_or(0, |place| place.lines),
        last_ns: committed.and_then(|place| place.time_ns),
        lag_bytes: lag_bytes(config, &state.phase, cursor),
        gaps: state.gaps,
        unread_bytes: state.unread_bytes,
        notes: notes(state),
        traffic: state.traffic.as_ref().map(TrafficReader::read),
    }
}

fn activity(phase: &Phase) -> Activity {
    match phase {
        Phase::Starting => Activity::Starting,
        Phase::Stream | Phase::File(FileState::Reading(_)) => Activity::Reading,
        Phase::File(FileState::Absent) => Activity::Waiting("there is no such file".to_owned()),
        Phase::File(FileState::Unreadable(why)) => Activity::Waiting(format!("it cannot be read: {why}")),
        Phase::File(FileState::NotAFile(what)) => {
            Activity::Refused(format!("it is {what}; only regular files can be followed"))
        }
        Phase::Driven(activity) => activity.clone(),
        Phase::Ended => Activity::Ended,
        Phase::Failed(why) => Activity::Failed(why.clone()),
    }
}

fn notes(state: &SourceState) -> Vec<String> {
    let mut notes: Vec<String> = state.last_gap.iter().chain(&state.notes).cloned().collect();
    if let Some(why) = state.not_text {
        notes.push(format!("it does not look like text: {why}"));
    }
    if state.encoding != Encoding::Utf8 {
        notes.push(format!("it is read as {}", state.encoding.as_str()));
    }
    if state.nul_bytes > 0 {
        notes.push(format!("{} NUL bytes before lines were skipped", state.nul_bytes));
    }
    if state.cut_lines > 0 {
        notes.push(format!("{} lines were longer than 1 MiB and cut there", state.cut_lines));
    }
    notes
}

/// Returns the bytes that are not committed: of the file that the cursor is in, and of the one that took
/// its path.
fn lag_bytes(config: &SourceSettings, phase: &Phase, committed: Option<Cursor>) -> Option<u64> {
    let (SourceKind::Follow(path, _) | SourceKind::File(path)) = &config.kind else { return None };
    let (present, inode) = rest(path, committed)?;
    let Phase::File(FileState::Reading(open)) = phase else { return Some(present) };
    let old = rest(open, committed).filter(|(_, other)| *other != inode).map_or(0, |(bytes, _)| bytes);
    Some(present + old)
}

/// Returns the bytes of a file that are not committed, and its inode.
fn rest(path: &Path, committed: Option<Cursor>) -> Option<(u64, u64)> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    let own = committed.filter(|cursor| (cursor.device, cursor.inode) == (metadata.dev(), metadata.ino()));
    Some((metadata.len().saturating_sub(own.map_or(0, |cursor| cursor.offset)), metadata.ino()))
}
