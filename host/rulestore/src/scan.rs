//! Scanning a rules folder. A scan after a scan reads only what has changed.

use std::{
    collections::HashMap,
    fs::{self, DirEntry, Metadata},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use lifesigns_model::limits::MANIFEST_BYTES;

use crate::{
    file::{self, FileKey},
    flaw::Flaw,
    inside::Inside,
    lone::{Referred, module_words},
    manifest::{Manifest, check_name},
    modules::Modules,
    snapshot::{Found, Refusal, Snapshot},
};

/// Manifests and modules in one folder; more are left out, and the note says so.
const FILES: usize = 200_000;

/// A rules folder, and what is remembered of its last scan.
pub struct RuleStore {
    dir: PathBuf,
    inside: Inside,
    manifests: HashMap<String, Read>,
    modules: Modules,
    rules: HashMap<String, Arc<Found>>,
}

/// A manifest as it was read.
struct Read {
    key: FileKey,
    settled: bool,
    manifest: Result<Manifest, Broken>,
}

impl Read {
    fn words(self) -> Vec<String> {
        match self.manifest {
            Ok(manifest) => manifest.module.into_iter().collect(),
            Err(broken) => broken.words,
        }
    }
}

struct Broken {
    place: Option<(u32, u32)>,
    why: String,
    /// Names in it that may be those of its module.
    words: Vec<String>,
}

/// A file in the folder that makes a rule.
struct Candidate {
    name: String,
    path: PathBuf,
    key: FileKey,
}

#[derive(Default)]
struct Listing {
    manifests: Vec<Candidate>,
    modules: Vec<Candidate>,
}

impl RuleStore {
    /// A rules folder. It need not exist yet.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        let dir = dir.into();
        let inside = Inside::new(dir.clone());
        Self { dir, inside, manifests: HashMap::new(), modules: Modules::default(), rules: HashMap::new() }
    }

    /// Folders outside the rules folder that `module =` and links in it may lead to. Without this
    /// there are none.
    #[must_use]
    pub fn allow(mut self, folders: Vec<PathBuf>) -> Self {
        self.inside.allow(folders);
        self
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What is in the folder now. It never fails: what is wrong with the folder is the snapshot's
    /// note, and what is wrong with a file is a refusal.
    pub fn scan(&mut self) -> Snapshot {
        let mut snapshot = Snapshot::default();
        self.inside.look();
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
        let mut referred = Referred::default();
        let mut rules = HashMap::with_capacity(listing.manifests.len());
        let mut manifests = HashMap::with_capacity(listing.manifests.len());
        for candidate in listing.manifests {
            let read = self.manifest(&candidate);
            self.add_manifest(&candidate, &read, &mut referred, &mut snapshot, &mut rules);
            manifests.insert(candidate.name, read);
        }
        referred.files(self.modules.identities());
        for candidate in listing.modules {
            let file_name = format!("{}.wasm", candidate.name);
            if !referred.has(&file_name, candidate.key.identity()) {
                self.add_lone(candidate, &file_name, &manifests, &mut snapshot, &mut rules);
            }
        }
        self.modules.finish();
        self.manifests = manifests;
        self.rules = rules;
        snapshot.rules.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        snapshot.refusals.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
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
            let key = match regular(&entry, &path) {
                Ok(Some(metadata)) => FileKey::of(&metadata),
                Ok(None) => continue,
                Err(why) => {
                    snapshot.refusals.push(Refusal::new(stem, path, why));
                    continue;
                }
            };
            let name = stem.to_owned();
            let list = if is_manifest { &mut listing.manifests } else { &mut listing.modules };
            list.push(Candidate { name, path, key });
        }
        Ok(listing)
    }

    /// The manifest, from memory if its file is what it was.
    fn manifest(&mut self, candidate: &Candidate) -> Read {
        let key = candidate.key;
        let known = match self.manifests.remove(&candidate.name) {
            Some(known) if known.settled && known.key == key => return known,
            other => other,
        };
        let (mut manifest, key) = match self.inside.read(&candidate.path, MANIFEST_BYTES) {
            Ok((bytes, key)) => (parse(&bytes), key),
            Err(why) => (Err(Broken { place: None, why, words: Vec::new() }), key),
        };
        if let (Err(broken), Some(known)) = (&mut manifest, known) {
            broken.words.extend(known.words());
        }
        Read { key, settled: key.is_settled(SystemTime::now()), manifest }
    }

    fn add_manifest(
        &mut self,
        candidate: &Candidate,
        read: &Read,
        referred: &mut Referred,
        snapshot: &mut Snapshot,
        rules: &mut HashMap<String, Arc<Found>>,
    ) {
        let Candidate { name, path, .. } = candidate;
        let manifest = match &read.manifest {
            Ok(manifest) => manifest,
            Err(Broken { place, why, words }) => {
                referred.words(words);
                let refusal = Refusal { name: name.clone(), path: path.clone(), place: *place, why: why.clone() };
                snapshot.refusals.push(refusal);
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
        referred.path(module);
        let made = check_name(name).and_then(|()| self.found(name, Some(path), module, manifest));
        add(made, name, path, snapshot, rules);
    }

    fn add_lone(
        &mut self,
        candidate: Candidate,
        file_name: &str,
        manifests: &HashMap<String, Read>,
        snapshot: &mut Snapshot,
        rules: &mut HashMap<String, Arc<Found>>,
    ) {
        let Candidate { name, path, .. } = &candidate;
        let made = if manifests.contains_key(name) {
            Err(format!(
                "{name}.toml is the rule `{name}`, and no manifest uses this file: write `module = \"{file_name}\"` \
                 into {name}.toml, or rename or remove this file"
            ))
        } else {
            check_name(name).and_then(|()| self.found(name, None, file_name, &Manifest::default()))
        };
        add(made, name, path, snapshot, rules);
    }

    fn found(
        &mut self,
        name: &str,
        path: Option<&PathBuf>,
        module: &str,
        manifest: &Manifest,
    ) -> Result<Arc<Found>, String> {
        let bytes = self.modules.load(&self.inside, &self.dir, module).map_err(|why| match path {
            Some(_) => format!("its module `{module}`: {why}"),
            None => why,
        })?;
        let known = self.rules.remove(name);
        let same = |known: &Arc<Found>| {
            known.module == bytes
                && known.settings_json == manifest.settings_json
                && known.limits == manifest.limits
                && known.grants == manifest.grants
                && known.enabled == manifest.enabled
                && known.manifest.as_ref() == path
                && known.module_path.strip_prefix(&self.dir).is_ok_and(|rest| rest.as_os_str() == module)
        };
        if let Some(known) = known.filter(same) {
            return Ok(known);
        }
        Ok(Arc::new(Found {
            name: name.to_owned(),
            manifest: path.cloned(),
            module_path: self.dir.join(module),
            settings_json: manifest.settings_json.clone(),
            limits: manifest.limits.clone(),
            grants: manifest.grants,
            enabled: manifest.enabled,
            module: bytes,
        }))
    }
}

fn add(
    made: Result<Arc<Found>, String>,
    name: &str,
    path: &Path,
    snapshot: &mut Snapshot,
    rules: &mut HashMap<String, Arc<Found>>,
) {
    match made {
        Ok(found) => {
            rules.insert(name.to_owned(), found.clone());
            snapshot.rules.push(found);
        }
        Err(why) => snapshot.refusals.push(Refusal::new(name, path.to_owned(), why)),
    }
}

/// What the entry is; `None` for what is passed over: folders, and what has just gone.
fn regular(entry: &DirEntry, path: &Path) -> Result<Option<Metadata>, String> {
    let is_link = entry.file_type().map_err(|error| file::explain(&error))?.is_symlink();
    let metadata = if is_link { fs::metadata(path) } else { entry.metadata() };
    match metadata {
        Ok(metadata) if metadata.is_file() => Ok(Some(metadata)),
        Ok(metadata) if metadata.is_dir() => Ok(None),
        Ok(_) => Err("not a regular file: put a file, or a link to one, here".into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound && is_link => Err("a link to nothing".into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file::explain(&error)),
    }
}

fn parse(bytes: &[u8]) -> Result<Manifest, Broken> {
    let parsed = match std::str::from_utf8(bytes) {
        Ok(text) => Manifest::parse(text),
        Err(error) => {
            let sound = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            Err(Flaw::at(&sound, sound.len()..sound.len(), "not UTF-8 from here on: save the file as UTF-8"))
        }
    };
    parsed.map_err(|flaw| Broken { place: Some((flaw.line, flaw.column)), why: flaw.what, words: module_words(bytes) })
}
