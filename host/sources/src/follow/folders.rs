//! Which followers a change at a path is for. Folders are known by device and inode, since reports come under
//! one of the paths that lead to a folder.

use std::{
    collections::{HashMap, HashSet},
    ffi::{OsStr, OsString},
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::schedule::{Attention, FollowerId};

/// Device and inode of a folder.
pub(super) type FolderId = (u64, u64);

/// Returns device and inode of what is at the path, if it is a folder.
pub(super) fn folder_id(path: &Path) -> Option<FolderId> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_dir)?;
    Some((metadata.dev(), metadata.ino()))
}

/// Whether changes in a folder are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FolderState {
    /// It is asked for, or there is no folder.
    Pending,
    /// They are.
    Watched,
    /// Those of this machine are, and others may write to it as well.
    Partial,
    /// The system has refused it.
    Refused,
}

#[derive(Debug)]
struct Folder {
    id: Option<FolderId>,
    state: FolderState,
    names: HashMap<OsString, Vec<FollowerId>>,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Folders {
    folders: HashMap<PathBuf, Folder>,
    by_id: HashMap<FolderId, Vec<PathBuf>>,
}

impl Folders {
    /// A follower is for changes at `path`. Returns the folder if it is new: it is to be watched.
    pub(super) fn subscribe(&mut self, path: &Path, follower: FollowerId) -> Option<PathBuf> {
        let (folder, name) = (path.parent()?, path.file_name()?);
        let is_new = !self.folders.contains_key(folder);
        let entry = self.folders.entry(folder.to_owned()).or_insert_with(|| Folder {
            id: None,
            state: FolderState::Pending,
            names: HashMap::new(),
        });
        entry.names.entry(name.to_owned()).or_default().push(follower);
        is_new.then(|| folder.to_owned())
    }

    /// A follower is for changes at `path` no longer. Returns the folder if it is needed no more.
    pub(super) fn unsubscribe(&mut self, path: &Path, follower: FollowerId) -> Option<PathBuf> {
        let (folder, name) = (path.parent()?, path.file_name()?);
        let entry = self.folders.get_mut(folder)?;
        if let Some(followers) = entry.names.get_mut(name) {
            followers.retain(|other| *other != follower);
            if followers.is_empty() {
                entry.names.remove(name);
            }
        }
        if !entry.names.is_empty() {
            return None;
        }
        self.set(folder, None, FolderState::Pending);
        self.folders.remove(folder);
        Some(folder.to_owned())
    }

    /// Sets what is known of a folder. Returns its followers.
    pub(super) fn set(&mut self, path: &Path, id: Option<FolderId>, state: FolderState) -> Vec<FollowerId> {
        let Some(folder) = self.folders.get_mut(path) else { return Vec::new() };
        folder.state = state;
        let before = std::mem::replace(&mut folder.id, id);
        if let Some(before) = before
            && let Some(paths) = self.by_id.get_mut(&before)
        {
            paths.retain(|other| other != path);
            if paths.is_empty() {
                self.by_id.remove(&before);
            }
        }
        if let Some(id) = id {
            self.by_id.entry(id).or_default().push(path.to_owned());
        }
        folder.names.values().flatten().copied().collect()
    }

    /// Returns the other paths that lead to the folder at `path`.
    pub(super) fn others(&self, id: FolderId, path: &Path) -> Vec<PathBuf> {
        let paths = self.by_id.get(&id).into_iter().flatten();
        paths.filter(|other| *other != path).cloned().collect()
    }

    /// Returns the followers that a change at `path` is for.
    pub(super) fn affected(&self, path: &Path) -> Vec<FollowerId> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
        let Some(entry) = self.folders.get(folder) else { return Vec::new() };
        let same = entry.id.and_then(|id| self.by_id.get(&id)).filter(|paths| paths.len() > 1);
        match same {
            None => self.named(folder, name).to_vec(),
            Some(paths) => paths.iter().flat_map(|folder| self.named(folder, name)).copied().collect(),
        }
    }

    fn named(&self, folder: &Path, name: &OsStr) -> &[FollowerId] {
        self.folders.get(folder).and_then(|entry| entry.names.get(name)).map_or(&[], Vec::as_slice)
    }

    /// Returns how files in the folder of `path` are looked at.
    pub(super) fn attention(&self, path: &Path) -> Attention {
        let folder = path.parent().and_then(|folder| self.folders.get(folder));
        match folder.map(|folder| folder.state) {
            Some(FolderState::Watched) => Attention::Watched,
            _ => Attention::Polled,
        }
    }

    /// Returns device and inode of a folder as they are known; `None` if no follower is for it.
    pub(super) fn known(&self, path: &Path) -> Option<Option<FolderId>> {
        self.folders.get(path).map(|folder| folder.id)
    }

    /// Returns each folder, with what is known of it.
    pub(super) fn list(&self) -> Vec<(PathBuf, Option<FolderId>, FolderState)> {
        self.folders.iter().map(|(path, folder)| (path.clone(), folder.id, folder.state)).collect()
    }

    /// Returns the number of folders whose changes are reported, and of those whose are not, or not all.
    pub(super) fn counts(&self) -> (u64, u64) {
        let mut seen = HashSet::new();
        let mut counts = (0, 0);
        for folder in self.folders.values().filter(|folder| folder.id.is_none_or(|id| seen.insert(id))) {
            match folder.state {
                FolderState::Watched => counts.0 += 1,
                FolderState::Partial | FolderState::Refused => counts.1 += 1,
                FolderState::Pending => {}
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_for_the_followers_of_its_name_by_whatever_path_they_came() {
        let mut folders = Folders::default();
        let (log, link) = (Path::new("/var/log/app.log"), Path::new("/logs/app.log"));
        assert_eq!(folders.subscribe(log, 1), Some(PathBuf::from("/var/log")));
        assert_eq!(folders.subscribe(Path::new("/var/log/web.log"), 2), None, "it is watched already");
        assert_eq!(folders.subscribe(link, 3), Some(PathBuf::from("/logs")));
        assert_eq!(folders.affected(log), [1]);
        let mut followers = folders.set(Path::new("/var/log"), Some((1, 7)), FolderState::Watched);
        followers.sort_unstable();
        assert_eq!(followers, [1, 2]);
        folders.set(Path::new("/logs"), Some((1, 7)), FolderState::Watched);
        assert_eq!(folders.affected(log), [1, 3]);
        assert_eq!(folders.affected(link), [1, 3]);
        assert_eq!(folders.affected(Path::new("/var/log/none")), [0; 0]);
        assert_eq!(folders.others((1, 7), Path::new("/logs")), [PathBuf::from("/var/log")]);
        assert_eq!(folders.counts(), (1, 0), "it is one folder");
        assert_eq!(folders.attention(log), Attention::Watched);

        assert_eq!(folders.unsubscribe(link, 3), Some(PathBuf::from("/logs")));
        assert_eq!(folders.affected(log), [1]);
        assert_eq!(folders.unsubscribe(log, 1), None);
        assert_eq!(folders.unsubscribe(Path::new("/var/log/web.log"), 2), Some(PathBuf::from("/var/log")));
        assert!(folders.list().is_empty() && folders.by_id.is_empty());
    }

    #[test]
    fn only_a_folder_of_which_all_is_reported_is_relied_on() {
        let mut folders = Folders::default();
        let path = Path::new("/nfs/app.log");
        folders.subscribe(path, 1);
        for state in [FolderState::Pending, FolderState::Partial, FolderState::Refused] {
            folders.set(Path::new("/nfs"), Some((1, 1)), state);
            assert_eq!(folders.attention(path), Attention::Polled);
        }
        assert_eq!(folders.counts(), (0, 1));
    }
}
