//! Module files, read and hashed once, however many rules use them and however often they are
//! scanned.

use std::{
    collections::{HashMap, HashSet},
    path::Path,
    sync::Arc,
};

use lifesigns_model::{SystemClock, limits::MODULE_BYTES};
use sha2::{Digest as _, Sha256};

use crate::{
    allowed_folders::AllowedFolders,
    file::{self, FileKey},
};

/// The content of a module's file.
pub struct ModuleBytes {
    /// The content. Whether that is a module at all is decided by the sandbox.
    pub bytes: Vec<u8>,
    /// `sha256:<hex>` of the bytes.
    pub digest: String,
}

impl ModuleBytes {
    /// Hashes `bytes`.
    pub fn new(bytes: Vec<u8>) -> Self {
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(&bytes)));
        Self { bytes, digest }
    }
}

/// Equal digests are equal modules.
impl PartialEq for ModuleBytes {
    fn eq(&self, other: &Self) -> bool {
        self.digest == other.digest
    }
}

impl Eq for ModuleBytes {}

impl std::fmt::Debug for ModuleBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} bytes", self.digest, self.bytes.len())
    }
}

struct CachedModule {
    key: FileKey,
    settled: bool,
    module: Arc<ModuleBytes>,
}

/// The modules of the last scan, and of the present one.
#[derive(Default)]
pub(crate) struct Modules {
    /// By device and inode; by path where there are none.
    last: HashMap<FileId, CachedModule>,
    next: HashMap<FileId, CachedModule>,
    /// The result of this scan for each path.
    answers: HashMap<String, Result<Arc<ModuleBytes>, String>>,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum FileId {
    File(u64, u64),
    Path(String),
}

impl Modules {
    /// Loads the module at `path`, relative to `dir`.
    pub(crate) fn load(
        &mut self,
        allowed_folders: &AllowedFolders,
        dir: &Path,
        path: &str,
    ) -> Result<Arc<ModuleBytes>, String> {
        if let Some(answer) = self.answers.get(path) {
            return answer.clone();
        }
        let answer = self.find(allowed_folders, &dir.join(path), path);
        self.answers.insert(path.to_owned(), answer.clone());
        answer
    }

    /// Ends the scan: modules that it has not loaded are forgotten.
    pub(crate) fn finish(&mut self) {
        self.last = std::mem::take(&mut self.next);
        self.answers.clear();
    }

    /// Returns device and inode of the files that this scan has loaded.
    pub(crate) fn identities(&self) -> HashSet<(u64, u64)> {
        self.next.values().filter_map(|read| read.key.identity()).collect()
    }

    fn find(&mut self, allowed_folders: &AllowedFolders, file: &Path, path: &str) -> Result<Arc<ModuleBytes>, String> {
        let (file, metadata) = allowed_folders.open(file)?;
        let key = FileKey::of(&metadata);
        let id = id(&key, path);
        if let Some(known) = self.next.get(&id).filter(|known| known.key == key) {
            return Ok(known.module.clone());
        }
        let known = self.last.remove(&id);
        if let Some(known) = known.as_ref().filter(|known| known.settled && known.key == key) {
            let module = known.module.clone();
            self.next.insert(id, CachedModule { key, settled: true, module: module.clone() });
            return Ok(module);
        }
        let (bytes, key) = file::read(&file, &metadata, MODULE_BYTES)?;
        let mut module = Arc::new(ModuleBytes::new(bytes));
        if let Some(known) = known.filter(|known| known.module == module) {
            module = known.module;
        }
        let settled = key.is_settled(SystemClock::file_time());
        self.next.insert(id, CachedModule { key, settled, module: module.clone() });
        Ok(module)
    }
}

fn id(key: &FileKey, path: &str) -> FileId {
    key.identity().map_or_else(|| FileId::Path(path.to_owned()), |(device, inode)| FileId::File(device, inode))
}
