//! Bounds of the compile cache's folder: what was not used for longest goes.

use std::{
    fs::{self, File, FileTimes, Metadata},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use lifesigns_model::SystemClock;

/// How exactly it is known when an entry was used: its time is written at most this often.
const USED: Duration = Duration::from_secs(3600);
/// A file that is being written is not older than this; what is older, a crash left behind.
const SCRATCH: Duration = Duration::from_secs(3600);

/// How much a folder may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) most_bytes: u64,
    pub(crate) most_entries: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { most_bytes: 1 << 30, most_entries: 10_000 }
    }
}

/// Notes that an entry was used.
pub(crate) fn used(file: &File, metadata: &Metadata) {
    let now = SystemClock::file_time();
    let is_old = metadata.modified().is_ok_and(|time| now.duration_since(time).is_ok_and(|age| age > USED));
    if is_old {
        // An entry whose time cannot be written goes earlier, and is compiled again.
        let _ = file.set_times(FileTimes::new().set_modified(now));
    }
}

/// Removes what is over the bounds, but never `newest`. What is no regular file is not ours.
pub(crate) fn evict(folder: &Path, bounds: &Bounds, newest: &Path) {
    let now = SystemClock::file_time();
    let mut entries: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(metadata) = entry.metadata() else { continue };
        let path = entry.path();
        if !metadata.is_file() || entry.file_name() == "key" {
            continue;
        }
        let written = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        if path.extension().is_some_and(|extension| extension == "tmp") {
            if now.duration_since(written).is_ok_and(|age| age > SCRATCH) {
                let _ = fs::remove_file(&path);
            }
            continue;
        }
        entries.push((written, metadata.len(), path));
    }
    let mut bytes: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
    let mut count = entries.len();
    entries.sort_unstable();
    for (_, size, path) in entries {
        if bytes <= bounds.most_bytes && count <= bounds.most_entries {
            return;
        }
        if path != newest && fs::remove_file(&path).is_ok() {
            bytes -= size;
            count -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_longest_ago_goes_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let long_ago = SystemClock::file_time() - Duration::from_secs(100_000);
        for (at, name) in ["key", "a", "b", "c", "d.1.tmp"].iter().enumerate() {
            let file = File::create(folder.path().join(name)).expect("a file");
            file.set_len(100).expect("its size");
            let time = long_ago + Duration::from_secs(at as u64);
            file.set_times(FileTimes::new().set_modified(time)).expect("its time");
        }
        let a = File::open(folder.path().join("a")).expect("the file");
        used(&a, &a.metadata().expect("metadata"));
        evict(folder.path(), &Bounds { most_bytes: 250, most_entries: 9 }, Path::new(""));
        let left = |name: &str| folder.path().join(name).exists();
        assert_eq!(["key", "a", "b", "c", "d.1.tmp"].map(left), [true, true, false, true, false]);
        evict(folder.path(), &Bounds { most_bytes: 1000, most_entries: 1 }, &folder.path().join("c"));
        assert_eq!(["key", "a", "c"].map(left), [true, false, true], "the newest stays");
    }
}
