//! Waits until a rules folder is to be scanned again: by notifications of the system where there are
//! any, and by polling where there are none.

use std::{
    collections::hash_map::DefaultHasher,
    fs,
    hash::{Hash as _, Hasher as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use crossbeam_channel::select;
use lifesigns_model::WakeSignal;

use crate::{file::FileKey, system_watch::FolderSubscription};

/// A change is complete when nothing has changed for this long.
const QUIET: Duration = Duration::from_millis(100);
/// A change is reported after this long, even if more keeps coming.
const MOST_DELAY: Duration = Duration::from_secs(1);
/// How often the folders themselves are checked: they may be removed and made again.
const LOOK: Duration = Duration::from_millis(250);
/// How often files are polled where the system sends no notifications.
const POLL: Duration = Duration::from_secs(1);
/// How often where it does: changes of a link's target, and of some file systems, are not notified.
const DOUBT: Duration = Duration::from_secs(5);

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchOutcome {
    /// Something may have changed: scan again.
    Changed,
    /// The [signal](Watcher::signal) was woken, and no file has changed.
    Woken,
    /// Nothing has changed.
    Timeout,
    /// The signal was stopped.
    Stopped,
}

/// Watches a rules folder, and the folders of its modules.
///
/// Watch first, then scan: what changes in between is not missed.
pub struct Watcher {
    folders: Vec<PathBuf>,
    signal: WakeSignal,
    /// The signal was woken since the last wait ended.
    woken: bool,
    /// Woken by the system when something changes.
    changed: WakeSignal,
    /// `None` where the system sends no notifications: then the files are polled.
    system_watch: Option<FolderSubscription>,
    may_use_system: bool,
    /// The folders' device and inode when they were last checked.
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

    /// As [`Watcher::new`], but only by polling: for file systems without notifications (NFS, some
    /// containers' mounts).
    pub fn polling(folder: impl Into<PathBuf>) -> Self {
        Self::with(vec![folder.into()], false)
    }

    fn with(folders: Vec<PathBuf>, may_use_system: bool) -> Self {
        let mut watcher = Self {
            folders,
            signal: WakeSignal::new(),
            woken: false,
            changed: WakeSignal::new(),
            system_watch: None,
            may_use_system,
            identities: Vec::new(),
            print: 0,
            polled: Instant::now(),
            quiet: QUIET,
        };
        watcher.arm();
        watcher
    }

    /// Sets how long nothing must change before a change is reported; 100 ms unless set.
    #[must_use]
    pub fn quiet(mut self, quiet: Duration) -> Self {
        self.quiet = quiet.min(MOST_DELAY);
        self
    }

    /// Watches these folders as well, and no others but the rules folder: see
    /// [`Snapshot::module_folders`](crate::Snapshot::module_folders). Returns whether that is new: then
    /// scan once more for earlier changes.
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

    /// Returns the signal that ends a wait from another thread, with [`WatchOutcome::Woken`], or all waits, with
    /// [`WatchOutcome::Stopped`].
    pub fn signal(&self) -> WakeSignal {
        self.signal.clone()
    }

    /// Waits until something has changed and nothing changes any more, or `timeout` has passed. A change
    /// that begins within the timeout is reported, even if it takes a little longer to end.
    pub fn wait(&mut self, timeout: Duration) -> WatchOutcome {
        let deadline = Instant::now() + timeout;
        while !self.signal.is_stopped() {
            let left = deadline.saturating_duration_since(Instant::now());
            let is_called = self.is_called(left.min(LOOK));
            let moved = !is_called && self.look();
            if self.signal.is_stopped() {
                break;
            }
            if is_called || moved {
                return self.wait_until_quiet(moved);
            }
            if left.is_zero() {
                return WatchOutcome::Timeout;
            }
        }
        WatchOutcome::Stopped
    }

    /// Waits for a call of the signal or a notification of the system. Returns whether one came.
    fn is_called(&mut self, at_most: Duration) -> bool {
        select! {
            recv(self.signal.receiver()) -> called => {
                self.woken |= called.is_ok();
                true
            }
            recv(self.changed.receiver()) -> _ => true,
            default(at_most) => false,
        }
    }

    /// Whether a folder was removed, made or replaced, or a file has changed without a notification.
    fn look(&mut self) -> bool {
        if identities(&self.folders) != self.identities {
            return true;
        }
        let pause = if self.system_watch.is_some() { DOUBT } else { POLL };
        self.polled.elapsed() >= pause && self.has_moved()
    }

    /// Waits until nothing changes any more, and watches the folders as they are then.
    fn wait_until_quiet(&mut self, mut has_moved: bool) -> WatchOutcome {
        let first = Instant::now();
        loop {
            let left = MOST_DELAY.saturating_sub(first.elapsed());
            let is_called = self.is_called(left.min(self.quiet));
            if self.signal.is_stopped() {
                return WatchOutcome::Stopped;
            }
            if is_called && !left.is_zero() {
                continue;
            }
            // Without notifications, a file that is being written shows by polling.
            let moved = self.has_moved();
            has_moved |= moved;
            if left.is_zero() || self.system_watch.is_some() || !moved {
                break;
            }
        }
        if identities(&self.folders) != self.identities {
            has_moved = true;
            self.arm();
        }
        let woken = std::mem::take(&mut self.woken);
        if woken && !has_moved { WatchOutcome::Woken } else { WatchOutcome::Changed }
    }

    /// Whether the files have changed since they were last polled.
    fn has_moved(&mut self) -> bool {
        self.polled = Instant::now();
        let print = print(&self.folders);
        std::mem::replace(&mut self.print, print) != print
    }

    /// Watches the folders as they are now; they are scanned after that.
    fn arm(&mut self) {
        self.identities = identities(&self.folders);
        let mut there = Vec::new();
        for (folder, identity) in self.folders.iter().zip(&self.identities) {
            if identity.is_some() {
                there.push(folder.clone());
            }
        }
        self.system_watch = None;
        if self.may_use_system {
            match FolderSubscription::new(&there, self.changed.clone()) {
                Ok(system_watch) => self.system_watch = Some(system_watch),
                Err(cause) => {
                    let fix = cause.fix();
                    tracing::warn!(%cause, %fix, "no change notifications from the system; polling every second");
                }
            }
        }
        self.print = print(&self.folders);
        self.polled = Instant::now();
    }
}

type FolderId = (u64, u64);

/// Returns device and inode of a folder, if there is one.
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

/// Returns a number that changes when a file in the folders does.
fn print(folders: &[PathBuf]) -> u64 {
    // The order of a listing means nothing: the files' own numbers are added up.
    let mut sum: u64 = 0;
    for folder in folders {
        let Ok(files) = folder.read_dir() else { continue };
        for entry in files.flatten() {
            let mut hasher = DefaultHasher::new();
            entry.path().hash(&mut hasher);
            let metadata = fs::metadata(entry.path()).ok();
            metadata.map(|metadata| FileKey::of(&metadata)).hash(&mut hasher);
            sum = sum.wrapping_add(hasher.finish());
        }
    }
    sum
}
