//! The thread that has folders watched: those that are asked for, again those that were replaced or removed,
//! and after a while those that the system has refused.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use lifesigns_watch::{FolderWatch, OnChange, Reliability, WatchError, reliability};

use super::{
    folders::{FolderId, FolderState, folder_id},
    pool,
    shared::{ArmRequest, FollowPool},
};

/// How often it is checked whether folders are what they were, and how much longer that is for each folder.
const CHECK: Duration = Duration::from_secs(1);
const CHECK_EACH: Duration = Duration::from_micros(200);
/// How often the system is asked again for what it has refused.
const RETRY: Duration = Duration::from_secs(30);

/// Starts a watch.
pub type StartWatch = Box<dyn Fn(OnChange) -> Result<Box<dyn FolderWatch>, WatchError> + Send>;

/// See the module.
pub(super) struct Arming {
    shared: Arc<FollowPool>,
    start: StartWatch,
    watch: Option<Box<dyn FolderWatch>>,
    retried: Instant,
}

impl Arming {
    pub(super) fn new(shared: Arc<FollowPool>, start: StartWatch) -> Self {
        Self { shared, start, watch: None, retried: Instant::now() }
    }

    /// Runs until it is asked to stop.
    pub(super) fn run(mut self, requests: &Receiver<ArmRequest>) {
        self.start();
        let (mut checked, mut looks) = (Instant::now(), 0);
        let mut pause = CHECK;
        loop {
            match requests.recv_timeout(pause.saturating_sub(checked.elapsed())) {
                Ok(ArmRequest::Watch(folder)) => self.arm(&folder),
                Ok(ArmRequest::Unwatch(folder)) => self.disarm(&folder, None),
                Ok(ArmRequest::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    looks = pool::grow_if_stuck(&self.shared, looks);
                    let folders = self.check();
                    pause = CHECK.max(CHECK_EACH * folders as u32);
                    checked = Instant::now();
                }
            }
        }
    }

    fn start(&mut self) {
        let shared = Arc::clone(&self.shared);
        match (self.start)(Box::new(move |change| shared.on_change(change))) {
            Ok(watch) => self.watch = Some(watch),
            Err(error) => self.refused(error, None),
        }
    }

    /// Has a folder watched, and then its files looked at.
    fn arm(&mut self, folder: &Path) {
        let Some(known) = self.shared.lock().folders.known(folder) else { return };
        if let Some(before) = known {
            // It may be another folder by now.
            self.disarm(folder, Some(before));
        }
        let watched = self.watch.as_mut().map(|watch| {
            // What was renamed may still be watched under this path.
            watch.unwatch(folder);
            watch.watch(folder)
        });
        let state = match watched {
            None => FolderState::Refused,
            Some(Ok(())) => match reliability(folder) {
                Reliability::Complete => FolderState::Watched,
                Reliability::Partial => FolderState::Partial,
            },
            Some(Err(WatchError::Absent(_))) => FolderState::Pending,
            Some(Err(error)) => {
                self.refused(error, Some(folder));
                FolderState::Refused
            }
        };
        self.shared.set_folder(folder, folder_id(folder), state);
    }

    /// Has a folder watched no longer; by other paths it may still be.
    fn disarm(&mut self, folder: &Path, id: Option<FolderId>) {
        let Some(watch) = &mut self.watch else { return };
        watch.unwatch(folder);
        let Some(id) = id.or_else(|| folder_id(folder)) else { return };
        let others: Vec<PathBuf> = self.shared.lock().folders.others(id, folder);
        for other in others {
            // What fails here shows when it is checked.
            let _ = watch.watch(&other);
        }
    }

    /// Has those folders watched again that are others now, or were absent. Returns the number of folders.
    fn check(&mut self) -> usize {
        let is_retry = self.retried.elapsed() >= RETRY;
        if is_retry {
            self.retried = Instant::now();
            if self.watch.is_none() {
                self.start();
            }
        }
        let folders = self.shared.lock().folders.list();
        let mut refused = 0;
        for (path, id, state) in &folders {
            let present = folder_id(path);
            let is_due = match state {
                FolderState::Pending => present.is_some(),
                FolderState::Refused => is_retry,
                FolderState::Watched | FolderState::Partial => present != *id,
            };
            refused += usize::from(*state == FolderState::Refused);
            if is_due {
                self.arm(path);
            }
        }
        if refused == 0 && self.watch.is_some() {
            self.shared.lock().problem = None;
        }
        folders.len()
    }

    /// Notes why files are polled, and logs it if it is new.
    fn refused(&self, error: WatchError, folder: Option<&Path>) {
        let mut state = self.shared.lock();
        if state.problem.as_ref() == Some(&error) {
            return;
        }
        let fix = error.fix();
        let of = folder.map_or_else(String::new, |folder| format!(", first in {}", folder.display()));
        if error != WatchError::Off {
            tracing::warn!("changes of files are not reported, and they are polled{of}: {error}; {fix}");
        }
        state.problem = Some(error);
    }
}
