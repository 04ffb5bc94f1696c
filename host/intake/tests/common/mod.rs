//! A follower on a thread of its own, and what came of it.

#![allow(clippy::unwrap_used, dead_code, reason = "each test binary uses a part of it")]

use std::{
    fs::{File, OpenOptions},
    io::Write,
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use lifesigns_intake::{Cursor, FollowEvent, Followed, Gap, GapCause, PollingTail, StartPosition};
use lifesigns_model::WakeSignal;

/// Only a failing test waits this long.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);
pub(crate) const POLL: Duration = Duration::from_millis(2);

/// See the module.
pub(crate) struct Following {
    pub(crate) stop: WakeSignal,
    pub(crate) chunks: Receiver<(Vec<u8>, Cursor)>,
    pub(crate) thread: JoinHandle<Followed>,
    gaps: Arc<Mutex<Vec<Gap>>>,
    seen: String,
    pub(crate) cursor: Option<Cursor>,
}

impl Following {
    pub(crate) fn start(path: &Path, position: StartPosition) -> Self {
        let (sender, chunks) = channel();
        let stop = WakeSignal::new();
        let gaps = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&gaps);
        let (follower, signal) = (PollingTail::new(path, position).poll(POLL), stop.clone());
        let thread = std::thread::spawn(move || {
            follower.run(&signal, |event| match event {
                FollowEvent::Lines { bytes, cursor } | FollowEvent::Unfinished { bytes, cursor } => {
                    sender.send((bytes, cursor)).map_or(ControlFlow::Break(()), ControlFlow::Continue)
                }
                FollowEvent::Gap(gap) => {
                    noted.lock().unwrap().push(gap);
                    ControlFlow::Continue(())
                }
                FollowEvent::State(_) | FollowEvent::Looked { .. } => ControlFlow::Continue(()),
            })
        });
        Self { stop, chunks, thread, gaps, seen: String::new(), cursor: None }
    }

    /// Waits until all that has come is exactly `text`, and forgets it.
    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) {
        let until = Instant::now() + DEADLINE;
        while self.seen.len() < text.len() {
            match self.chunks.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok((bytes, cursor)) => {
                    self.seen.push_str(str::from_utf8(&bytes).unwrap());
                    self.cursor = Some(cursor);
                }
                Err(RecvTimeoutError::Timeout) => panic!("waited for {text:?}, saw {:?}", self.seen),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        assert_eq!(self.seen, text);
        self.seen.clear();
    }

    /// What was not read, as cause and bytes.
    pub(crate) fn gaps(&self) -> Vec<(GapCause, Option<u64>)> {
        self.gaps.lock().unwrap().iter().map(|gap| (gap.cause, gap.bytes)).collect()
    }

    /// Stops it; what comes on stop must be `text`.
    #[track_caller]
    pub(crate) fn ends(mut self, text: &str) -> Followed {
        self.stop.stop();
        let followed = self.thread.join().unwrap();
        let left: Vec<u8> = self.chunks.try_iter().flat_map(|(bytes, _)| bytes).collect();
        self.seen.push_str(str::from_utf8(&left).unwrap());
        assert_eq!(self.seen, text);
        followed
    }
}

/// One run that sees exactly `text`; returns where it ended.
#[track_caller]
pub(crate) fn run_sees(path: &Path, position: StartPosition, text: &str) -> Option<Cursor> {
    let mut following = Following::start(path, position);
    following.sees(text);
    following.ends("").cursor
}

pub(crate) fn log() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    (folder, path)
}

pub(crate) fn append(path: &Path, text: &str) -> File {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}
