//! Reads a file while it grows, and notes when each line was there.

use std::{
    collections::HashMap,
    fs::File,
    hash::Hash,
    io::Read,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use lifesigns_bench::percentile;

/// Time between two looks, which is the most that a figure is too large by.
const STEP: Duration = Duration::from_millis(1);

/// Lines, and when they were there.
pub(crate) type TimedLines = Vec<(Instant, String)>;

/// Follows a file until it is dropped.
pub(crate) struct Follower {
    lines: Arc<Mutex<TimedLines>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    /// Follows a file from its beginning; it need not exist yet.
    pub(crate) fn start(path: PathBuf) -> Self {
        let (lines, stop) = (Arc::<Mutex<TimedLines>>::default(), Arc::<AtomicBool>::default());
        let (into, flag) = (Arc::clone(&lines), Arc::clone(&stop));
        let thread = thread::spawn(move || {
            let (mut bytes, mut file) = (Vec::new(), None);
            loop {
                let is_last = flag.load(Ordering::Relaxed);
                file = file.or_else(|| File::open(&path).ok());
                if let Some(file) = &mut file {
                    let _ = file.read_to_end(&mut bytes);
                }
                let now = Instant::now();
                let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
                let text = String::from_utf8_lossy(&bytes[..whole]).into_owned();
                into.lock()
                    .expect("no thread panicked with it")
                    .extend(text.lines().map(|line| (now, line.to_owned())));
                bytes.drain(..whole);
                if is_last {
                    return;
                }
                thread::sleep(STEP);
            }
        });
        Self { lines, stop, thread: Some(thread) }
    }

    /// Takes the lines that have come since this was last called.
    pub(crate) fn take(&self) -> TimedLines {
        std::mem::take(&mut self.lines.lock().expect("no thread panicked with it"))
    }

    /// Takes the lines that are there by now, and follows no more.
    pub(crate) fn end(mut self) -> TimedLines {
        self.stop();
        self.take()
    }

    fn stop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Returns when the alert of each numbered line of the rule that is measured was there.
pub(crate) fn numbered(lines: TimedLines) -> impl Iterator<Item = (u32, Instant)> {
    lines.into_iter().filter_map(|(at, line)| {
        let (_, rest) = line.split_once("neighbour n")?;
        let (number, _) = rest.split_once('e')?;
        Some((number.parse().ok()?, at))
    })
}

/// How long lines took, sorted, and how many never came.
pub(crate) struct Delays {
    pub(crate) sorted: Vec<Duration>,
    pub(crate) lost: usize,
}

impl Delays {
    /// Compares when lines were written with when their alerts were there.
    pub(crate) fn new<N: Eq + Hash>(written: &[(N, Instant)], seen: &HashMap<N, Instant>) -> Self {
        let delay = |(number, at): &(N, Instant)| Some(seen.get(number)?.duration_since(*at));
        Self::of(written.iter().filter_map(delay).collect(), written.len())
    }

    /// Of times that were taken otherwise, of `all` lines.
    pub(crate) fn of(mut sorted: Vec<Duration>, all: usize) -> Self {
        sorted.sort_unstable();
        Self { lost: all - sorted.len(), sorted }
    }

    /// A percentile.
    pub(crate) fn at(&self, percent: usize) -> Duration {
        percentile(&self.sorted, percent).unwrap_or_default()
    }
}
