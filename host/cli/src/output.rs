//! Where raises and clears are written: a file that may be rotated, or standard output.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Write, stdout},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::PathBuf,
};

use lifesigns_settings::Output;

use crate::exit::Failure;

/// Raises and clears, a line each. After a write that failed, each next one is tried all the same.
pub(crate) struct Lines {
    /// `None` is standard output.
    file: Option<Rotated>,
    failing: bool,
}

/// A file that is opened again when something else has its path, so that it can be rotated.
struct Rotated {
    path: PathBuf,
    mode: u32,
    file: File,
    identity: (u64, u64),
}

impl Lines {
    /// Opens the file, or makes it with this mode.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn open(output: &Output, mode: u32) -> Result<Self, Failure> {
        let Some(path) = &output.file else { return Ok(Self { file: None, failing: false }) };
        let file = Rotated::open(path.clone(), mode);
        match file {
            Ok(file) => Ok(Self { file: Some(file), failing: false }),
            Err(error) => {
                Err(Failure::Configuration(format!("[output] file {} cannot be opened: {error}", path.display())))
            }
        }
    }

    /// Writes a line, at once. The first of several failures is logged, and that it works again.
    pub(crate) fn write(&mut self, line: &[u8]) {
        let written = match &mut self.file {
            None => stdout().write_all(line).and_then(|()| stdout().flush()),
            Some(file) => file.write(line),
        };
        match &written {
            Err(error) if !self.failing => tracing::error!("alerts cannot be written to the output: {error}"),
            Ok(()) if self.failing => tracing::info!("alerts can be written to the output again"),
            _ => {}
        }
        self.failing = written.is_err();
    }
}

impl Rotated {
    fn open(path: PathBuf, mode: u32) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(mode).open(&path)?;
        let identity = identity(&file.metadata()?);
        Ok(Self { path, mode, file, identity })
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        let is_same = fs::metadata(&self.path).is_ok_and(|found| identity(&found) == self.identity);
        if !is_same {
            *self = Self::open(self.path.clone(), self.mode)?;
        }
        self.file.write_all(line)
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rotated_is_opened_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out.ndjson");
        let mut lines = Lines::open(&Output { file: Some(path.clone()) }, 0o600).expect("it opens");
        lines.write(b"one\n");
        fs::rename(&path, folder.path().join("out.1")).expect("it is rotated");
        lines.write(b"two\n");
        fs::remove_file(&path).expect("it is removed");
        fs::create_dir(&path).expect("something else is there");
        lines.write(b"lost\n");
        fs::remove_dir(&path).expect("it goes");
        lines.write(b"three\n");
        let text = |name: &str| fs::read_to_string(folder.path().join(name)).expect("it reads");
        assert_eq!((text("out.1"), text("out.ndjson")), ("one\n".to_owned(), "three\n".to_owned()));
        assert_eq!(fs::metadata(&path).expect("it is there").mode() & 0o777, 0o600);
        let gone = Output { file: Some(folder.path().join("none/out")) };
        assert!(Lines::open(&gone, 0o600).is_err());
    }
}
