//! The versions of a rule that were put in place through the host: their modules and a history, in
//! `versions/NAME` of the rules folder. Everything is written beside its place and renamed into it.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use lifesigns_model::limits::{HISTORY_BYTES, MODULE_BYTES, RULE_VERSIONS};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{file, modules::ModuleBytes};

/// The folder in the rules folder.
const FOLDER: &str = "versions";
/// The history's file.
const HISTORY: &str = "history.json";
/// The file of a change that is under way.
const PENDING: &str = "pending.json";
/// Characters of a digest in a module's file name.
const DIGEST_CHARS: usize = 16;

/// One version of a rule that was live.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VersionEntry {
    /// Its number; later ones are higher.
    pub number: u64,
    /// When it became live, on the host's clock, nanoseconds since 1970.
    pub time_ns: u64,
    /// Who made it live.
    pub who: String,
    /// How: loaded, promoted, rolled back to.
    pub action: String,
    /// The module's name and version.
    pub module: String,
    /// `sha256:…` of the module.
    pub digest: String,
    /// The module's file, relative to the rules folder.
    pub file: String,
    /// The manifest's text.
    pub manifest: String,
}

/// What is known of a rule's versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VersionHistory {
    /// The number of the version that is live; 0 if that is none of them.
    pub live: u64,
    /// The number of the version whose state is set aside; 0 if none is.
    pub state_of: u64,
    /// The versions, the oldest first.
    pub entries: Vec<VersionEntry>,
}

impl VersionHistory {
    /// Returns the version of that number.
    pub fn entry(&self, number: u64) -> Option<&VersionEntry> {
        self.entries.iter().find(|entry| entry.number == number)
    }

    /// Returns the version that is live, if it is that module.
    pub fn live_entry(&self, digest: &str) -> Option<&VersionEntry> {
        self.entry(self.live).filter(|entry| entry.digest == digest)
    }

    /// Returns the version that was live before the one that is live.
    pub fn previous(&self) -> Option<&VersionEntry> {
        let before = self.entries.iter().rev().skip_while(|entry| entry.number != self.live).skip(1);
        let live = self.entry(self.live)?;
        before.into_iter().find(|entry| entry.digest != live.digest || entry.manifest != live.manifest)
    }

    /// Adds a version, which is live from now on.
    pub fn push(&mut self, mut entry: VersionEntry) -> u64 {
        entry.number = self.entries.last().map_or(1, |last| last.number + 1);
        self.live = entry.number;
        self.entries.push(entry);
        let over = self.entries.len().saturating_sub(RULE_VERSIONS);
        self.entries.drain(..over);
        self.live
    }
}

/// A change of a rule's files that is under way: what to go back to if it does not come into force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingChange {
    /// Tells it apart from other changes of the rule.
    pub change: String,
    /// The manifest's text before; `None` if there was none.
    pub manifest_before: Option<String>,
    /// The same, naming a module in the folder of versions, where `NAME.wasm` was the module and is taken away.
    pub manifest_without_own: Option<String>,
    /// The manifest's text after it.
    pub manifest: String,
    /// The history before.
    pub history_before: VersionHistory,
}

/// The versions of one rule on disk.
#[derive(Debug)]
pub struct Versions {
    rules: PathBuf,
    name: String,
}

impl Versions {
    /// The versions of a rule of the rules folder `rules`. Its name is a [checked](crate::check_name) one.
    pub fn new(rules: &Path, name: &str) -> Self {
        Self { rules: rules.to_owned(), name: name.to_owned() }
    }

    fn folder(&self) -> PathBuf {
        self.rules.join(FOLDER).join(&self.name)
    }

    /// Reads the history; empty if there is none.
    ///
    /// # Errors
    /// It cannot be read, with the fix.
    pub fn history(&self) -> Result<VersionHistory, String> {
        let path = self.folder().join(HISTORY);
        Ok(read(&path, HISTORY_BYTES).map_err(|why| unreadable(&path, &why))?.unwrap_or_default())
    }

    /// Writes the history, and removes modules of the folder that neither it nor `used` names.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&self, history: &VersionHistory, used: &[String]) -> Result<(), String> {
        let text = serde_json::to_vec_pretty(history).map_err(|error| error.to_string())?;
        replace(&self.folder().join(HISTORY), &text)?;
        for entry in fs::read_dir(self.folder()).into_iter().flatten().flatten() {
            let file_name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{FOLDER}/{}/{file_name}", self.name);
            let is_known = history.entries.iter().any(|entry| entry.file == path) || used.contains(&path);
            if file_name.ends_with(".wasm") && !is_known {
                // What stays is found again the next time.
                let _ = fs::remove_file(entry.path());
            }
        }
        Ok(())
    }

    /// Notes a change before it is made.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn begin(&self, change: &PendingChange) -> Result<(), String> {
        let text = serde_json::to_vec_pretty(change).map_err(|error| error.to_string())?;
        replace(&self.folder().join(PENDING), &text)
    }

    /// Ends a change: it was made, or undone.
    pub fn end(&self) {
        // If it stays, the next start looks at it again.
        let _ = fs::remove_file(self.folder().join(PENDING));
        sync(&self.folder());
    }

    /// Returns the change that is under way, if there is one.
    fn pending(&self) -> Result<Option<PendingChange>, String> {
        let path = self.folder().join(PENDING);
        read(&path, 2 * HISTORY_BYTES).map_err(|why| unknown_change(&path, &why))
    }

    /// Puts manifest and history back to what they were before a change, unless the manifest was changed since by
    /// someone else. A module that was taken away is not put back: the manifest names the one in the folder of versions.
    /// Returns whether anything was put back.
    ///
    /// # Errors
    /// What cannot be written.
    pub fn undo(&self, change: &PendingChange) -> Result<bool, String> {
        let path = self.rules.join(format!("{}.toml", self.name));
        let own = self.rules.join(format!("{}.wasm", self.name));
        let back = match &change.manifest_without_own {
            Some(without) if !own.exists() => Some(without),
            _ => change.manifest_before.as_ref(),
        };
        let now = fs::read_to_string(&path).ok();
        let is_ours = now.as_ref() == Some(&change.manifest) || now == change.manifest_before;
        if is_ours {
            match back {
                Some(before) => replace(&path, before.as_bytes())?,
                None => drop(fs::remove_file(&path)),
            }
            let text = serde_json::to_vec_pretty(&change.history_before).map_err(|error| error.to_string())?;
            replace(&self.folder().join(HISTORY), &text)?;
        }
        self.end();
        Ok(is_ours)
    }

    /// Ends what a crash has left under way in a rules folder: changes of which `has_happened` says, with the rule's name
    /// and the change, that they are in the record stay; others are undone. Returns a line for each of those, and for
    /// each that could not be read.
    pub fn recover(rules: &Path, has_happened: impl Fn(&str, &str) -> bool) -> Vec<String> {
        let mut lines = Vec::new();
        for entry in fs::read_dir(rules.join(FOLDER)).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let versions = Self::new(rules, &name);
            let pending = match versions.pending() {
                _ if crate::check_name(&name).is_err() => continue,
                Ok(Some(pending)) => pending,
                Ok(None) => continue,
                Err(why) => {
                    lines.push(format!("{name}: {why}"));
                    continue;
                }
            };
            let manifest = fs::read_to_string(rules.join(format!("{name}.toml"))).ok();
            if has_happened(&name, &pending.change) {
                if pending.manifest_without_own.is_some() && manifest.as_ref() == Some(&pending.manifest) {
                    let _ = fs::remove_file(rules.join(format!("{name}.wasm")));
                }
                versions.end();
                continue;
            }
            lines.push(match versions.undo(&pending) {
                Ok(true) => format!("{name}: a change that the host's end has interrupted was undone; repeat it"),
                Ok(false) => format!(
                    "{name}: a change that the host's end has interrupted is over without its state: the manifest was \
                     changed since, and stays as it is"
                ),
                Err(why) => format!("{name}: a change that the host's end has interrupted cannot be undone: {why}"),
            });
        }
        lines
    }

    /// Returns where [`Self::put`] puts a module of the rule `name`, relative to the rules folder.
    pub fn path_of(name: &str, module: &ModuleBytes) -> String {
        let hex = module.digest.strip_prefix("sha256:").unwrap_or(&module.digest);
        format!("{FOLDER}/{name}/{}.wasm", &hex[..hex.len().min(DIGEST_CHARS)])
    }

    /// Reads the module of a version.
    ///
    /// # Errors
    /// It is not there any more, or is another.
    pub fn module(&self, entry: &VersionEntry) -> Result<ModuleBytes, String> {
        let path = self.rules.join(&entry.file);
        let failed = |why: String| format!("the module of version {}, {}: {why}", entry.number, path.display());
        let file = file::open(&path).map_err(|error| failed(file::explain(&error)))?;
        let metadata = file.metadata().map_err(|error| failed(file::explain(&error)))?;
        let (bytes, _) = file::read(&file, &metadata, MODULE_BYTES).map_err(failed)?;
        let module = ModuleBytes::new(bytes);
        if module.digest == entry.digest { Ok(module) } else { Err(failed("it was changed by hand".to_owned())) }
    }

    /// Reads the module of that digest, if a version has it.
    ///
    /// # Errors
    /// The history cannot be read, or the module is not there any more or another.
    pub fn module_of(&self, digest: &str) -> Result<Option<ModuleBytes>, String> {
        let history = self.history()?;
        let entry = history.entries.iter().find(|entry| entry.digest == digest);
        entry.map(|entry| self.module(entry)).transpose()
    }

    /// Puts a module into the folder, unless it is there. Returns its path relative to the rules folder.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn put(&self, module: &ModuleBytes) -> Result<String, String> {
        let relative = Self::path_of(&self.name, module);
        let path = self.rules.join(&relative);
        if fs::read(&path).ok().as_deref() != Some(&module.bytes) {
            replace(&path, &module.bytes)?;
        }
        Ok(relative)
    }
}

fn unknown_change(path: &Path, why: &str) -> String {
    format!(
        "whether a change of the rule was interrupted cannot be known: {}: {why}; compare manifest and history, and remove the file",
        path.display()
    )
}

fn unreadable(path: &Path, why: &str) -> String {
    format!("{}: {why}; remove the file to begin another history", path.display())
}

/// Replaces a file whole, and makes its folder if there is none.
///
/// # Errors
/// What could not be done.
pub fn replace(path: &Path, content: &[u8]) -> Result<(), String> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = fs::create_dir_all(folder).and_then(|()| lifesigns_files::replace(path, content));
    written.map_err(|error| format!("{} cannot be written: {error}", path.display()))
}

/// Reads a file of JSON; `None` if it is not there.
fn read<T: DeserializeOwned>(path: &Path, most_bytes: u64) -> Result<Option<T>, String> {
    let opened = match file::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.and_then(|file| file.metadata().map(|metadata| (file, metadata))),
    };
    let (file, metadata) = opened.map_err(|error| file::explain(&error))?;
    let (bytes, _) = file::read(&file, &metadata, most_bytes)?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| error.to_string())
}

/// Has the names in a folder on the disk.
fn sync(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_kept_up_to_a_number_and_modules_that_none_uses_go() {
        let dir = tempfile::tempdir().unwrap();
        let versions = Versions::new(dir.path(), "a");
        assert_eq!(versions.history().unwrap(), VersionHistory::default());
        let mut history = VersionHistory::default();
        for number in 0..RULE_VERSIONS + 3 {
            let module = ModuleBytes::new(vec![number as u8]);
            let file = versions.put(&module).unwrap();
            history.push(VersionEntry { digest: module.digest, file, ..VersionEntry::default() });
        }
        let used = ModuleBytes::new(vec![0]);
        let used = versions.put(&used).unwrap();
        versions.write(&history, std::slice::from_ref(&used)).unwrap();
        assert_eq!(versions.history().unwrap(), history);
        assert_eq!((history.entries.len(), history.entries[0].number), (RULE_VERSIONS, 4));
        let files = fs::read_dir(dir.path().join("versions/a")).unwrap().count();
        assert_eq!(files, RULE_VERSIONS + 2, "the history, its modules and the one that is used");
        assert!(dir.path().join(used).exists());
        assert_eq!(history.previous().unwrap().number, history.live - 1);
        fs::write(dir.path().join("versions/a/history.json"), "{").unwrap();
        assert!(versions.history().unwrap_err().contains("remove the file"));
    }

    #[test]
    fn a_note_of_a_change_that_cannot_be_read_is_said_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let versions = Versions::new(dir.path(), "a");
        assert_eq!(Versions::recover(dir.path(), |_, _| false), Vec::<String>::new());
        versions.begin(&PendingChange::default()).unwrap();
        let path = dir.path().join("versions/a/pending.json");
        fs::write(&path, "{").unwrap();
        let lines = Versions::recover(dir.path(), |_, _| false);
        assert!(lines.len() == 1 && lines[0].starts_with("a: ") && lines[0].contains("pending.json"), "{lines:?}");
        assert!(path.exists());
    }

    #[test]
    fn an_interrupted_change_is_undone_unless_the_manifest_was_changed_since() {
        let dir = tempfile::tempdir().unwrap();
        let (versions, manifest) = (Versions::new(dir.path(), "a"), dir.path().join("a.toml"));
        let (before, after) = ("# before\n".to_owned(), "# after\n".to_owned());
        let pending = PendingChange { manifest_before: Some(before), manifest: after, ..PendingChange::default() };
        for (now, then, said) in [
            ("# after\n", "# before\n", "was undone"),
            ("# before\n", "# before\n", "was undone"),
            ("# by hand\n", "# by hand\n", "the manifest was changed since"),
        ] {
            fs::write(&manifest, now).unwrap();
            versions.begin(&pending).unwrap();
            let lines = Versions::recover(dir.path(), |_, _| false);
            assert!(lines.len() == 1 && lines[0].contains(said), "{lines:?}");
            assert_eq!(fs::read_to_string(&manifest).unwrap(), then);
            assert_eq!(Versions::recover(dir.path(), |_, _| false), Vec::<String>::new(), "it is over");
        }
        fs::write(&manifest, "# after\n").unwrap();
        versions.begin(&pending).unwrap();
        assert_eq!(Versions::recover(dir.path(), |_, _| true), Vec::<String>::new(), "it has happened");
        assert_eq!(fs::read_to_string(&manifest).unwrap(), "# after\n");
    }

    #[test]
    fn a_file_is_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub/a.toml");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(dir.path().join("sub")).unwrap().count(), 1);
        assert!(replace(&path.join("b"), b"x").unwrap_err().contains("cannot be written"));
    }
}
