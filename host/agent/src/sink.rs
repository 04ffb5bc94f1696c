//! Where the sources of an agent deliver: events go into the open segment, and that to the spool after a second or when it
//! is large. A source is as far as the segments on disk say. While the spool is full, sources wait.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::Duration,
};

use parking_lot::{Condvar, Mutex, MutexGuard};

use lifesigns_api::AgentReport;
use lifesigns_intake::{RecordLines, record_decoder};
use lifesigns_model::{NS_PER_MS, SharedClock, SourceOffset, WakeSignal};
use lifesigns_sources::{Content, Input, SourceReport, SourceReports, SourceSink, Submission};

use crate::{
    error::AgentError,
    event::{self, EventStyle, ReadLine, Written},
    lines::LineJoiner,
    segment::SegmentBuilder,
    spool::Spool,
    state::{AgentState, SourceCheckpoint},
};

/// An open segment goes to the spool at this size, before compression, or at this age.
const SEGMENT_BYTES: usize = 1 << 20;
const SEGMENT_AGE_MS: u64 = 1000;
/// The start of an event is held back for so long.
const PENDING_MS: u64 = 3000;
/// How long a source waits before it looks again whether there is room.
const WAIT: Duration = Duration::from_secs(1);

/// See the module.
pub(crate) struct SpoolSink {
    folder: PathBuf,
    limit_bytes: u64,
    clock: SharedClock,
    inner: Mutex<Inner>,
    room: Condvar,
    /// Woken when there is a segment to send.
    filled: WakeSignal,
}

pub(crate) struct Inner {
    spool: Spool,
    pub(crate) state: AgentState,
    open: SegmentBuilder,
    styles: HashMap<String, EventStyle>,
    joiners: HashMap<String, HeldLines>,
    /// Properties that go with the facts of the machine.
    properties: Vec<(&'static str, String)>,
    reports: SourceReports,
    is_closed: bool,
    /// Why the spool cannot be written; empty if it can.
    problem: String,
}

/// The lines of one source.
#[derive(Default)]
struct HeldLines {
    joiner: LineJoiner,
    /// When the event that is held back got its last line, milliseconds since the Unix epoch.
    since_ms: u64,
}

impl SpoolSink {
    /// Opens the spool of the folder of an agent.
    ///
    /// # Errors
    /// It cannot be read or written.
    pub(crate) fn open(folder: &Path, limit_bytes: u64, clock: SharedClock) -> Result<Self, AgentError> {
        let failed = |error| AgentError::State { path: folder.to_owned(), error };
        let mut state = AgentState::load(folder).map_err(failed)?;
        let spool = Spool::open(&folder.join("spool"), &mut state).map_err(failed)?;
        let resumed = |(name, checkpoint): (&String, &SourceCheckpoint)| {
            let joiner = LineJoiner::resumed(checkpoint.lines, &checkpoint.pending);
            (name.clone(), HeldLines { joiner, since_ms: 0 })
        };
        let joiners = state.checkpoints.iter().map(resumed).collect();
        let inner = Inner {
            spool,
            state,
            open: SegmentBuilder::default(),
            styles: HashMap::new(),
            joiners,
            properties: Vec::new(),
            reports: SourceReports::default(),
            is_closed: false,
            problem: String::new(),
        };
        let inner = Mutex::new(inner);
        Ok(Self {
            folder: folder.to_owned(),
            limit_bytes,
            clock,
            inner,
            room: Condvar::new(),
            filled: WakeSignal::new(),
        })
    }

    /// Sets how the events of these sources are written from now on; the others stay as they are.
    pub(crate) fn add_styles(&self, styles: HashMap<String, EventStyle>, properties: Vec<(&'static str, String)>) {
        let mut inner = self.lock();
        inner.styles.extend(styles);
        inner.properties = properties;
    }

    /// Forgets how events are written of sources that are read no longer.
    pub(crate) fn keep_styles(&self, is_kept: impl Fn(&str) -> bool) {
        self.lock().styles.retain(|name, _| is_kept(name));
    }

    /// Passes on what is old enough.
    pub(crate) fn tick(&self) {
        let now_ms = self.now_ms();
        let mut inner = self.lock();
        inner.release_pending(now_ms);
        let is_old = inner.open.since_ms().is_none_or(|since_ms| since_ms + SEGMENT_AGE_MS <= now_ms);
        if is_old {
            self.flush(&mut inner, now_ms);
        }
    }

    /// Takes nothing from now on: sources that wait for room go on.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.room.notify_all();
    }

    /// Writes what is open to the spool.
    pub(crate) fn flush_all(&self) {
        let now_ms = self.now_ms();
        self.flush(&mut self.lock(), now_ms);
    }

    fn flush(&self, inner: &mut Inner, now_ms: u64) {
        if inner.open.is_empty() {
            return;
        }
        let Inner { spool, state, open, .. } = inner;
        match spool.append(open, state, now_ms) {
            Ok(()) => {
                inner.open = SegmentBuilder::default();
                inner.problem.clear();
                self.filled.wake();
            }
            Err(error) => {
                let text = format!("the spool in {} cannot be written: {error}", self.folder.display());
                if inner.problem != text {
                    tracing::error!("{text}; sources wait");
                }
                inner.problem = text;
            }
        }
    }

    /// Returns the oldest segment; `None` if everything was sent.
    pub(crate) fn oldest(&self) -> Option<(u64, PathBuf)> {
        self.lock().spool.oldest()
    }

    /// Changes state or spool, and lets sources see that there may be room.
    pub(crate) fn update<T>(&self, change: impl FnOnce(&mut Spool, &mut AgentState, &Path) -> T) -> T {
        let mut inner = self.lock();
        let Inner { spool, state, .. } = &mut *inner;
        let done = change(spool, state, &self.folder);
        drop(inner);
        self.room.notify_all();
        done
    }

    /// Returns what wakes the sender.
    pub(crate) const fn filled(&self) -> &WakeSignal {
        &self.filled
    }

    pub(crate) fn instance(&self) -> String {
        self.lock().state.instance.clone()
    }

    /// Fills the figures of a report, and returns the sources.
    pub(crate) fn report(&self, report: &mut AgentReport) -> Vec<SourceReport> {
        let now_ms = self.now_ms();
        let inner = self.lock();
        report.instance.clone_from(&inner.state.instance);
        report.spool_bytes = inner.spool.bytes();
        report.spool_limit_bytes = self.limit_bytes;
        let since_ms = inner.spool.since_ms().or(inner.open.since_ms());
        report.spool_age_ms = since_ms.map_or(0, |since_ms| now_ms.saturating_sub(since_ms));
        report.sent_lines = inner.state.sent_lines;
        report.refused_lines = inner.state.refused_lines;
        report.cut_lines = inner.state.cut_lines;
        report.dropped_metrics = inner.state.dropped_metrics;
        report.damaged_segments = inner.state.damaged_segments;
        report.problem.clone_from(&inner.problem);
        if inner.spool.bytes() >= self.limit_bytes && report.problem.is_empty() {
            "the spool is full: sources wait until the host takes what is in it".clone_into(&mut report.problem);
        }
        let offsets: HashMap<String, SourceOffset> =
            inner.state.checkpoints.keys().filter_map(|name| Some((name.clone(), inner.checkpoint(name)?))).collect();
        let reports = inner.reports.clone();
        drop(inner);
        // Each looks at its file.
        reports.reports(|name| offsets.get(name))
    }

    fn now_ms(&self) -> u64 {
        self.clock.now_ns() / NS_PER_MS
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }

    /// Waits until there is room. Returns `None` once the sink is closed.
    fn wait_for_room(&self) -> Option<MutexGuard<'_, Inner>> {
        let mut inner = self.lock();
        loop {
            if inner.is_closed {
                return None;
            }
            let is_full = inner.spool.bytes() >= self.limit_bytes;
            if !is_full && inner.open.bytes() >= SEGMENT_BYTES {
                self.flush(&mut inner, self.now_ms());
            }
            if !is_full && inner.open.bytes() < SEGMENT_BYTES {
                return Some(inner);
            }
            self.room.wait_for(&mut inner, WAIT);
        }
    }

    /// Takes the metrics of the machine, or drops them if there is no room: they are soon of yesterday.
    fn take_facts(&self, source: &str, records: RecordLines) -> Submission {
        let mut inner = self.lock();
        if inner.is_closed {
            return Submission::Closed;
        }
        if inner.spool.bytes() >= self.limit_bytes || inner.open.bytes() >= SEGMENT_BYTES {
            inner.state.dropped_metrics += 1;
            return Submission::Accepted;
        }
        let (decoder, bytes, now_ms) = (record_decoder(), records.into_bytes(), self.now_ms());
        let Inner { styles, open, properties, .. } = &mut *inner;
        let Some(style) = styles.get(source) else { return Submission::Accepted };
        for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let text = String::from_utf8_lossy(line);
            let record = decoder.decode(&text);
            open.event(now_ms, |out| event::write_facts(&record, &style.object, properties, out));
        }
        Submission::Accepted
    }
}

impl Inner {
    fn checkpoint(&self, source: &str) -> Option<SourceOffset> {
        let known = match self.open.checkpoints.get(source) {
            Some(changed) => changed.as_ref()?,
            None => self.state.checkpoints.get(source)?,
        };
        let cursor = known.cursor.as_ref().and_then(|text| hex::decode(text).ok());
        Some(SourceOffset { source: source.to_owned(), cursor, ..SourceOffset::default() })
    }

    fn take_lines(&mut self, source: &str, bytes: &[u8], arrived_ns: u64) {
        let Self { styles, joiners, open, state, .. } = self;
        let Some(style) = styles.get(source) else { return };
        let held = joiners.entry(source.to_owned()).or_default();
        held.joiner.set_marker(style.marker.as_deref());
        held.since_ms = arrived_ns / NS_PER_MS;
        held.joiner
            .take(bytes, |number, bytes| put(open, state, style, ReadLine { source, number, bytes }, arrived_ns));
    }

    fn take_cursor(&mut self, source: &str, cursor: &[u8]) {
        let joiner = self.joiners.get(source).map(|held| &held.joiner);
        let pending = joiner.map(|joiner| String::from_utf8_lossy(joiner.pending()).into_owned());
        let checkpoint = SourceCheckpoint {
            cursor: Some(hex::encode(cursor)),
            pending: pending.unwrap_or_default(),
            lines: joiner.map_or(0, LineJoiner::lines),
        };
        self.open.checkpoints.insert(source.to_owned(), Some(checkpoint));
    }

    /// Passes on events that got no line for a while.
    fn release_pending(&mut self, now_ms: u64) {
        let Self { styles, joiners, open, state, .. } = self;
        for (source, held) in joiners.iter_mut() {
            let is_old = held.since_ms + PENDING_MS <= now_ms;
            let Some(style) = styles.get(source).filter(|_| is_old && !held.joiner.pending().is_empty()) else {
                continue;
            };
            let Some((number, bytes)) = held.joiner.take_pending() else { continue };
            put(open, state, style, ReadLine { source, number, bytes: &bytes }, now_ms * NS_PER_MS);
            let known = match open.checkpoints.get(source) {
                Some(changed) => changed.clone(),
                None => state.checkpoints.get(source).cloned(),
            };
            let released = SourceCheckpoint { pending: String::new(), ..known.unwrap_or_default() };
            open.checkpoints.insert(source.clone(), Some(released));
        }
    }
}

fn put(open: &mut SegmentBuilder, state: &mut AgentState, style: &EventStyle, line: ReadLine<'_>, time_ns: u64) {
    if open.event(time_ns / NS_PER_MS, |out| event::write(style, line, time_ns, out)) == Written::Cut {
        state.cut_lines += 1;
    }
}

impl SourceSink for SpoolSink {
    fn submit(&self, input: Input) -> Submission {
        let source = input.source.name();
        let bytes = match input.content {
            Content::Lines(bytes) => bytes,
            Content::Records(records) => return self.take_facts(source, records),
            Content::ObjectLines(lines) => lines.into_bytes(),
            Content::PlacedLines(lines) => lines.into_bytes(),
        };
        let Some(mut inner) = self.wait_for_room() else { return Submission::Closed };
        let arrived_ns = input.arrived_ns.unwrap_or_else(|| self.clock.now_ns());
        inner.take_lines(source, &bytes, arrived_ns);
        if let Some(cursor) = &input.cursor {
            inner.take_cursor(source, cursor);
        }
        if inner.open.bytes() >= SEGMENT_BYTES {
            self.flush(&mut inner, arrived_ns / NS_PER_MS);
        }
        Submission::Accepted
    }

    fn checkpoint(&self, source: &str) -> Option<SourceOffset> {
        self.lock().checkpoint(source)
    }

    fn checkpoints(&self) -> Vec<String> {
        let inner = self.lock();
        let mut names: Vec<String> =
            inner.state.checkpoints.keys().chain(inner.open.checkpoints.keys()).cloned().collect();
        names.retain(|name| inner.checkpoint(name).is_some());
        names
    }

    /// The start of an event that is held back is an event then.
    fn forget(&self, source: &str) {
        let now_ns = self.clock.now_ns();
        let mut inner = self.lock();
        let Inner { styles, joiners, open, state, .. } = &mut *inner;
        if let Some(mut held) = joiners.remove(source)
            && let (Some((number, bytes)), Some(style)) = (held.joiner.take_pending(), styles.get(source))
        {
            put(open, state, style, ReadLine { source, number, bytes: &bytes }, now_ns);
        }
        open.checkpoints.insert(source.to_owned(), None);
    }

    fn describe(&self, sources: SourceReports) {
        self.lock().reports = sources;
    }
}

#[cfg(test)]
mod tests;
