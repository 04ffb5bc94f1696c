//! Waiting until a rules folder should be scanned again. Who notices is apart from this: the system
//! where it can, and looking now and then where it cannot.

use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash as _, Hasher as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crossbeam_channel::Receiver;

use crate::{file::FileKey, notice::Notice, nudges::Nudges};

/// Nothing more has changed for this long: the change is complete.
const QUIET: Duration = Duration::from_millis(100);
/// A change is told after this long, even if more keeps coming.
const MOST_DELAY: Duration = Duration::from_secs(1);
/// How often the folders themselves are looked at: they may go and come back.
const LOOK: Duration = Duration::from_millis(250);
/// How often files are looked at where the system does not tell.
const POLL: Duration = Duration::from_secs(1);
/// How often where it does: a link's target, or a file system that keeps silent, shows only so.
const DOUBT: Duration = Duration::from_secs(5);

/// What a wait ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchOutcome {
    /// Something may have changed: scan.
    Changed,
    /// A [`Waker`] was used, and no file has changed.
    Woken,
    /// Nothing has.
    Timeout,
    /// A [`Stopper`] was used.
    Stopped,
}

/// Ends a wait from another thread, and all waits after it.
#[derive(Clone)]
pub struct Stopper {
    stopped: Arc<AtomicBool>,
    nudges: Nudges,
}

impl Stopper {
    /// Ends the wait.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        self.nudges.nudge();
    }
}

/// Ends a wait from another thread.
#[derive(Clone)]
pub struct Waker {
    woken: Arc<AtomicBool>,
    nudges: Nudges,
}

impl Waker {
    /// Ends the wait, or the next one.
    pub fn wake(&self) {
        self.woken.store(true, Ordering::Release);
        self.nudges.nudge();
    }
}

/// Watches a rules folder, and the folders that its modules lie in.
///
/// Watch first, then scan: what changes in between is not missed.
pub struct Watcher {
    folders: Vec<PathBuf>,
    nudged: Receiver<()>,
    stopper: Stopper,
    /// A [`Waker`] was used since the last wait.
    woken: Arc<AtomicBool>,
    /// `None`: the system does not tell, and the files are looked at.
    notice: Option<Notice>,
    may_notice: bool,
    /// What the folders were when they were last looked at.
    identities: Vec<Option<(u64, u64)>>,
    print: u64,
    polled: Instant,
    quiet: Duration,
}

impl Watcher {
    /// Watches `folder`, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self::with(vec![folder.into()], true)
    }

    /// As [`Watcher::new`], but only by looking: for file systems that do not tell (NFS, some
    /// containers' mounts).
    pub fn polling(folder: impl Into<PathBuf>) -> Self {
        Self::with(vec![folder.into()], false)
    }

    fn with(folders: Vec<PathBuf>, may_notice: bool) -> Self {
        let (nudges, nudged) = Nudges::new();
        let stopper = Stopper { stopped: Arc::default(), nudges };
        let mut watcher = Self {
            folders,
            nudged,
            stopper,
            woken: Arc::default(),
            notice: None,
            may_notice,
            identities: Vec::new(),
            print: 0,
            polled: Instant::now(),
            quiet: QUIET,
        };
        watcher.arm();
        watcher
    }

    /// How long nothing more must change before a change is told; 100 ms if not set.
    #[must_use]
    pub fn quiet(mut self, quiet: Duration) -> Self {
        self.quiet = quiet.min(MOST_DELAY);
        self
    }

    /// Watches these folders as well, and no others but the rules folder: see
    /// [`Snapshot::module_folders`](crate::Snapshot::module_folders). Returns whether that is new: then
    /// scan once more, for what has changed before.
    pub fn follow(&mut self, folders: &[PathBuf]) -> bool {
        let mut wanted = vec![self.folders[0].clone()];
        wanted.extend(folders.iter().filter(|folder| !same_folder(folder, &self.folders[0])).cloned());
        if wanted == self.folders {
            return false;
        }
        self.folders = wanted;
        self.arm();
        true
    }

    /// What ends a wait.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// What makes a wait end, with [`WatchOutcome::Woken`].
    pub fn waker(&self) -> Waker {
        Waker { woken: Arc::clone(&self.woken), nudges: self.stopper.nudges.clone() }
    }

    /// Waits until something has changed and has come to rest, or `timeout` has passed. A change
    /// that begins within the timeout is told, even if it takes a little longer to come to rest.
    pub fn wait(&mut self, timeout: Duration) -> WatchOutcome {
        let deadline = Instant::now() + timeout;
        while !self.is_stopped() {
            let left = deadline.saturating_duration_since(Instant::now());
            let nudged = self.nudged.recv_timeout(left.min(LOOK)).is_ok();
            let moved = !nudged && self.look();
            if self.is_stopped() {
                break;
            }
            if nudged || moved {
                return self.settle(moved);
            }
            if left.is_zero() {
                return WatchOutcome::Timeout;
            }
        }
        WatchOutcome::Stopped
    }

    fn is_stopped(&self) -> bool {
        self.stopper.stopped.load(Ordering::Acquire)
    }

    /// Whether a folder has gone, come or been replaced, or a file has changed unnoticed.
    fn look(&mut self) -> bool {
        if identities(&self.folders) != self.identities {
            return true;
        }
        let pause = if self.notice.is_some() { DOUBT } else { POLL };
        self.polled.elapsed() >= pause && self.has_moved()
    }

    /// Waits for quiet, and watches what is there then.
    fn settle(&mut self, mut has_moved: bool) -> WatchOutcome {
        let first = Instant::now();
        loop {
            let left = MOST_DELAY.saturating_sub(first.elapsed());
            let nudged = self.nudged.recv_timeout(left.min(self.quiet)).is_ok();
            if self.is_stopped() {
                return WatchOutcome::Stopped;
            }
            if nudged && !left.is_zero() {
                continue;
            }
            // Where the system does not tell, a file that is being written shows by looking.
            let moved = self.has_moved();
            has_moved |= moved;
            if left.is_zero() || self.notice.is_some() || !moved {
                break;
            }
        }
        if identities(&self.folders) != self.identities {
            has_moved = true;
            self.arm();
        }
        let woken = self.woken.swap(false, Ordering::AcqRel);
        if woken && !has_moved { WatchOutcome::Woken } else { WatchOutcome::Changed }
    }

    /// Whether the files are others than when they were last looked at.
    fn has_moved(&mut self) -> bool {
        self.polled = Instant::now();
        let print = print(&self.folders);
        std::mem::replace(&mut self.print, print) != print
    }

    /// Begins to watch what is there now, which is to be scanned after that.
    fn arm(&mut self) {
        self.identities = identities(&self.folders);
        let there: Vec<PathBuf> = self
            .folders
            .iter()
            .zip(&self.identities)
            .filter(|(_, identity)| identity.is_some())
            .map(|(folder, _)| folder.clone())
            .collect();
        self.notice = None;
        if self.may_notice {
            match Notice::new(&there, self.stopper.nudges.clone()) {
                Ok(notice) => self.notice = Some(notice),
                Err(cause) => {
                    tracing::warn!(%cause, "the system does not tell of changes, looking every second instead");
                }
            }
        }
        self.print = print(&self.folders);
        self.polled = Instant::now();
    }
}

type FolderId = (u64, u64);

/// Which folder is there, if one is.
fn identity(path: &Path) -> Option<FolderId> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_dir)?;
    // Where the system tells no identity, there being a folder is all that can be said.
    Some(FileKey::of(&metadata).identity().unwrap_or_default())
}

fn identities(folders: &[PathBuf]) -> Vec<Option<FolderId>> {
    folders.iter().map(|folder| identity(folder)).collect()
}

fn same_folder(a: &Path, b: &Path) -> bool {
    a == b || identity(a).is_some_and(|id| Some(id) == identity(b))
}

/// A number that changes when a file in the folders does.
fn print(folders: &[PathBuf]) -> u64 {
    // The order of a listing means nothing: the files' own numbers are added up.
    let files = folders.iter().filter_map(|folder| folder.read_dir().ok()).flatten().flatten();
    files.fold(0, |sum, entry| {
        let mut hasher = DefaultHasher::new();
        entry.path().hash(&mut hasher);
        fs::metadata(entry.path()).ok().map(|metadata| FileKey::of(&metadata)).hash(&mut hasher);
        sum.wrapping_add(hasher.finish())
    })
}
