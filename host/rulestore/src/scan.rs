//! Scans a rules folder. Each further scan reads only files that have changed.

use std::{
    collections::HashMap,
    fs::{self, DirEntry, Metadata},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use lifesigns_document::Diagnostics;
use lifesigns_model::{RuleKey, SystemClock, limits::MANIFEST_BYTES};

use crate::{
    allowed_folders::AllowedFolders,
    file::{self, FileKey},
    implicit::{UsedModules, module_words},
    manifest::{Manifest, check_name},
    modules::Modules,
    snapshot::{RefusedFile, RuleSpec, Snapshot},
};

/// Most mistakes of a manifest that its refusal lists; more are counted.
const MISTAKES: usize = 20;
/// Most manifests and modules in one folder; more are left out, and the snapshot's note says so.
const FILES: usize = 200_000;

/// A rules folder, with a cache of its last scan.
pub struct RuleStore {
    dir: PathBuf,
    allowed_folders: AllowedFolders,
    manifests: HashMap<String, CachedManifest>,
    modules: Modules,
    rules: HashMap<RuleKey, Arc<RuleSpec>>,
}

/// A manifest as it was read.
struct CachedManifest {
    key: FileKey,
    settled: bool,
    manifest: Result<Manifest, InvalidManifest>,
}

impl CachedManifest {
    fn words(self) -> Vec<String> {
        match self.manifest {
            Ok(manifest) => manifest.module.into_iter().chain(manifest.shadow.map(|shadow| shadow.module)).collect(),
            Err(invalid) => invalid.words,
        }
    }
}

struct InvalidManifest {
    /// As in [`RefusedFile`].
    why: String,
    /// Names in it that may be those of its module.
    words: Vec<String>,
}

/// A file in the folder that makes a rule.
struct Candidate {
    name: String,
    path: PathBuf,
    key: FileKey,
    /// It is a link to the file.
    is_link: bool,
}

#[derive(Default)]
struct Listing {
    manifests: Vec<Candidate>,
    modules: Vec<Candidate>,
}

impl RuleStore {
    /// Opens a rules folder, which need not exist yet.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        let allowed_folders = AllowedFolders::new(dir.clone());
        Self { dir, allowed_folders, manifests: HashMap::new(), modules: Modules::default(), rules: HashMap::new() }
    }

    /// Allows folders outside the rules folder that `module =` and links in it may lead to. None are
    /// allowed unless set.
    #[must_use]
    pub fn allow(mut self, folders: Vec<PathBuf>) -> Self {
        self.allowed_folders.allow(folders);
        self
    }

    /// Returns the folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Scans the folder. Never fails: a problem of the folder is the snapshot's note, a problem of a file
    /// is a refusal.
    pub fn scan(&mut self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.allowed_folders.look();
        let listing = match self.list(&mut snapshot) {
            Ok(listing) => listing,
            Err(error) => {
                // Nothing is forgotten: what comes back unchanged need not be read again.
                let dir = self.dir.display();
                let missing = error.kind() == io::ErrorKind::NotFound;
                snapshot.unreadable = !missing;
                snapshot.note = Some(if missing {
                    format!("{dir}: there is no such folder yet: make it and put rules in")
                } else {
                    format!("{dir}: the folder cannot be read, its rules stay as they are: {error}")
                });
                return snapshot;
            }
        };
        let mut used_modules = UsedModules::default();
        let mut rules = HashMap::with_capacity(listing.manifests.len());
        let mut manifests = HashMap::with_capacity(listing.manifests.len());
        for candidate in listing.manifests {
            let read = self.manifest(&candidate);
            self.add_manifest(&candidate, &read, &mut used_modules, &mut snapshot, &mut rules);
            manifests.insert(candidate.name, read);
        }
        used_modules.files(self.modules.identities());
        for candidate in listing.modules {
            let file_name = format!("{}.wasm", candidate.name);
            if !used_modules.has(&file_name, candidate.key.identity()) {
                self.add_implicit(candidate, &file_name, &manifests, &mut snapshot, &mut rules);
            }
        }
        self.modules.finish();
        self.manifests = manifests;
        self.rules = rules;
        snapshot.rules.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        snapshot.refusals.sort_by(|a, b| (&a.key, &a.path).cmp(&(&b.key, &b.path)));
        snapshot
    }

    fn list(&self, snapshot: &mut Snapshot) -> io::Result<Listing> {
        let mut listing = Listing::default();
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let file_name = entry.file_name();
            let text = file_name.to_string_lossy();
            if text.starts_with('.') {
                continue;
            }
            let (stem, is_manifest) = match (text.strip_suffix(".toml"), text.strip_suffix(".wasm")) {
                (Some(stem), _) => (stem, true),
                (_, Some(stem)) => (stem, false),
                _ => continue,
            };
            if listing.manifests.len() + listing.modules.len() >= FILES {
                snapshot.note = Some(format!("more than {FILES} files: the rest is left out; use several folders"));
                break;
            }
            let path = self.dir.join(&file_name);
            let (key, is_link) = match regular(&entry, &path) {
                Ok(Some((metadata, is_link))) => (FileKey::of(&metadata), is_link),
                Ok(None) => continue,
                Err(why) => {
                    snapshot.refusals.push(RefusedFile::new(stem, path, &why));
                    continue;
                }
            };
            let name = stem.to_owned();
            let list = if is_manifest { &mut listing.manifests } else { &mut listing.modules };
            list.push(Candidate { name, path, key, is_link });
        }
        Ok(listing)
    }

    /// Returns the manifest, from the cache if its file has not changed.
    fn manifest(&mut self, candidate: &Candidate) -> CachedManifest {
        let key = candidate.key;
        let known = match self.manifests.remove(&candidate.name) {
            Some(known) if known.settled && known.key == key => return known,
            other => other,
        };
        let listed = (!candidate.is_link).then_some(&key);
        let (mut manifest, key) = match self.allowed_folders.read(&candidate.path, listed, MANIFEST_BYTES) {
            Ok((bytes, key)) => (parse(&candidate.path, &bytes), key),
            Err(why) => {
                let why = format!("{}: {why}", candidate.path.display());
                (Err(InvalidManifest { why, words: Vec::new() }), key)
            }
        };
        if let (Err(invalid), Some(known)) = (&mut manifest, known) {
            invalid.words.extend(known.words());
        }
        CachedManifest { key, settled: key.is_settled(SystemClock::file_time()), manifest }
    }

    fn add_manifest(
        &mut self,
        candidate: &Candidate,
        read: &CachedManifest,
        used_modules: &mut UsedModules,
        snapshot: &mut Snapshot,
        rules: &mut HashMap<RuleKey, Arc<RuleSpec>>,
    ) {
        let Candidate { name, path, .. } = candidate;
        let manifest = match &read.manifest {
            Ok(manifest) => manifest,
            Err(InvalidManifest { why, words }) => {
                used_modules.words(words);
                snapshot.refusals.push(RefusedFile { key: RuleKey::live(name), path: path.clone(), why: why.clone() });
                return;
            }
        };
        let own;
        let module = match &manifest.module {
            Some(module) => module,
            None => {
                own = format!("{name}.wasm");
                &own
            }
        };
        used_modules.path(module);
        let key = RuleKey::live(name);
        let made =
            check_name(name).and_then(|()| self.spec(&key, Some(path), (module, &manifest.settings_json), manifest));
        add(made, key, path, snapshot, rules);
        let Some(shadow) = manifest.shadow.as_ref().filter(|_| check_name(name).is_ok()) else { return };
        used_modules.path(&shadow.module);
        let key = RuleKey::shadow(name);
        let made = self.spec(&key, Some(path), (&shadow.module, &shadow.settings_json), manifest);
        add(made, key, path, snapshot, rules);
    }

    fn add_implicit(
        &mut self,
        candidate: Candidate,
        file_name: &str,
        manifests: &HashMap<String, CachedManifest>,
        snapshot: &mut Snapshot,
        rules: &mut HashMap<RuleKey, Arc<RuleSpec>>,
    ) {
        let Candidate { name, path, .. } = &candidate;
        let made = if manifests.contains_key(name) {
            Err(format!(
                "{name}.toml is the rule `{name}`, and no manifest uses this file: write `module = \"{file_name}\"` \
                 into {name}.toml, or rename or remove this file"
            ))
        } else {
            let manifest = Manifest::default();
            check_name(name)
                .and_then(|()| self.spec(&name.as_str().into(), None, (file_name, &manifest.settings_json), &manifest))
        };
        add(made, name.as_str().into(), path, snapshot, rules);
    }

    fn spec(
        &mut self,
        key: &RuleKey,
        path: Option<&PathBuf>,
        (module, settings_json): (&str, &str),
        manifest: &Manifest,
    ) -> Result<Arc<RuleSpec>, String> {
        let bytes = self.modules.load(&self.allowed_folders, &self.dir, module).map_err(|why| match path {
            Some(_) if key.is_shadow() => format!("its shadow `{module}`: {why}"),
            Some(_) => format!("its module `{module}`: {why}"),
            None => why,
        })?;
        let spec = RuleSpec {
            key: key.clone(),
            manifest: path.cloned(),
            module_path: self.dir.join(module),
            settings_json: settings_json.to_owned(),
            limits: manifest.limits.clone(),
            grants: manifest.grants,
            discards_state: manifest.discards_state,
            enabled: manifest.enabled,
            paused: manifest.paused,
            module: bytes,
        };
        // One that is the same is the same rule to those who hold it.
        match self.rules.remove(key) {
            Some(known) if *known == spec => Ok(known),
            _ => Ok(Arc::new(spec)),
        }
    }
}

fn add(
    made: Result<Arc<RuleSpec>, String>,
    key: RuleKey,
    path: &Path,
    snapshot: &mut Snapshot,
    rules: &mut HashMap<RuleKey, Arc<RuleSpec>>,
) {
    match made {
        Ok(spec) => {
            rules.insert(key, spec.clone());
            snapshot.rules.push(spec);
        }
        Err(why) => snapshot.refusals.push(RefusedFile::new(key, path.to_owned(), &why)),
    }
}

/// Returns the metadata of a regular file, and whether a link leads to it; `None` for folders, and for what was removed meanwhile.
fn regular(entry: &DirEntry, path: &Path) -> Result<Option<(Metadata, bool)>, String> {
    let is_link = entry.file_type().map_err(|error| file::explain(&error))?.is_symlink();
    let metadata = if is_link { fs::metadata(path) } else { entry.metadata() };
    match metadata {
        Ok(metadata) if metadata.is_file() => Ok(Some((metadata, is_link))),
        Ok(metadata) if metadata.is_dir() => Ok(None),
        Ok(_) => Err("not a regular file: put a file, or a link to one, here".into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_link => Err("a link to nothing".into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file::explain(&error)),
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Manifest, InvalidManifest> {
    let invalid = |mistakes: Diagnostics| InvalidManifest { why: mistakes.lines(MISTAKES), words: module_words(bytes) };
    Manifest::parse(path, bytes).map_err(invalid)
}
