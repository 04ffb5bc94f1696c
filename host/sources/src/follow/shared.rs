//! What the threads that follow files share: the schedule, the folders, and the files that no thread looks at.

use std::{
    any::Any,
    collections::HashMap,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use parking_lot::{Condvar, Mutex, MutexGuard};

use crossbeam_channel::Sender;
use lifesigns_watch::{FolderChange, WatchError};

use super::{
    file::{AfterLook, FollowedFile},
    folders::{FolderId, FolderState, Folders},
    schedule::{Attention, FollowerId, Schedule},
};
use crate::watch_report::WatchReport;

/// The longest wait of the thread that waits for timers.
const IDLE: Duration = Duration::from_secs(60);
/// Lost reports are logged this often at most.
const LOG_EVERY: Duration = Duration::from_secs(10);

/// What the watch is asked for.
#[derive(Debug)]
pub(super) enum ArmRequest {
    /// Watch this folder.
    Watch(PathBuf),
    /// Watch it no longer.
    Unwatch(PathBuf),
    /// End.
    Stop,
}

/// How following a file came to its end.
pub(super) enum Ending {
    Done,
    Panicked(Box<dyn Any + Send>),
}

/// One followed file.
pub(super) struct FileEntry {
    /// `None` while a thread looks at it, and after its end.
    pub(super) file: Option<Box<FollowedFile>>,
    pub(super) end: Option<Ending>,
    /// Where it is watched: at its path, and where it was found if that is elsewhere.
    path: PathBuf,
    elsewhere: Option<PathBuf>,
}

/// See the module.
pub(super) struct FollowState {
    pub(super) schedule: Schedule,
    pub(super) folders: Folders,
    pub(super) files: HashMap<FollowerId, FileEntry>,
    pub(super) is_stopped: bool,
    /// Threads that look at files, and those of them that wait for work.
    pub(super) readers: usize,
    waiting: usize,
    /// Until when one more of them waits, for timers as well.
    timer_until: Option<Instant>,
    /// Looks that have ended.
    pub(super) looks: u64,
    pub(super) requests: Sender<ArmRequest>,
    /// Why a folder is not watched.
    pub(super) problem: Option<WatchError>,
    missed: u64,
    missed_logged: Option<Instant>,
}

/// See the module. No lock is held during a look, nor while the watch is called.
pub(super) struct FollowPool {
    state: Mutex<FollowState>,
    /// A reader has work.
    work: Condvar,
    /// The reader that waits for timers has work, or an earlier timer.
    timer: Condvar,
    /// A look has ended.
    put_back: Condvar,
}

/// How many readers a pool keeps when there is nothing to do.
pub(super) const READERS: usize = 2;

impl FollowPool {
    pub(super) fn new(requests: Sender<ArmRequest>) -> Self {
        let state = FollowState {
            schedule: Schedule::new(Instant::now()),
            folders: Folders::default(),
            files: HashMap::new(),
            is_stopped: false,
            readers: 0,
            waiting: 0,
            timer_until: None,
            looks: 0,
            requests,
            problem: None,
            missed: 0,
            missed_logged: None,
        };
        Self { state: Mutex::new(state), work: Condvar::new(), timer: Condvar::new(), put_back: Condvar::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, FollowState> {
        self.state.lock()
    }

    /// Adds a file, which is looked at at once.
    pub(super) fn add(&self, id: FollowerId, file: FollowedFile) {
        let path = std::path::absolute(&file.path).unwrap_or_else(|_| file.path.clone());
        let mut state = self.lock();
        state.subscribe(&path, id);
        state.files.insert(id, FileEntry { file: Some(Box::new(file)), end: None, path, elsewhere: None });
        state.schedule.add(id);
        self.wake(&state);
    }

    /// Waits until no thread looks at a file, and removes it.
    pub(super) fn remove(&self, id: FollowerId) -> Option<Ending> {
        let mut state = self.lock();
        while state.files.get(&id).is_some_and(|entry| entry.file.is_none() && entry.end.is_none()) {
            self.put_back.wait(&mut state);
        }
        let FileEntry { file, end, path, elsewhere } = state.files.remove(&id)?;
        state.schedule.remove(id);
        for path in [Some(path), elsewhere].into_iter().flatten() {
            state.unsubscribe(&path, id);
        }
        drop(state);
        if let Some(file) = file {
            file.end();
        }
        Some(end.unwrap_or(Ending::Done))
    }

    /// Waits for a file that is due, and takes it. `None`: this reader is to end.
    pub(super) fn next(&self) -> Option<(FollowerId, Box<FollowedFile>)> {
        let mut state = self.lock();
        let mut had_timer = false;
        while !state.is_stopped {
            let now = Instant::now();
            if let Some(id) = state.schedule.take(now) {
                if state.waiting > 0 && (had_timer || state.schedule.has_ready()) {
                    // For what else is due, or to wait for timers instead of this one.
                    self.work.notify_one();
                }
                if let Some(file) = state.files.get_mut(&id).and_then(|entry| entry.file.take()) {
                    return Some((id, file));
                }
                continue;
            }
            if state.timer_until.is_none() {
                let until = state.schedule.next_timer().map_or(now + IDLE, |timer| timer.min(now + IDLE));
                state.timer_until = Some(until);
                self.timer.wait_for(&mut state, until.saturating_duration_since(now));
                state.timer_until = None;
                had_timer = true;
            } else if state.readers > READERS {
                break;
            } else {
                state.waiting += 1;
                self.work.wait(&mut state);
                state.waiting -= 1;
                had_timer = false;
            }
        }
        state.readers -= 1;
        None
    }

    /// Puts a file back after a look.
    pub(super) fn put_back(&self, id: FollowerId, file: Box<FollowedFile>, after: AfterLook) {
        let mut state = self.lock();
        state.looks += 1;
        match after {
            AfterLook::Again(result) => {
                state.follow_to(id, &file);
                let attention = state.attention(id, &file);
                state.schedule.done(id, Instant::now(), result, attention);
                if let Some(entry) = state.files.get_mut(&id) {
                    entry.file = Some(file);
                }
                self.wake(&state);
            }
            AfterLook::Ended => {
                file.end();
                // Before its end is known: it holds the sink.
                drop(file);
                state.end(id, Ending::Done);
            }
        }
        drop(state);
        self.put_back.notify_all();
    }

    /// A look has panicked; what it was at is lost.
    pub(super) fn panicked(&self, id: FollowerId, panic: Box<dyn Any + Send>) {
        self.lock().end(id, Ending::Panicked(panic));
        self.put_back.notify_all();
    }

    /// Makes due what a change is for.
    pub(super) fn on_change(&self, change: FolderChange) {
        let mut state = self.lock();
        match change {
            FolderChange::Entry(path) => state.mark(&path),
            FolderChange::Gone(path) => {
                state.set_folder(&path, None, FolderState::Pending);
                let _ = state.requests.send(ArmRequest::Watch(path));
            }
            FolderChange::Missed => state.missed(),
        }
        self.wake(&state);
    }

    /// Sets what is known of a folder; its files are looked at: what changed before was not reported.
    pub(super) fn set_folder(&self, path: &Path, id: Option<FolderId>, folder: FolderState) {
        let mut state = self.lock();
        state.set_folder(path, id, folder);
        self.wake(&state);
    }

    /// Ends all readers.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.is_stopped = true;
        let _ = state.requests.send(ArmRequest::Stop);
        drop(state);
        self.work.notify_all();
        self.timer.notify_all();
    }

    /// Wakes a reader, if one is needed that is not awake.
    fn wake(&self, state: &FollowState) {
        if state.schedule.has_ready() && state.waiting > 0 {
            self.work.notify_one();
        } else if let Some(until) = state.timer_until
            && (state.schedule.has_ready() || state.schedule.next_timer().is_some_and(|timer| timer < until))
        {
            self.timer.notify_one();
        }
    }
}

impl FollowState {
    fn subscribe(&mut self, path: &Path, id: FollowerId) {
        if let Some(folder) = self.folders.subscribe(path, id) {
            let _ = self.requests.send(ArmRequest::Watch(folder));
        }
    }

    fn unsubscribe(&mut self, path: &Path, id: FollowerId) {
        if let Some(folder) = self.folders.unsubscribe(path, id) {
            let _ = self.requests.send(ArmRequest::Unwatch(folder));
        }
    }

    /// Watches a file where it is now.
    fn follow_to(&mut self, id: FollowerId, file: &FollowedFile) {
        let Some(entry) = self.files.get_mut(&id) else { return };
        let elsewhere = file.elsewhere.as_ref().filter(|path| **path != entry.path);
        if entry.elsewhere.as_ref() == elsewhere {
            return;
        }
        let before = std::mem::replace(&mut entry.elsewhere, elsewhere.cloned());
        if let Some(path) = elsewhere {
            self.subscribe(path, id);
        }
        if let Some(path) = before {
            self.unsubscribe(&path, id);
        }
    }

    fn attention(&self, id: FollowerId, file: &FollowedFile) -> Attention {
        let Some(entry) = self.files.get(&id) else { return Attention::Polled };
        let mut paths = [Some(&entry.path), entry.elsewhere.as_ref()].into_iter().flatten();
        let is_watched = paths.all(|path| self.folders.attention(path) == Attention::Watched);
        if is_watched && file.is_settled() { Attention::Watched } else { Attention::Polled }
    }

    fn end(&mut self, id: FollowerId, end: Ending) {
        self.schedule.remove(id);
        if let Some(entry) = self.files.get_mut(&id) {
            entry.end = Some(end);
        }
    }

    fn mark(&mut self, path: &Path) {
        let now = Instant::now();
        for id in self.folders.affected(path) {
            self.schedule.mark(id, now);
        }
    }

    fn set_folder(&mut self, path: &Path, id: Option<FolderId>, folder: FolderState) {
        let now = Instant::now();
        for follower in self.folders.set(path, id, folder) {
            self.schedule.mark(follower, now);
        }
    }

    /// Reports were lost: all files are looked at.
    fn missed(&mut self) {
        self.missed += 1;
        self.schedule.mark_all();
        if self.missed_logged.is_none_or(|logged| logged.elapsed() >= LOG_EVERY) {
            self.missed_logged = Some(Instant::now());
            let times = self.missed;
            tracing::warn!(%times, "reports of changed files were lost, and all files are looked at; {MISSED_FIX}");
        }
    }
}

/// What helps against lost reports.
const MISSED_FIX: &str = "raise fs.inotify.max_queued_events with sysctl if it happens often";

impl FollowPool {
    /// Returns how files are watched now.
    pub(super) fn report(&self) -> WatchReport {
        let state = self.lock();
        let (watched_folders, polled_folders) = state.folders.counts();
        let (problem, fix) = match &state.problem {
            Some(error) => (error.to_string(), error.fix()),
            None if state.missed > 0 => (
                format!("reports of changed files were lost ({} so far); all files were looked at", state.missed),
                MISSED_FIX,
            ),
            None => (String::new(), ""),
        };
        WatchReport { watched_folders, polled_folders, missed: state.missed, problem, fix: fix.to_owned() }
    }
}
