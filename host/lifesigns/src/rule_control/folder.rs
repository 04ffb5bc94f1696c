//! A rule as it lies in the rules folder: its manifest's text and its module.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use lifesigns_model::{RuleKey, limits::MANIFEST_BYTES};
use lifesigns_rulestore::{Manifest, ModuleBytes, RuleSpec, Snapshot};

/// A rule of the folder.
pub(super) struct FolderRule {
    pub(super) name: String,
    /// The manifest's text; empty if there is none.
    pub(super) text: String,
    pub(super) module: Arc<ModuleBytes>,
    /// Whether there is such a rule.
    pub(super) is_there: bool,
    manifest: Option<PathBuf>,
    /// `NAME.wasm`, if it is the module and no other rule uses it.
    own_module: Option<PathBuf>,
}

impl FolderRule {
    /// Returns the rule, if the folder has it.
    ///
    /// # Errors
    /// It is refused, so that there is nothing to go on from.
    pub(super) fn find(dir: &Path, name: &str, snapshot: &Snapshot) -> Result<Option<Self>, String> {
        let Some(spec) = snapshot.rule(name) else {
            return match snapshot.refusal(name) {
                Some(refusal) => Err(format!("rule {name} is refused: {}", refusal.why)),
                None => Ok(None),
            };
        };
        let path = dir.join(format!("{name}.toml"));
        let (text, manifest) = match fs::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => (String::new(), None),
            Ok(metadata) if metadata.len() > MANIFEST_BYTES => {
                return Err(format!("{} has more than {MANIFEST_BYTES} bytes", path.display()));
            }
            _ => {
                let text = fs::read_to_string(&path);
                (text.map_err(|error| format!("{} cannot be read: {error}", path.display()))?, Some(path))
            }
        };
        let own = dir.join(format!("{name}.wasm"));
        let others = snapshot.rules.iter().filter(|other| *other.key.name != *name);
        let is_shared = others.into_iter().any(|other| other.module_path == own);
        let own_module = (spec.module_path == own && !is_shared).then_some(own);
        let (name, module) = (name.to_owned(), Arc::clone(&spec.module));
        Ok(Some(Self { name, text, module, is_there: true, manifest, own_module }))
    }

    /// Returns a rule that the folder refuses: only its files are known.
    pub(super) fn refused(dir: &Path, name: &str) -> Self {
        let file = |ending: &str| Some(dir.join(format!("{name}.{ending}"))).filter(|path| path.is_file());
        Self { manifest: file("toml"), own_module: file("wasm"), ..Self::absent(name) }
    }

    /// Returns a rule that is not there yet.
    pub(super) fn absent(name: &str) -> Self {
        let module = Arc::new(ModuleBytes::new(Vec::new()));
        Self { name: name.to_owned(), text: String::new(), module, is_there: false, manifest: None, own_module: None }
    }

    /// Returns the module beside the manifest, which is in the way once a manifest names another.
    pub(super) fn own_module(&self) -> Option<&Path> {
        self.own_module.as_deref()
    }

    /// Takes the rule out of the folder.
    pub(super) fn remove(&self) -> Result<(), String> {
        for path in self.manifest.iter().chain(&self.own_module) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(format!("{} cannot be removed: {error}", path.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Returns the rule that a manifest's text and a module make.
pub(super) fn spec(
    dir: &Path,
    name: &str,
    is_shadow: bool,
    manifest: &str,
    module: &Arc<ModuleBytes>,
) -> Result<RuleSpec, String> {
    let path = dir.join(format!("{name}.toml"));
    let parsed = Manifest::parse(&path, manifest.as_bytes()).map_err(|mistakes| mistakes.to_string())?;
    let (key, settings_json) = match (is_shadow, parsed.shadow) {
        (true, Some(shadow)) => (RuleKey::shadow(name), shadow.settings_json),
        _ => (RuleKey::live(name), parsed.settings_json),
    };
    Ok(RuleSpec {
        key,
        module_path: path.clone(),
        manifest: Some(path),
        settings_json,
        limits: parsed.limits,
        grants: parsed.grants,
        discards_state: parsed.discards_state,
        enabled: parsed.enabled,
        paused: parsed.paused,
        module: Arc::clone(module),
    })
}

/// Returns the paths of the modules that a manifest names.
pub(super) fn modules_of(manifest: &str) -> Vec<String> {
    let Ok(parsed) = Manifest::parse(Path::new("manifest"), manifest.as_bytes()) else { return Vec::new() };
    parsed.module.into_iter().chain(parsed.shadow.map(|shadow| shadow.module)).collect()
}
