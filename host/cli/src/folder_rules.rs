//! The rules of a folder without a host: they are run again, and held against a line, as a host would.

use std::{path::PathBuf, sync::Arc};

use lifesigns::{
    Loader, RuleLoad, Sandbox,
    engine::{LoadedRule, interest_matches},
    model::{Module, RuleKey, TapEvent},
    rulestore::{RuleStore, Snapshot, Versions},
};
use lifesigns_api::{ApiError, RuleSight};
use lifesigns_recorder::RuleModules;

use crate::{exit::Failure, load};

/// See the module.
pub(crate) struct FolderRules {
    folder: PathBuf,
    sandbox: Sandbox,
    snapshot: Snapshot,
    loads: Vec<RuleLoad>,
    rules: Vec<Arc<LoadedRule>>,
}

impl FolderRules {
    /// Loads a folder. The cache is the user's own: a host's belongs to the user that it runs as.
    pub(crate) fn load(folder: PathBuf, module_folders: Vec<PathBuf>) -> Result<Self, Failure> {
        load::rules_folder(&folder)?;
        let snapshot = RuleStore::new(&folder).allow(module_folders).scan();
        let sandbox = load::plain_sandbox(load::cache(None)?)?;
        let mut loader = Loader::new(sandbox.clone());
        let loads = loader.apply(&snapshot);
        Ok(Self { folder, sandbox, snapshot, loads, rules: loader.rules() })
    }
}

impl RuleModules for FolderRules {
    fn rule(&self, key: &RuleKey) -> Option<Arc<LoadedRule>> {
        self.rules.iter().find(|rule| rule.key == *key).cloned()
    }

    fn module(&self, rule: &str, digest: &str) -> Result<Arc<dyn Module>, ApiError> {
        if let Some(known) = self.rules.iter().find(|rule| rule.module.digest() == digest) {
            return Ok(Arc::clone(&known.module));
        }
        // The name is that of a call in a store, which may be anyone's file.
        let is_name = lifesigns::rulestore::check_name(rule).is_ok();
        let kept = is_name.then(|| Versions::new(&self.folder, rule).module_of(digest));
        let Some(bytes) = kept.transpose().map_err(ApiError::Conflict)?.flatten() else {
            return Err(ApiError::Conflict(format!(
                "its module {digest} is no longer at hand: it is neither in the rules folder nor among the versions of the \
                 rule"
            )));
        };
        let module = self.sandbox.load(&bytes.bytes, &bytes.digest);
        module.map(|module| module as Arc<dyn Module>).map_err(|error| ApiError::Conflict(error.to_string()))
    }

    fn sights(&self, event: &TapEvent) -> Vec<RuleSight> {
        let mut sights = Vec::new();
        for rule in &self.rules {
            let interests = interest_matches(&rule.description, event, true);
            let state = if rule.is_paused() { "in quarantine, as its manifest says".to_owned() } else { String::new() };
            let sees = state.is_empty() && interests.iter().any(|interest| interest.matched == Some(true));
            sights.push(RuleSight { sees, interests, ..sight(&rule.key, state) });
        }
        let disabled = self.snapshot.rules.iter().filter(|found| !found.enabled);
        sights.extend(disabled.map(|found| sight(&found.key, "disabled in its manifest".to_owned())));
        sights.extend(load::refusals(&self.loads).map(|(load, why)| sight(&load.key, format!("refused: {why}"))));
        sights.sort_by(|one, other| (&one.rule, one.lane).cmp(&(&other.rule, other.lane)));
        sights
    }
}

fn sight(key: &RuleKey, state: String) -> RuleSight {
    RuleSight { rule: key.name.to_string(), lane: key.lane, state, ..RuleSight::default() }
}
