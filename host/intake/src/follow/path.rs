//! What has the path now, and what its folder shows.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use super::reading::OpenFile;
use crate::cursor::modified_ns;

/// Whether another file with bytes in it has the path.
pub(super) fn is_other(path: &Path, open: &OpenFile) -> bool {
    is_another(path, open) && fs::metadata(path).is_ok_and(|metadata| metadata.len() > 0)
}

/// Whether the file still has the path.
pub(super) fn is_same(path: &Path, open: &OpenFile) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).is_ok_and(|metadata| (metadata.dev(), metadata.ino()) == open.identity())
}

/// Whether another file has the path.
pub(super) fn is_another(path: &Path, open: &OpenFile) -> bool {
    use std::os::unix::fs::MetadataExt;
    let other = |metadata: fs::Metadata| metadata.is_file() && (metadata.dev(), metadata.ino()) != open.identity();
    fs::metadata(path).is_ok_and(other)
}

/// Whether something came into the file's folder or left it since `seen_ns`, which is set to when it did.
/// What happens within one tick of the file system's clock shows one time: soon after a change, there may
/// be more.
pub(super) fn is_changed(path: &Path, seen_ns: &mut u64) -> bool {
    const TICKS: Duration = Duration::from_millis(100);
    let folder_ns = folder_ns(path);
    if folder_ns == *seen_ns {
        return false;
    }
    let age = SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(folder_ns)).and_then(|it| it.elapsed().ok());
    *seen_ns = if age.is_some_and(|age| age > TICKS) { folder_ns } else { 0 };
    true
}

/// What a path is that is no regular file.
pub(super) fn not_a_file(metadata: &fs::Metadata) -> Option<&'static str> {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    match () {
        () if kind.is_file() => None,
        () if kind.is_dir() => Some("a folder"),
        () if kind.is_fifo() => Some("a pipe"),
        () if kind.is_socket() => Some("a socket"),
        () => Some("a device"),
    }
}

/// When something last came into the file's folder or left it.
pub(super) fn folder_ns(path: &Path) -> u64 {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::metadata(folder).map_or(0, |metadata| modified_ns(&metadata))
}
