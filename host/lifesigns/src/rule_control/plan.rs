//! What a promotion and a rollback change: the manifest, the history, and whose state goes on.

use std::sync::Arc;

use lifesigns_api::ApiError;
use lifesigns_engine::StateMove;
use lifesigns_model::RuleKey;
use lifesigns_rulestore::{ManifestChange, ModuleBytes, VersionEntry, VersionHistory, Versions};

use super::{
    FolderControl, Prepared,
    folder::{self, FolderRule},
};
use crate::rule_desk::DeskState;

impl FolderControl {
    /// Notes the version that is live in the history, if it came there by hand. Returns its number.
    pub(super) fn adopt(&self, present: &FolderRule, history: &mut VersionHistory) -> Result<u64, ApiError> {
        if let Some(live) = history.live_entry(&present.module.digest) {
            let number = live.number;
            if let Some(entry) = history.entries.iter_mut().find(|entry| entry.number == number) {
                entry.manifest.clone_from(&present.text);
            }
            return Ok(number);
        }
        let file = self.versions(&present.name).put(&present.module).map_err(ApiError::Unavailable)?;
        let running = self.engine.rules().rule(&RuleKey::live(&present.name)).cloned();
        let module = running.map(|rule| format!("{} {}", rule.description.name, rule.description.version));
        Ok(history.push(VersionEntry {
            time_ns: self.clock.now_ns(),
            who: "rules folder".to_owned(),
            action: "found".to_owned(),
            module: module.unwrap_or_default(),
            digest: present.module.digest.clone(),
            file,
            manifest: present.text.clone(),
            ..VersionEntry::default()
        }))
    }

    /// Plans a module that was uploaded in the place of the live one, which goes on with a copy of its state set aside.
    pub(super) fn replacement(
        &self,
        present: &FolderRule,
        (module, named): (&ModuleBytes, String),
        manifest: String,
        who: &str,
    ) -> Result<(VersionHistory, Prepared), ApiError> {
        let name = &*present.name;
        let mut history = self.versions(name).history().map_err(ApiError::Conflict)?;
        let before = if present.is_there { Some(self.adopt(present, &mut history)?) } else { None };
        let done = format!("{name} is {named} now");
        let entry = VersionEntry {
            time_ns: self.clock.now_ns(),
            who: who.to_owned(),
            action: "loaded".to_owned(),
            module: named,
            digest: module.digest.clone(),
            file: Versions::path_of(name, module),
            manifest: manifest.clone(),
            ..VersionEntry::default()
        };
        let moves = before.map(|_| StateMove::Copy { from: RuleKey::live(name), to: RuleKey::previous(name) });
        let moves = moves.into_iter().collect();
        Ok((history, Prepared { manifest, entry, moves, state_of: before, done }))
    }

    pub(super) fn promotion(
        &self,
        desk: &DeskState,
        present: &FolderRule,
        who: &str,
    ) -> Result<(VersionHistory, Prepared), ApiError> {
        let name = &*present.name;
        let rules = self.engine.rules();
        let Some(shadow) = rules.rule(&RuleKey::shadow(name)) else {
            let advice = format!("load one with `lifesigns rule load --shadow FILE {name}`");
            return Err(ApiError::Conflict(format!("rule {name} has no shadow that runs: {advice}")));
        };
        let Some(spec) = desk.snapshot.shadow(name).filter(|spec| spec.module.digest == shadow.module.digest()) else {
            return Err(ApiError::Conflict(format!(
                "the shadow of {name} in the rules folder is not the one that runs"
            )));
        };
        let module = Arc::clone(&spec.module);
        let mut history = self.versions(name).history().map_err(ApiError::Conflict)?;
        let before = self.adopt(present, &mut history)?;
        // Also if it was put beside the manifest by hand: a rollback has to find it.
        let file = self.versions(name).put(&module).map_err(ApiError::Unavailable)?;
        let path = self.dir.join(format!("{name}.toml"));
        let promoted = ManifestChange::Promote.apply(&path, &present.text);
        let manifest = promoted.and_then(|text| ManifestChange::Module(file.clone()).apply(&path, &text));
        let manifest = manifest.map_err(ApiError::Conflict)?;
        let named = format!("{} {}", shadow.description.name, shadow.description.version);
        let (live, previous) = (RuleKey::live(name), RuleKey::previous(name));
        let entry = VersionEntry {
            time_ns: self.clock.now_ns(),
            who: who.to_owned(),
            action: "promoted".to_owned(),
            module: named.clone(),
            digest: module.digest.clone(),
            file,
            manifest: manifest.clone(),
            ..VersionEntry::default()
        };
        let moves = vec![
            StateMove::Move { from: live.clone(), to: previous },
            StateMove::Move { from: RuleKey::shadow(name), to: live },
        ];
        let done =
            format!("{name} is {named} now, with the state that its shadow had; `rule rollback {name}` goes back");
        Ok((history, Prepared { manifest, entry, moves, state_of: Some(before), done }))
    }

    pub(super) fn rollback(
        &self,
        present: &FolderRule,
        to: Option<u64>,
        who: &str,
    ) -> Result<(VersionHistory, Prepared), ApiError> {
        let name = &*present.name;
        let mut history = self.versions(name).history().map_err(ApiError::Conflict)?;
        let before = self.adopt(present, &mut history)?;
        let target = match to {
            Some(number) => history.entry(number).ok_or_else(|| {
                ApiError::Unknown(format!("rule {name} has no version {number}; `rule history {name}` lists them"))
            })?,
            None => history.previous().ok_or_else(|| {
                ApiError::Conflict(format!("there is no version of {name} before the live one to go back to"))
            })?,
        }
        .clone();
        if target.number == before {
            return Err(ApiError::Conflict(format!("version {before} of {name} is live already")));
        }
        let path = self.dir.join(format!("{name}.toml"));
        let manifest = ManifestChange::Module(target.file.clone()).apply(&path, &target.manifest);
        let manifest = manifest.map_err(ApiError::Conflict)?;
        let module = Arc::new(self.versions(name).module(&target).map_err(ApiError::Conflict)?);
        let spec = folder::spec(&self.dir, name, false, &manifest, &module).map_err(ApiError::Conflict)?;
        let (live, previous) = (RuleKey::live(name), RuleKey::previous(name));
        let found = history.state_of == target.number;
        let (moves, how) = if found {
            (StateMove::Exchange(live, previous), "the state that it had")
        } else {
            (StateMove::Copy { from: live, to: previous }, "the state of the version before it")
        };
        self.checked(&spec, std::slice::from_ref(&moves))?;
        let done = format!("{name} is version {} ({}) again, with {how}", target.number, target.module);
        let action = format!("rolled back to {}", target.number);
        let (time_ns, who) = (self.clock.now_ns(), who.to_owned());
        let entry = VersionEntry { time_ns, who, action, manifest: manifest.clone(), ..target };
        Ok((history, Prepared { manifest, entry, moves: vec![moves], state_of: Some(before), done }))
    }
}
