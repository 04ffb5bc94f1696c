//! The result of a scan.

use std::{fmt, path::PathBuf, sync::Arc};

use lifesigns_model::{Limits, RuleKey, RuleLane};

use crate::{manifest::Grants, modules::ModuleBytes};

/// A rule as the rules folder defines it, ready to be admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSpec {
    /// The rule. A manifest with a shadow makes two.
    pub key: RuleKey,
    /// Its manifest; `None` for an implicit rule.
    pub manifest: Option<PathBuf>,
    /// Its module's file, as the manifest names it.
    pub module_path: PathBuf,
    /// Its settings, a JSON object with sorted keys.
    pub settings_json: String,
    /// The limits on what it may use.
    pub limits: Limits,
    /// The interfaces that it may import.
    pub grants: Grants,
    /// Whether state of another version that the module cannot take over is discarded; otherwise the module is refused.
    pub discards_state: bool,
    /// Whether it is to run.
    pub enabled: bool,
    /// Whether it is shown nothing.
    pub paused: bool,
    /// Its module. Rules that use the same file share it.
    pub module: Arc<ModuleBytes>,
}

impl RuleSpec {
    /// Whether it would run in the same way: same module, settings, limits and grants. The paths of the
    /// files do not matter.
    pub fn runs_like(&self, other: &Self) -> bool {
        self.key == other.key
            && self.module.digest == other.module.digest
            && self.settings_json == other.settings_json
            && self.limits == other.limits
            && self.grants == other.grants
            && self.discards_state == other.discards_state
    }

    /// Returns the file that makes it a rule: the manifest if there is one, otherwise the module.
    pub fn path(&self) -> &PathBuf {
        self.manifest.as_ref().unwrap_or(&self.module_path)
    }
}

/// A file that was to be a rule or its shadow, and why it is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedFile {
    /// The rule, even if its name is not a valid one.
    pub key: RuleKey,
    /// The file.
    pub path: PathBuf,
    /// The reasons, a line each: the file, line and column where they are known, and the fix.
    pub why: String,
}

impl RefusedFile {
    /// Refuses a file for one reason.
    pub(crate) fn new(key: impl Into<RuleKey>, path: PathBuf, why: &str) -> Self {
        Self { key: key.into(), why: format!("{}: {why}", path.display()), path }
    }
}

impl fmt::Display for RefusedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

/// The content of a rules folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The rules, sorted by name and lane; disabled ones too.
    pub rules: Vec<Arc<RuleSpec>>,
    /// What is refused, sorted by name and lane.
    pub refusals: Vec<RefusedFile>,
    /// A remark about the folder itself, for instance that there is none.
    pub note: Option<String>,
    /// The folder is there and could not be read: nothing is known about its rules, and all
    /// that run are kept.
    pub unreadable: bool,
}

impl Snapshot {
    /// Returns the rule called `name`; not its shadow.
    pub fn rule(&self, name: &str) -> Option<&Arc<RuleSpec>> {
        self.find(name, RuleLane::Live)
    }

    /// Returns the shadow of the rule called `name`.
    pub fn shadow(&self, name: &str) -> Option<&Arc<RuleSpec>> {
        self.find(name, RuleLane::Shadow)
    }

    fn find(&self, name: &str, lane: RuleLane) -> Option<&Arc<RuleSpec>> {
        let at = self.rules.binary_search_by(|rule| (&*rule.key.name, rule.key.lane).cmp(&(name, lane))).ok()?;
        Some(&self.rules[at])
    }

    /// Returns the refusal of the rule called `name`, if it was refused; not of its shadow.
    pub fn refusal(&self, name: &str) -> Option<&RefusedFile> {
        self.refusals.iter().find(|refusal| *refusal.key.name == *name && !refusal.key.is_shadow())
    }

    /// Returns the folders that hold modules, for the watch to follow.
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
        let old = RuleSpec {
            key: "a".into(),
            manifest: None,
            module_path: "m".into(),
            settings_json: "{}".into(),
            limits: Limits::default(),
            grants: Grants::default(),
            discards_state: false,
            enabled: true,
            paused: false,
            module: Arc::new(ModuleBytes::new(vec![0])),
        };
        assert!(old.runs_like(&RuleSpec { module_path: "n".into(), ..old.clone() }));
        let limits = Limits { deadline_ms: 1, ..Limits::default() };
        assert!(!old.runs_like(&RuleSpec { limits, ..old.clone() }));
        assert!(!old.runs_like(&RuleSpec { grants: Grants { state: false, log: true }, ..old.clone() }));
        assert!(!old.runs_like(&RuleSpec { settings_json: "{\"n\":1}".into(), ..old.clone() }));
        assert!(!old.runs_like(&RuleSpec { module: Arc::new(ModuleBytes::new(vec![1])), ..old.clone() }));
    }
}
