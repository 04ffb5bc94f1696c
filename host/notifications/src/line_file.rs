//! A file of lines that other programs read while it grows, and that may be rotated. No line becomes part
//! of another, even if an earlier write was incomplete.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// See the module. The file is opened when it is needed, and again when its path has another one than
/// before.
#[derive(Debug)]
pub struct LineFile {
    path: PathBuf,
    mode: u32,
    file: Option<(File, Identity)>,
}

/// The identity of a file: its device and inode.
type Identity = (u64, u64);

/// Whether lines must be on the disk when a write returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// The file is synchronised before the write returns.
    Yes,
    /// The operating system writes them later.
    No,
}

impl LineFile {
    /// Returns the file at `path`, which is not opened yet. If it does not exist, it is created with `mode`.
    pub fn new(path: impl Into<PathBuf>, mode: u32) -> Self {
        Self { path: path.into(), mode, file: None }
    }

    /// Opens the file at the path, and ends an incomplete line in it.
    ///
    /// # Errors
    /// The file cannot be opened or written.
    pub fn open(&mut self) -> io::Result<()> {
        self.opened().map(|opened| self.file = Some(opened))
    }

    /// Appends whole lines, or none of them.
    ///
    /// # Errors
    /// The lines are not written. A pipe, which cannot be truncated, may have received a part of them.
    pub fn write(&mut self, lines: &[u8], durable: Durable) -> io::Result<()> {
        let (mut file, identity) = self.opened()?;
        let before = file.metadata()?;
        let written = file.write_all(lines).and_then(|()| match durable {
            Durable::Yes if before.is_file() => file.sync_data(),
            _ => Ok(()),
        });
        if written.is_err() && before.is_file() && file.set_len(before.len()).is_err() {
            // It may end with an incomplete line; the next write opens it again and ends that line.
            return written;
        }
        self.file = Some((file, identity));
        written
    }

    fn opened(&mut self) -> io::Result<(File, Identity)> {
        let is_there = |known: &Identity| std::fs::metadata(&self.path).is_ok_and(|now| identity(&now) == *known);
        if let Some(known) = self.file.take().filter(|(_, known)| is_there(known)) {
            return Ok(known);
        }
        let mut file = appended(&self.path, self.mode)?;
        let metadata = file.metadata()?;
        if ends_within_a_line(&self.path, &metadata) {
            file.write_all(b"\n")?;
        }
        Ok((file, identity(&metadata)))
    }
}

/// Opens a file to append to it. If it does not exist, it is created with `mode`.
fn appended(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path)
}

/// Returns whether a file ends with an incomplete line, as after a crash while it was written. A file that
/// cannot be read, such as a pipe, counts as complete.
fn ends_within_a_line(path: &Path, metadata: &Metadata) -> bool {
    metadata.is_file() && metadata.len() > 0 && last_byte(path).is_ok_and(|last| last != b'\n')
}

fn last_byte(path: &Path) -> io::Result<u8> {
    let (mut file, mut last) = (File::open(path)?, [0]);
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last[0])
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> Identity {
    (0, 0)
}
