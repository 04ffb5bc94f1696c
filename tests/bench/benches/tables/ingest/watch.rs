//! Reads the host's output while it grows, and notes when the alerts of probes are there.

use std::{
    collections::HashMap,
    fs::File,
    io::Read,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use super::load::{RULES, Seen};

/// Time between two looks, which is the most that a figure is too large by.
const STEP: Duration = Duration::from_millis(1);

/// A thread that reads.
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<HashMap<u64, Instant>>,
}

impl Watch {
    pub(crate) fn start(path: PathBuf) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        Self { stop, thread: thread::spawn(move || watch(&path, &flag)) }
    }

    /// Returns when which probe was seen first.
    pub(crate) fn stop(self) -> HashMap<u64, Instant> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("it ends")
    }
}

fn watch(path: &PathBuf, stop: &AtomicBool) -> HashMap<u64, Instant> {
    let mut file = File::open(path).expect("the output");
    let (mut seen, mut text) = (HashMap::new(), String::new());
    let rule = format!("\"rule\":\"k{:05}\"", RULES - 1);
    loop {
        let is_last = stop.load(Ordering::Relaxed);
        let _ = file.read_to_string(&mut text);
        let now = Instant::now();
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        for line in text[..whole].lines().filter(|line| line.contains(&rule)) {
            if let Some(Seen::Probe(number)) = Seen::read(line) {
                seen.entry(number).or_insert(now);
            }
        }
        text.drain(..whole);
        if is_last {
            return seen;
        }
        thread::sleep(STEP);
    }
}

/// Times from sending to the alert, sorted.
pub(crate) struct Times {
    sorted: Vec<Duration>,
    /// Probes without an alert.
    pub(crate) lost: usize,
}

impl Times {
    pub(crate) fn new(sent: &[(usize, Instant)], seen: &HashMap<u64, Instant>) -> Self {
        let took = |(number, at): &(usize, Instant)| Some(seen.get(&(*number as u64))?.duration_since(*at));
        Self::of(sent.iter().filter_map(took).collect(), sent.len())
    }

    /// Of times that were taken otherwise, of `all` attempts.
    pub(crate) fn of(mut sorted: Vec<Duration>, all: usize) -> Self {
        sorted.sort_unstable();
        Self { lost: all - sorted.len(), sorted }
    }

    /// Returns a percentile.
    pub(crate) fn at(&self, percent: usize) -> Duration {
        let last = self.sorted.len().saturating_sub(1);
        self.sorted.get((self.sorted.len() * percent / 100).min(last)).copied().unwrap_or_default()
    }
}
