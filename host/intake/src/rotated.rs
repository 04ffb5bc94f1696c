//! Where a file has gone that had the path before.

use std::{
    fs::{self, File, Metadata},
    os::unix::fs::MetadataExt,
    path::Path,
};

use crate::cursor::{Cursor, is_it, same};

/// The file that was at `path` under the name that rotation gave it: `path` with something after
/// it.
pub(crate) fn renamed(path: &Path, from: Cursor) -> Option<File> {
    let name = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::read_dir(folder).ok()?.flatten().find_map(|entry| {
        let other = entry.file_name();
        let other = other.to_str()?;
        let metadata = entry.metadata().ok().filter(|metadata| metadata.is_file() && same(metadata, from))?;
        let file = other.starts_with(name).then(|| File::open(entry.path()).ok()).flatten()?;
        is_it(&file, &metadata, from).then_some(file)
    })
}

/// The file that came after `old` where more than one rotation has passed since: of those that
/// rotation renamed (`app.log.1`, `app.log-20261124`), the first one that was written to later.
pub(crate) fn between(path: &Path, old: &File) -> Option<File> {
    let name = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (from, to) = (old.metadata().ok()?, fs::metadata(path).ok()?);
    let (after, before) = (from.modified().ok()?, to.modified().ok()?);
    let later = fs::read_dir(folder).ok()?.flatten().filter_map(|entry| {
        let other = entry.file_name();
        let end = other.to_str()?.strip_prefix(name)?;
        let rotated = end.starts_with(['.', '-']) && end[1..].bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let metadata = entry.metadata().ok().filter(|metadata| rotated && end.len() > 1 && metadata.is_file())?;
        let modified = metadata.modified().ok().filter(|modified| *modified > after && *modified <= before)?;
        let new = |file: &Metadata| (metadata.dev(), metadata.ino()) != (file.dev(), file.ino());
        (new(&from) && new(&to)).then(|| (modified, entry.path()))
    });
    File::open(later.min()?.1).ok()
}
