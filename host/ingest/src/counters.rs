//! What a receiver has taken and refused since it was started.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use lifesigns_intake::HttpProtocol;
use lifesigns_sources::SourceTraffic;
use lifesigns_text::visible_short;

use crate::{batch::ItemCounts, error::IngestError};

/// Characters of the last error that are kept.
const ERROR_CHARS: usize = 300;

/// See the module.
#[derive(Debug)]
pub(crate) struct ReceiverCounters {
    protocol: HttpProtocol,
    /// Requests that are being taken.
    open: AtomicU64,
    accepted: AtomicU64,
    rejected: AtomicU64,
    malformed: AtomicU64,
    skipped: AtomicU64,
    cut: AtomicU64,
    bytes: AtomicU64,
    turned_away: AtomicU64,
    problem: Mutex<String>,
}

/// Counts a request as open while it lives.
pub(crate) struct OpenRequest<'c>(&'c ReceiverCounters);

impl Drop for OpenRequest<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ReceiverCounters {
    /// Returns counters that are all 0.
    pub(crate) fn new(protocol: HttpProtocol) -> Self {
        Self {
            protocol,
            open: AtomicU64::default(),
            accepted: AtomicU64::default(),
            rejected: AtomicU64::default(),
            malformed: AtomicU64::default(),
            skipped: AtomicU64::default(),
            cut: AtomicU64::default(),
            bytes: AtomicU64::default(),
            turned_away: AtomicU64::default(),
            problem: Mutex::default(),
        }
    }

    pub(crate) fn open(&self) -> OpenRequest<'_> {
        self.open.fetch_add(1, Ordering::Relaxed);
        OpenRequest(self)
    }

    pub(crate) fn note_bytes(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn note(&self, counts: &ItemCounts) {
        let add = |counter: &AtomicU64, count: u64| counter.fetch_add(count, Ordering::Relaxed);
        add(&self.accepted, counts.accepted);
        add(&self.rejected, counts.refused);
        add(&self.malformed, counts.malformed);
        add(&self.skipped, counts.skipped);
        add(&self.cut, counts.cut);
        if let Some(error) = counts.errors.first() {
            self.note_problem(&format!("item {}: {}", error.item, error.detail));
        }
    }

    /// Notes a request of which nothing counts.
    pub(crate) fn note_failure(&self, error: &IngestError) {
        let counter = if error.retry_after_s().is_some() { &self.turned_away } else { &self.rejected };
        counter.fetch_add(1, Ordering::Relaxed);
        self.note_problem(&error.to_string());
    }

    fn note_problem(&self, problem: &str) {
        *self.problem.lock() = visible_short(problem, ERROR_CHARS);
    }

    /// Returns the counters as they are now.
    pub(crate) fn traffic(&self) -> SourceTraffic {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        SourceTraffic {
            address: format!("HTTP, {}", self.protocol.as_str()),
            connections: get(&self.open),
            lines: get(&self.accepted),
            bytes: get(&self.bytes),
            malformed: get(&self.malformed),
            cut: get(&self.cut),
            rejected: get(&self.rejected),
            skipped: get(&self.skipped),
            turned_away: get(&self.turned_away),
            problem: self.problem.lock().clone(),
            ..SourceTraffic::default()
        }
    }
}
