//! Where modules and manifests may lie: in the rules folder, wherever links in it lead to within it,
//! and in folders that the configuration allows.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::file::{self, FileKey};

/// The folders whose files may be read.
pub(crate) struct Inside {
    dir: PathBuf,
    allowed: Vec<PathBuf>,
    /// Where these really are, as of the last look.
    real: Vec<PathBuf>,
}

impl Inside {
    /// The rules folder, and nothing else.
    pub(crate) const fn new(dir: PathBuf) -> Self {
        Self { dir, allowed: Vec::new(), real: Vec::new() }
    }

    /// These too.
    pub(crate) fn allow(&mut self, folders: Vec<PathBuf>) {
        self.allowed = folders;
    }

    /// Looks where the folders are now, before a scan.
    pub(crate) fn look(&mut self) {
        let folders = std::iter::once(&self.dir).chain(&self.allowed);
        self.real = folders.filter_map(|folder| fs::canonicalize(folder).ok()).collect();
    }

    /// Reads a regular file of at most `most_bytes`, if it lies in one of the folders. The file is
    /// opened first, and where it lies is judged by what was opened.
    ///
    /// # Errors
    /// What is wrong. Nothing of the file itself is said.
    pub(crate) fn read(&self, path: &Path, most_bytes: u64) -> Result<(Vec<u8>, FileKey), String> {
        let file = file::open(path).map_err(|error| file::explain(&error))?;
        let metadata = file.metadata().map_err(|error| file::explain(&error))?;
        self.check(path, &FileKey::of(&metadata))?;
        file::read(&file, &metadata, most_bytes)
    }

    /// Whether the file at `path`, known to be `key`, lies in one of the folders.
    pub(crate) fn check(&self, path: &Path, key: &FileKey) -> Result<(), String> {
        let real = fs::canonicalize(path).map_err(|error| file::explain(&error))?;
        let now = fs::symlink_metadata(&real).map_err(|error| file::explain(&error))?;
        if FileKey::of(&now).identity() != key.identity() {
            return Err("it was replaced while it was looked at: it is tried again".into());
        }
        if self.real.iter().any(|folder| real.starts_with(folder)) {
            return Ok(());
        }
        let folder = real.parent().unwrap_or(&real).display();
        Err(format!(
            "it lies outside the rules folder, in {folder}: put it into the rules folder, or allow that folder with \
             `module-folders`"
        ))
    }
}
