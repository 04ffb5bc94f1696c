//! The folders in which modules and manifests may be: the rules folder, and folders that the
//! configuration allows. Links are resolved first.

use std::{
    fs::{self, File, Metadata},
    path::{Path, PathBuf},
};

use crate::file::{self, FileKey};

/// The folders whose files may be read.
pub(crate) struct AllowedFolders {
    dir: PathBuf,
    allowed: Vec<PathBuf>,
    /// The same with links resolved, as of the last [`Self::look`].
    real: Vec<PathBuf>,
}

impl AllowedFolders {
    /// Allows the rules folder and nothing else.
    pub(crate) const fn new(dir: PathBuf) -> Self {
        Self { dir, allowed: Vec::new(), real: Vec::new() }
    }

    /// Allows these folders too.
    pub(crate) fn allow(&mut self, folders: Vec<PathBuf>) {
        self.allowed = folders;
    }

    /// Resolves the folders again, before a scan.
    pub(crate) fn look(&mut self) {
        let folders = std::iter::once(&self.dir).chain(&self.allowed);
        self.real = folders.filter_map(|folder| fs::canonicalize(folder).ok()).collect();
    }

    /// Reads a regular file of at most `most_bytes`, if it is in one of the folders. `listed` is the file that
    /// the rules folder itself has at this path, if it is no link: if the open file is that one, it need not be asked
    /// where it is.
    ///
    /// # Errors
    /// A message that reveals nothing of the file's content.
    pub(crate) fn read(
        &self,
        path: &Path,
        listed: Option<&FileKey>,
        most_bytes: u64,
    ) -> Result<(Vec<u8>, FileKey), String> {
        let (file, metadata) = open(path)?;
        let identity = FileKey::of(&metadata).identity();
        if identity.is_none() || identity != listed.and_then(FileKey::identity) {
            self.check(path, &file, &metadata)?;
        }
        file::read(&file, &metadata, most_bytes)
    }

    /// Opens a file, if it is in one of the folders. The open file is checked, not its path, which may
    /// lead elsewhere a moment before or after.
    ///
    /// # Errors
    /// A message that reveals nothing of the file's content.
    pub(crate) fn open(&self, path: &Path) -> Result<(File, Metadata), String> {
        let (file, metadata) = open(path)?;
        self.check(path, &file, &metadata)?;
        Ok((file, metadata))
    }

    fn check(&self, path: &Path, file: &File, metadata: &Metadata) -> Result<(), String> {
        let real = file::place(path, file, metadata)?;
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

fn open(path: &Path) -> Result<(File, Metadata), String> {
    let file = file::open(path).map_err(|error| file::explain(&error))?;
    let metadata = file.metadata().map_err(|error| file::explain(&error))?;
    Ok((file, metadata))
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// The path leads to a file outside when it is opened and to one inside when it is checked, which is
    /// even the same file by device and inode; or the other way round.
    #[test]
    fn a_file_is_judged_by_where_it_was_opened() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for folder in ["rules", "rules/within", "outside"] {
            fs::create_dir(at(folder)).unwrap();
        }
        fs::write(at("outside/a"), "secret").unwrap();
        fs::hard_link(at("outside/a"), at("rules/within/a")).unwrap();
        let lead = |to: &str| {
            let _ = fs::remove_file(at("rules/link"));
            symlink(at(to), at("rules/link")).unwrap();
        };
        let mut allowed_folders = AllowedFolders::new(at("rules"));
        allowed_folders.look();
        let path = at("rules/link/a");
        for (first, then, is_allowed) in [("outside", "rules/within", false), ("rules/within", "outside", true)] {
            lead(first);
            let file = file::open(&path).unwrap();
            lead(then);
            let answer = allowed_folders.check(&path, &file, &file.metadata().unwrap());
            assert_eq!(answer.is_ok(), is_allowed, "{first}, then {then}: {answer:?}");
        }
        lead("outside");
        let why = allowed_folders.open(&path).unwrap_err();
        assert!(why.contains("outside the rules folder") && why.contains("module-folders"), "{why}");
        lead("rules/within");
        let (file, metadata) = allowed_folders.open(&path).unwrap();
        assert_eq!(file::read(&file, &metadata, 10).unwrap().0, b"secret");
    }

    /// A link takes the place of a file between the listing of the folder and the reading of the file.
    #[test]
    fn only_the_listed_file_itself_is_read_without_being_asked_where_it_is() {
        let home = tempfile::tempdir().unwrap();
        let (rules, outside) = (home.path().join("rules"), home.path().join("outside"));
        fs::create_dir(&rules).unwrap();
        fs::write(rules.join("a"), "rule").unwrap();
        fs::write(&outside, "secret").unwrap();
        // Where files are is not known: what is not the listed file is refused.
        let allowed_folders = AllowedFolders::new(rules.clone());
        let path = rules.join("a");
        let listed = FileKey::of(&fs::symlink_metadata(&path).unwrap());
        assert_eq!(allowed_folders.read(&path, Some(&listed), 10).unwrap().0, b"rule");
        assert!(allowed_folders.read(&path, None, 10).is_err());
        fs::remove_file(&path).unwrap();
        symlink(&outside, &path).unwrap();
        let why = allowed_folders.read(&path, Some(&listed), 10).unwrap_err();
        assert!(why.contains("outside the rules folder"), "{why}");
    }
}
