//! Files that are replaced whole: written beside their place and renamed into it, so that a reader finds the old content
//! or the new one.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// The ending of a file that is not yet in its place. One that a crash left behind can be removed.
pub const UNFINISHED: &str = ".tmp";

/// How a file is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replacement {
    /// The mode of the new file, less the process's mask.
    pub mode: u32,
    /// Whether content and name are on disk when the call returns. Otherwise a crash of the machine may leave
    /// either file, or an empty one.
    pub is_durable: bool,
}

impl Default for Replacement {
    fn default() -> Self {
        Self { mode: 0o666, is_durable: true }
    }
}

impl Replacement {
    /// Replaces the file at `path`, or makes it, with these parts one after another. Its folder must exist.
    ///
    /// # Errors
    /// It could not be written; the old file is still there. Or, of a durable one, its name could not be brought to
    /// disk.
    pub fn write(self, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
        let beside = beside(path);
        // One that a crash left behind, or that another process made, is not written to.
        let _ = fs::remove_file(&beside);
        if let Err(error) = self.make(&beside, parts).and_then(|()| fs::rename(&beside, path)) {
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
        if self.is_durable { sync_names(folder_of(path)) } else { Ok(()) }
    }

    fn make(self, beside: &Path, parts: &[&[u8]]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(self.mode).open(beside)?;
        for part in parts {
            file.write_all(part)?;
        }
        if self.is_durable { file.sync_all() } else { Ok(()) }
    }
}

/// Replaces the file at `path`, or makes it; content and name are on disk when this returns.
///
/// # Errors
/// See [`Replacement::write`].
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    Replacement::default().write(path, &[content])
}

/// Returns where a file is written before it is in its place: hidden, and each process has its own.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}{UNFINISHED}", std::process::id()))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Brings the names in a folder to disk, where the file system can do that.
fn sync_names(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        synced => synced,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("the folder").flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        replace(&path, b"one").expect("it is written");
        fs::write(beside(&path), "left by a crash").expect("it is written");
        let private = Replacement { mode: 0o600, is_durable: false };
        private.write(&path, &[b"two", b" parts"]).expect("it is written");
        assert_eq!(fs::read(&path).expect("it is there"), b"two parts");
        assert_eq!(fs::metadata(&path).expect("it is there").mode() & 0o777, 0o600);
        assert_eq!(names(folder.path()), ["a"]);
    }

    #[test]
    fn what_cannot_be_replaced_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        fs::create_dir(&path).expect("a folder");
        assert!(replace(&path, b"x").is_err());
        assert!(path.is_dir() && names(folder.path()) == ["a"]);
        assert!(replace(&folder.path().join("none/a"), b"x").is_err());
    }
}
