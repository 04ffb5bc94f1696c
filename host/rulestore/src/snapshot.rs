//! What a scan found.

use std::{fmt, path::PathBuf, sync::Arc};

use lifesigns_model::Limits;

use crate::{manifest::Grants, modules::ModuleBytes};

/// A rule, ready to be admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The rule's name.
    pub name: String,
    /// Its manifest; `None` for a lone module.
    pub manifest: Option<PathBuf>,
    /// Its module's file, as the manifest says it.
    pub module_path: PathBuf,
    /// Its settings, a JSON object with sorted keys.
    pub settings_json: String,
    /// What it may use.
    pub limits: Limits,
    /// What it may import.
    pub grants: Grants,
    /// Whether it shall run.
    pub enabled: bool,
    /// Its module. Rules that use the same file share it.
    pub module: Arc<ModuleBytes>,
}

impl Found {
    /// Whether it would run in the same way: same module, settings, limits and grants. Where the
    /// files lie does not matter.
    pub fn runs_like(&self, other: &Self) -> bool {
        self.name == other.name
            && self.module.digest == other.module.digest
            && self.settings_json == other.settings_json
            && self.limits == other.limits
            && self.grants == other.grants
    }

    /// The manifest if there is one, otherwise the module: the file that makes it a rule.
    pub fn path(&self) -> &PathBuf {
        self.manifest.as_ref().unwrap_or(&self.module_path)
    }
}

/// A file that would be a rule, and why it is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The rule's name, as far as it is one.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Line and column, where they are known.
    pub place: Option<(u32, u32)>,
    /// What is wrong, and the fix.
    pub why: String,
}

impl Refusal {
    pub(crate) fn new(name: &str, path: PathBuf, why: impl Into<String>) -> Self {
        Self { name: name.to_owned(), path, place: None, why: why.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.path.display(), self.why),
            None => write!(f, "{}: {}", self.path.display(), self.why),
        }
    }
}

/// What a scan found in a rules folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The rules, sorted by name; disabled ones too.
    pub rules: Vec<Arc<Found>>,
    /// What is no rule though it should be, sorted by name.
    pub refusals: Vec<Refusal>,
    /// What a person should know about the folder itself, such as that there is none.
    pub note: Option<String>,
    /// The folder is there and could not be read: nothing is known about its rules, and all
    /// that run are kept.
    pub unreadable: bool,
}

impl Snapshot {
    /// The rule called `name`.
    pub fn rule(&self, name: &str) -> Option<&Arc<Found>> {
        let at = self.rules.binary_search_by(|rule| rule.name.as_str().cmp(name)).ok()?;
        Some(&self.rules[at])
    }

    /// Why `name` is no rule, if it was refused.
    pub fn refusal(&self, name: &str) -> Option<&Refusal> {
        self.refusals.iter().find(|refusal| refusal.name == name)
    }

    /// The folders that hold modules, for the watch to follow.
    pub fn module_folders(&self) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = Vec::new();
        for rule in &self.rules {
            let Some(folder) = rule.module_path.parent() else { continue };
            if folders.last().is_none_or(|last| last != folder) {
                folders.push(folder.to_owned());
            }
        }
        folders.sort();
        folders.dedup();
        folders
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_grants_count_as_changes() {
        let old = Found {
            name: "a".into(),
            manifest: None,
            module_path: "m".into(),
            settings_json: "{}".into(),
            limits: Limits::default(),
            grants: Grants::default(),
            enabled: true,
            module: Arc::new(ModuleBytes::new(vec![0])),
        };
        assert!(old.runs_like(&Found { module_path: "n".into(), ..old.clone() }));
        let limits = Limits { deadline_ms: 1, ..Limits::default() };
        assert!(!old.runs_like(&Found { limits, ..old.clone() }));
        assert!(!old.runs_like(&Found { grants: Grants { state: false, log: true }, ..old.clone() }));
        assert!(!old.runs_like(&Found { settings_json: "{\"n\":1}".into(), ..old.clone() }));
        assert!(!old.runs_like(&Found { module: Arc::new(ModuleBytes::new(vec![1])), ..old.clone() }));
    }
}
