//! Reads a file once, within a bound, and recognises it when it has not changed.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A file that was changed more recently than this can be changed again without a new timestamp: some
/// file systems count in steps of two seconds.
const TIME_STEP: Duration = Duration::from_millis(2_500);

/// Identifies a version of a file: a change of its content changes this, at least the time of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FileKey {
    device: u64,
    inode: u64,
    len: u64,
    modified_ns: i64,
    changed_ns: i64,
}

impl FileKey {
    #[cfg(unix)]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt as _;
        let ns = |seconds: i64, ns: i64| seconds.saturating_mul(1_000_000_000).saturating_add(ns);
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            len: metadata.len(),
            modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    #[cfg(not(unix))]
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().unwrap_or(UNIX_EPOCH);
        let modified_ns = modified.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as i64;
        Self { device: 0, inode: 0, len: metadata.len(), modified_ns, changed_ns: modified_ns }
    }

    /// Returns the device and inode of the file; `None` where the system has no such numbers.
    pub(crate) fn identity(&self) -> Option<(u64, u64)> {
        (self.inode != 0).then_some((self.device, self.inode))
    }

    /// Whether the key can be trusted to change with the file, when it was read at `now`, as files are stamped.
    pub(crate) fn is_settled(&self, now: SystemTime) -> bool {
        let now_ns = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as i64;
        self.changed_ns.max(self.modified_ns).saturating_add(TIME_STEP.as_nanos() as i64) < now_ns
    }
}

/// Reads an open regular file of at most `most_bytes`. Only the open file is used, so that no other can
/// take its place in between.
pub(crate) fn read(file: &File, metadata: &Metadata, most_bytes: u64) -> Result<(Vec<u8>, FileKey), String> {
    if !metadata.is_file() {
        return Err("not a regular file".into());
    }
    let too_big = |bytes: u64| Err(format!("it has {bytes} bytes, at most {most_bytes} are allowed"));
    if metadata.len() > most_bytes {
        return too_big(metadata.len());
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
    // It may grow while it is read.
    file.take(most_bytes + 1).read_to_end(&mut bytes).map_err(|error| explain(&error))?;
    if bytes.len() as u64 > most_bytes {
        return too_big(bytes.len() as u64);
    }
    Ok((bytes, FileKey::of(metadata)))
}

/// Opens without waiting: opening a pipe to read would wait for its writer.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        const O_NONBLOCK: i32 = if cfg!(any(target_os = "linux", target_os = "android")) { 0o4000 } else { 0x4 };
        options.custom_flags(O_NONBLOCK);
    }
    options.open(path)
}

/// Returns the real path of an open file. Linux says it of the open file itself; elsewhere its path is
/// resolved, and must lead to the same file.
pub(crate) fn place(path: &Path, file: &File, metadata: &Metadata) -> Result<PathBuf, String> {
    #[cfg(target_os = "linux")]
    {
        use std::os::fd::AsRawFd as _;
        let open = Path::new("/proc/self/fd");
        match fs::read_link(open.join(file.as_raw_fd().to_string())) {
            Ok(real) => return Ok(real),
            Err(error) if open.is_dir() => return Err(format!("its real path cannot be determined: {error}")),
            // There is no `/proc` here.
            Err(_) => {}
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = file;
    let real = fs::canonicalize(path).map_err(|error| explain(&error))?;
    let now = fs::symlink_metadata(&real).map_err(|error| explain(&error))?;
    if FileKey::of(&now).identity() != FileKey::of(metadata).identity() {
        return Err("it was replaced while it was read: it is tried again".into());
    }
    Ok(real)
}

/// Explains an error of the system, with a fix where there is one.
pub(crate) fn explain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".into(),
        io::ErrorKind::PermissionDenied => "it may not be read: give the user of this process read permission".into(),
        _ => format!("it cannot be read: {error}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use lifesigns_model::SystemClock;

    use super::*;

    fn read(path: &Path, most_bytes: u64) -> Result<(Vec<u8>, FileKey), String> {
        let file = open(path).map_err(|error| explain(&error))?;
        let metadata = file.metadata().map_err(|error| explain(&error))?;
        super::read(&file, &metadata, most_bytes)
    }

    #[test]
    fn a_file_is_read_up_to_its_bound_and_not_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap().0, b"12345");
        assert_eq!(read(&path, 4).unwrap_err(), "it has 5 bytes, at most 4 are allowed");
        assert_eq!(read(dir.path(), 4).unwrap_err(), "not a regular file");
        assert_eq!(read(&dir.path().join("b"), 4).unwrap_err(), "there is no such file");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn files_without_an_end_are_refused() {
        assert_eq!(read(Path::new("/dev/zero"), 4).unwrap_err(), "not a regular file");
    }

    #[test]
    fn a_key_changes_with_the_file_and_settles_later() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "1").unwrap();
        let (_, key) = read(&path, 5).unwrap();
        assert_eq!(read(&path, 5).unwrap().1, key);
        let now = SystemClock::file_time();
        assert!(!key.is_settled(now) && key.is_settled(now + TIME_STEP * 2));
        fs::write(&path, "12").unwrap();
        assert_ne!(read(&path, 5).unwrap().1, key);
    }
}
