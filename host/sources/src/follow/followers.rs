//! All followed files of a supervisor.

use std::{io, sync::Arc, thread};

use crossbeam_channel::{Receiver, unbounded};

use super::{
    arming::{Arming, StartWatch},
    file::FollowedFile,
    pool,
    schedule::FollowerId,
    shared::{ArmRequest, Ending, FollowPool},
};
use crate::watch_report::WatchReports;

/// See the module. The threads start with the first file, and end when it is dropped.
pub(crate) struct Followers {
    shared: Arc<FollowPool>,
    /// What the threads start with; `None` once they have.
    unstarted: Option<(StartWatch, Receiver<ArmRequest>)>,
    next: FollowerId,
}

impl Drop for Followers {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl Followers {
    /// No file yet.
    pub(crate) fn new(start: StartWatch) -> Self {
        let (sender, requests) = unbounded();
        Self { shared: Arc::new(FollowPool::new(sender)), unstarted: Some((start, requests)), next: 0 }
    }

    /// Follows a file until it is [removed](Self::remove), or its sink is closed.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn add(&mut self, file: FollowedFile) -> io::Result<FollowerId> {
        if let Some((start, requests)) = self.unstarted.take() {
            pool::start(&self.shared)?;
            let arming = Arming::new(Arc::clone(&self.shared), start);
            thread::Builder::new().name("lifesigns-watch".into()).spawn(move || arming.run(&requests))?;
        }
        let id = self.next;
        self.next += 1;
        self.shared.add(id, file);
        Ok(id)
    }

    /// Whether following a file has come to its end.
    pub(crate) fn has_ended(&self, id: FollowerId) -> bool {
        self.shared.lock().files.get(&id).is_none_or(|entry| entry.end.is_some())
    }

    /// Follows a file no longer, and waits until no thread looks at it. Its stop signal has to be set before.
    pub(crate) fn remove(&self, id: FollowerId) {
        if let Some(Ending::Panicked(panic)) = self.shared.remove(id) {
            std::panic::resume_unwind(panic);
        }
    }

    /// Returns what reports on the watch.
    pub(crate) fn watch_reports(&self) -> WatchReports {
        let shared = Arc::clone(&self.shared);
        WatchReports::new(move || shared.report())
    }
}
