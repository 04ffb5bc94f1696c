//! Puts another version of a rule in force, as one transaction: until the record has it, `pending.json` says what a
//! start has to go back to, and the audit log has nothing of it.

use std::sync::Arc;

use lifesigns_api::ApiError;
use lifesigns_model::{RuleChangeMark, RuleKey};
use lifesigns_recorder::{RuleAudit, crash};
use lifesigns_rulestore::{ManifestChange, PendingChange, VersionHistory};
use parking_lot::MutexGuard;
use serde_json::{Value, json};

use super::{
    FolderControl, Prepared,
    folder::{self, FolderRule},
};
use crate::rule_desk::DeskState;

impl FolderControl {
    /// Writes a new live version and waits until it runs.
    pub(super) fn put_live(
        &self,
        mut desk: MutexGuard<'_, DeskState>,
        present: &FolderRule,
        (history, prepared): (VersionHistory, Prepared),
        who: &str,
        audit: &RuleAudit<'_>,
    ) -> Result<String, ApiError> {
        let name = &*present.name;
        audit.check_store()?;
        self.settle_open(name, &desk, audit)?;
        let pending = Arc::new(self.pending(present, &history, &prepared)?);
        let mark = RuleChangeMark { rule: name.to_owned(), change: pending.change.clone() };
        let before = if present.is_there { json!({ "digest": present.module.digest }) } else { Value::Null };
        let after = json!({ "digest": prepared.entry.digest, "module": prepared.entry.module });
        let entry = self.audited(who, &format!("rule {}", prepared.entry.action), name, before, after);
        let (moves, done) = (prepared.moves.clone(), prepared.done.clone());
        self.open.lock().insert(name.to_owned(), Arc::clone(&pending));
        if let Err(why) = self.write_live(present, &pending, (history, prepared)) {
            return Err(self.taken_back(&mark, &pending, ApiError::Unavailable(why)));
        }
        audit.commit_with(&mark, entry);
        desk.set_moves(name, moves, &pending.change);
        let done = self.await_load(desk, &RuleKey::live(name), done);
        crash::point(crash::RULE_LOADED);
        match done {
            Err(ApiError::Conflict(why)) => {
                audit.withdraw(&mark);
                let _desk = self.desk.lock();
                Err(self.taken_back(&mark, &pending, ApiError::Conflict(why)))
            }
            // Also if it was not loaded in time: it may come into force later.
            done => done,
        }
    }

    /// Writes what a change is, and then the change.
    fn write_live(
        &self,
        present: &FolderRule,
        pending: &PendingChange,
        (mut history, prepared): (VersionHistory, Prepared),
    ) -> Result<(), String> {
        let versions = self.versions(&present.name);
        versions.begin(pending)?;
        crash::point(crash::RULE_NOTED);
        history.push(prepared.entry);
        if let Some(state_of) = prepared.state_of {
            history.state_of = state_of;
        }
        let used = [folder::modules_of(&prepared.manifest), folder::modules_of(&present.text)].concat();
        versions.write(&history, &used)?;
        crash::point(crash::RULE_HISTORY);
        self.write_manifest(&present.name, &prepared.manifest, present.own_module())
    }

    /// Undoes a change that did not come into force, unless that was done already, and returns why it did not.
    fn taken_back(&self, mark: &RuleChangeMark, pending: &PendingChange, why: ApiError) -> ApiError {
        let mut open = self.open.lock();
        if open.get(&mark.rule).is_none_or(|open| open.change != mark.change) {
            return why;
        }
        let undone = self.versions(&mark.rule).undo(pending);
        open.remove(&mark.rule);
        drop(open);
        match undone {
            Ok(true) => why,
            Ok(false) => ApiError::Conflict(format!("{why}; its manifest was changed since, and stays as it is")),
            Err(more) => ApiError::Unavailable(format!("{why}; what was written of it cannot be taken back: {more}")),
        }
    }

    /// Ends a change that is in the record.
    pub(super) fn end(&self, mark: &RuleChangeMark) {
        let mut open = self.open.lock();
        if open.get(&mark.rule).is_some_and(|pending| pending.change == mark.change) {
            open.remove(&mark.rule);
            self.versions(&mark.rule).end();
        }
    }

    /// Sees to the change before this one, if it is still under way. Nothing else may be written before it is over: what
    /// it goes back to would not be what is there.
    pub(super) fn settle_open(&self, name: &str, desk: &DeskState, audit: &RuleAudit<'_>) -> Result<(), ApiError> {
        if !self.open.lock().contains_key(name) {
            return Ok(());
        }
        if desk.is_moving(name) {
            let why = format!("the change of {name} before this one is still being loaded: repeat the command");
            return Err(ApiError::Conflict(why));
        }
        // If it is in force, it is over once it is committed.
        audit.wait_committed()?;
        let Some(pending) = self.open.lock().get(name).cloned() else { return Ok(()) };
        // It was refused after its caller had gone.
        let refused = format!("the change of {name} before this one was refused, and is over now: repeat the command");
        let mark = RuleChangeMark { rule: name.to_owned(), change: pending.change.clone() };
        audit.withdraw(&mark);
        Err(self.taken_back(&mark, &pending, ApiError::Conflict(refused)))
    }

    /// Returns what to go back to if a change does not come into force.
    fn pending(
        &self,
        present: &FolderRule,
        history: &VersionHistory,
        prepared: &Prepared,
    ) -> Result<PendingChange, ApiError> {
        let path = self.dir.join(format!("{}.toml", present.name));
        let live = history.live_entry(&present.module.digest).filter(|_| present.own_module().is_some());
        let without_own = live.map(|live| ManifestChange::Module(live.file.clone()).apply(&path, &present.text));
        Ok(PendingChange {
            change: format!("{}-{}", history.live, prepared.entry.time_ns),
            manifest_before: std::fs::read_to_string(&path).ok(),
            manifest_without_own: without_own.transpose().map_err(ApiError::Conflict)?,
            manifest: prepared.manifest.clone(),
            history_before: history.clone(),
        })
    }
}
