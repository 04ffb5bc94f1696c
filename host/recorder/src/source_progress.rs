//! How far sources were read: which of them were at their end when, so that event time of quiet objects
//! does not get ahead of lines that wait to be read.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crossbeam_channel::Receiver;
use lifesigns_model::WakeSignal;
use parking_lot::Mutex;

/// A source that was not at its end for longer than this has caught up when it is: its lines are older.
const CATCH_UP_NS: u64 = 10_000_000_000;

/// How far one source was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Read {
    /// The host's clock when it was at its end last; 0: not yet.
    until_ns: u64,
    caught_up: bool,
}

/// The sources that report when they are at their end.
#[derive(Debug)]
pub(crate) struct SourceProgress {
    /// By name. A snapshot of many sources is taken every turn, so names are shared.
    sources: Mutex<BTreeMap<Arc<str>, Read>>,
    /// When something is due in the book, on the host's clock; `u64::MAX` if nothing is.
    due_ns: AtomicU64,
    moved: WakeSignal,
}

impl Default for SourceProgress {
    fn default() -> Self {
        Self { sources: Mutex::default(), due_ns: AtomicU64::new(u64::MAX), moved: WakeSignal::new() }
    }
}

/// The progress of all sources at one time.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ProgressSnapshot {
    /// Each source, and the time before which everything in it has been submitted.
    pub(crate) until: Vec<(Arc<str>, u64)>,
    /// The sources that have caught up since the last snapshot.
    pub(crate) caught_up: Vec<Arc<str>>,
}

impl SourceProgress {
    /// Sets which sources report when they are at their end.
    pub(crate) fn expect_end_reports(&self, names: Vec<String>) {
        let mut sources = self.sources.lock();
        let before = std::mem::take(&mut *sources);
        for name in names {
            let read = before.get(name.as_str()).copied().unwrap_or_default();
            sources.insert(name.into(), read);
        }
    }

    /// Returns whether a source reports when it is at its end.
    pub(crate) fn says(&self, source: &str) -> bool {
        self.sources.lock().contains_key(source)
    }

    /// Notes that everything that was in a source at `until_ns` of the host's clock has been submitted.
    /// Wakes the recorder if that makes something due.
    pub(crate) fn caught_up(&self, source: &str, until_ns: u64) {
        let mut sources = self.sources.lock();
        let Some(read) = sources.get_mut(source) else { return };
        read.caught_up |= until_ns.saturating_sub(read.until_ns) >= CATCH_UP_NS;
        read.until_ns = until_ns;
        if read.caught_up || until_ns >= self.due_ns.load(Ordering::Relaxed) {
            self.moved.wake();
        }
    }

    /// Sets when something is due in the book, on the host's clock.
    pub(crate) fn expect_due(&self, due_ns: Option<u64>) {
        self.due_ns.store(due_ns.unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Returns the channel that wakes the recorder.
    pub(crate) fn moved(&self) -> &Receiver<()> {
        self.moved.receiver()
    }

    /// Takes a snapshot.
    pub(crate) fn take(&self) -> ProgressSnapshot {
        let mut sources = self.sources.lock();
        let mut progressed = ProgressSnapshot::default();
        for (name, read) in &mut *sources {
            progressed.until.push((Arc::clone(name), read.until_ns));
            if std::mem::take(&mut read.caught_up) {
                progressed.caught_up.push(Arc::clone(name));
            }
        }
        progressed
    }

    /// Puts back a snapshot whose lines are not in a checkpoint yet: its sources catch up again next time.
    pub(crate) fn put_back(&self, progressed: ProgressSnapshot) {
        let mut sources = self.sources.lock();
        for name in progressed.caught_up {
            if let Some(read) = sources.get_mut(&*name) {
                read.caught_up = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: u64 = 1_000_000_000;

    fn until(progress: &SourceProgress) -> Vec<u64> {
        progress.take().until.into_iter().map(|(_, until_ns)| until_ns / S).collect()
    }

    fn caught_up(progressed: ProgressSnapshot) -> Vec<String> {
        progressed.caught_up.iter().map(|name| name.to_string()).collect()
    }

    #[test]
    fn a_source_is_behind_until_it_was_at_its_end_and_has_caught_up_then() {
        let progress = SourceProgress::default();
        progress.expect_end_reports(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(until(&progress), [0, 0]);
        progress.caught_up("a", 100 * S);
        progress.caught_up("unknown", 100 * S);
        let progressed = progress.take();
        assert_eq!(progressed.until, [("a".into(), 100 * S), ("b".into(), 0)]);
        assert_eq!(caught_up(progressed), ["a"]);
        progress.caught_up("a", 101 * S);
        assert_eq!(caught_up(progress.take()), [""; 0], "it was at its end just before");
        progress.caught_up("a", 200 * S);
        let progressed = progress.take();
        assert_eq!(*progressed.caught_up[0], *"a", "it was blocked, or the host was asleep");
        progress.put_back(progressed);
        assert_eq!(caught_up(progress.take()), ["a"], "what it handed in had not been cut");
    }

    #[test]
    fn sources_that_stay_go_on_and_others_go() {
        let progress = SourceProgress::default();
        progress.expect_end_reports(vec!["a".to_owned(), "b".to_owned()]);
        progress.caught_up("b", 5 * S);
        progress.expect_end_reports(vec!["b".to_owned(), "c".to_owned()]);
        assert_eq!(until(&progress), [5, 0]);
        assert!(progress.says("c") && !progress.says("a"));
    }
}
