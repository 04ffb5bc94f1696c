//! A file of lines that other programs read while it grows, and that may be rotated: no line becomes
//! part of another one, whatever happened to what was written before.

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

/// What makes a file the same file.
type Identity = (u64, u64);

/// Whether lines have to be on the disk before a write is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// They have to.
    Yes,
    /// The system writes them when it will.
    No,
}

impl LineFile {
    /// The file at `path`; where there is none, it is made with this mode. Nothing is opened yet.
    pub fn new(path: impl Into<PathBuf>, mode: u32) -> Self {
        Self { path: path.into(), mode, file: None }
    }

    /// Sees to it that the file at the path is open, and ends with a line.
    ///
    /// # Errors
    /// It cannot be opened, or not written.
    pub fn open(&mut self) -> io::Result<()> {
        self.opened().map(|opened| self.file = Some(opened))
    }

    /// Appends whole lines, or nothing of them.
    ///
    /// # Errors
    /// They are not written. What cannot be cut, such as a pipe, may have a part of them.
    pub fn write(&mut self, lines: &[u8], durable: Durable) -> io::Result<()> {
        let (mut file, identity) = self.opened()?;
        let before = file.metadata()?;
        let written = file.write_all(lines).and_then(|()| match durable {
            Durable::Yes if before.is_file() => file.sync_data(),
            _ => Ok(()),
        });
        if written.is_err() && before.is_file() && file.set_len(before.len()).is_err() {
            // It has half a line perhaps: it is opened again by the next write, which ends that line.
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
        if ends_in_a_line(&self.path, &metadata) {
            file.write_all(b"\n")?;
        }
        Ok((file, identity(&metadata)))
    }
}

/// Opens a file to append to it; where there is none, it gets this mode.
fn appended(path: &Path, mode: u32) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    options.open(path)
}

/// Whether a file ends in the middle of a line, as after a death while it was written: what comes next
/// must not become part of it. One that may not be read, or cannot be, such as a pipe, is taken as whole.
fn ends_in_a_line(path: &Path, metadata: &Metadata) -> bool {
    let last = || -> io::Result<u8> {
        let (mut file, mut last) = (File::open(path)?, [0]);
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        Ok(last[0])
    };
    metadata.is_file() && metadata.len() > 0 && last().is_ok_and(|last| last != b'\n')
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
