//! Changes rules of a running host through its rules folder, which stays the truth: checked first, then
//! written whole, then loaded by the thread that watches the folder.

mod folder;
mod modules;
mod plan;
mod replace;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use parking_lot::{Mutex, MutexGuard};

use lifesigns_api::{ApiError, RuleChange, RuleUpload, RuleVersion};
use lifesigns_compliance::AuditedChange;
use lifesigns_engine::{Engine, StateMove};
use lifesigns_model::{Module, RuleChangeMark, RuleKey, SharedClock, WakeSignal};
use lifesigns_recorder::{RuleAudit, RuleControl, crash};
use lifesigns_rulestore::{
    ManifestChange, ModuleBytes, PendingChange, RuleSpec, VersionEntry, VersionHistory, Versions, check_name,
};
use lifesigns_sandbox::Sandbox;
use lifesigns_text::{suggestion, visible_word};
use serde_json::{Value, json};

use crate::{
    load::{LoadOutcome, RuleLoad},
    loader::open,
    rule_desk::{DeskState, RuleDesk},
    state_versions::StateVersions,
};
use folder::FolderRule;

/// How long a caller waits for the folder to be loaded.
const LOAD_WAIT: Duration = Duration::from_secs(50);

/// See the module.
pub(crate) struct FolderControl {
    pub(crate) dir: PathBuf,
    pub(crate) sandbox: Sandbox,
    pub(crate) engine: Arc<Engine>,
    pub(crate) desk: RuleDesk,
    /// Wakes the thread that loads.
    pub(crate) signal: WakeSignal,
    pub(crate) clock: SharedClock,
    /// Of what rules hold.
    pub(crate) versions: StateVersions,
    /// By the rule's name: the change that is under way.
    pub(crate) open: Mutex<BTreeMap<String, Arc<PendingChange>>>,
}

/// A change of the live version that is ready to be written.
struct Prepared {
    manifest: String,
    entry: VersionEntry,
    moves: Vec<StateMove>,
    /// The version whose state is set aside then; `None` leaves what is.
    state_of: Option<u64>,
    done: String,
}

impl RuleControl for FolderControl {
    fn change(&self, rule: &str, change: &RuleChange, who: &str, audit: &RuleAudit<'_>) -> Result<String, ApiError> {
        check_name(rule).map_err(|why| ApiError::Invalid(why.replace(": rename the file", "")))?;
        if let RuleChange::Load(upload) = change {
            return self.load(rule, upload, who, audit);
        }
        let desk = self.desk.lock();
        let present = match self.present(&desk, rule) {
            // What is refused can be taken away.
            Err(_) if *change == RuleChange::Unload => FolderRule::refused(&self.dir, rule),
            found => found?.ok_or_else(|| unknown(&desk, rule))?,
        };
        match change {
            RuleChange::Load(_) => unreachable!("answered above"),
            RuleChange::Unload => self.unload(desk, &present, who, audit),
            RuleChange::Enable => self.edit(desk, &present, &ManifestChange::Enabled(true), (who, "enabled"), audit),
            RuleChange::Disable => self.edit(desk, &present, &ManifestChange::Enabled(false), (who, "disabled"), audit),
            RuleChange::Quarantine => {
                self.edit(desk, &present, &ManifestChange::Paused(true), (who, "quarantined"), audit)
            }
            RuleChange::Release => {
                let done = self.edit(desk, &present, &ManifestChange::Paused(false), (who, "released"), audit)?;
                self.release(rule);
                Ok(done)
            }
            RuleChange::Promote => {
                let (history, prepared) = self.promotion(&desk, &present, who)?;
                self.put_live(desk, &present, (history, prepared), who, audit)
            }
            RuleChange::Rollback(to) => {
                let (history, prepared) = self.rollback(&present, *to, who)?;
                self.put_live(desk, &present, (history, prepared), who, audit)
            }
        }
    }

    fn committed(&self, mark: &RuleChangeMark) {
        self.end(mark);
    }

    fn history(&self, rule: &str) -> Result<Vec<RuleVersion>, ApiError> {
        let known = check_name(rule).is_ok();
        let history = if known { self.versions(rule).history() } else { Ok(VersionHistory::default()) };
        let history = history.map_err(ApiError::Internal)?;
        let desk = self.desk.lock();
        if history.entries.is_empty() && desk.snapshot.rule(rule).is_none() {
            return Err(unknown(&desk, rule));
        }
        let digest = desk.snapshot.rule(rule).map(|spec| spec.module.digest.clone()).unwrap_or_default();
        let version = |entry: &VersionEntry| RuleVersion {
            number: entry.number,
            live: history.live == entry.number && entry.digest == digest,
            has_state: history.state_of == entry.number,
            time_ns: entry.time_ns,
            who: entry.who.clone(),
            action: entry.action.clone(),
            module: entry.module.clone(),
            digest: entry.digest.clone(),
        };
        Ok(history.entries.iter().map(version).collect())
    }

    fn module(&self, rule: &str, digest: &str) -> Result<Arc<dyn Module>, ApiError> {
        check_name(rule).map_err(ApiError::Invalid)?;
        self.module_of(rule, digest)
    }

    fn reload(&self) -> Result<String, ApiError> {
        let loads = self.loaded(self.desk.lock())?;
        let refused = loads.iter().filter(|load| matches!(load.outcome, LoadOutcome::Refused { .. }));
        let refused: Vec<String> = refused.map(ToString::to_string).collect();
        if refused.is_empty() {
            return Ok("rules folder read".to_owned());
        }
        Err(ApiError::Conflict(refused.join("\n")))
    }
}

impl FolderControl {
    fn versions(&self, rule: &str) -> Versions {
        Versions::new(&self.dir, rule)
    }

    fn present(&self, desk: &DeskState, rule: &str) -> Result<Option<FolderRule>, ApiError> {
        FolderRule::find(&self.dir, rule, &desk.snapshot).map_err(ApiError::Conflict)
    }

    /// Returns what an upload replaces. A manifest of its own also replaces one that is refused.
    fn replaced(&self, desk: &DeskState, rule: &str, upload: &RuleUpload) -> Result<Option<FolderRule>, ApiError> {
        match self.present(desk, rule) {
            Err(_) if upload.manifest.is_some() => Ok(None),
            found => found,
        }
    }

    /// Checks an uploaded module before anything is written: it is compiled, described with its settings and
    /// shown recent events.
    fn load(&self, rule: &str, upload: &RuleUpload, who: &str, audit: &RuleAudit<'_>) -> Result<String, ApiError> {
        if upload.shadow && upload.manifest.is_some() {
            return Err(ApiError::Invalid(
                "a shadow is loaded without a manifest: it is the one of the rule".to_owned(),
            ));
        }
        let module = Arc::new(ModuleBytes::new(upload.module.clone()));
        let present = self.replaced(&self.desk.lock(), rule, upload)?;
        let text = match (&upload.manifest, &present) {
            (Some(manifest), _) => manifest.clone(),
            (None, Some(present)) => present.text.clone(),
            (None, None) => String::new(),
        };
        let file = Versions::path_of(rule, &module);
        let change = if upload.shadow { ManifestChange::Shadow(file) } else { ManifestChange::Module(file) };
        if upload.shadow && present.is_none() {
            let why = format!("there is no rule {rule} that it could run beside: load it as the live version first");
            return Err(ApiError::Conflict(why));
        }
        let path = self.dir.join(format!("{rule}.toml"));
        let manifest = change.apply(&path, &text).map_err(ApiError::Invalid)?;
        let is_live = present.as_ref().is_some_and(|now| now.text == manifest && now.module.digest == module.digest);
        if is_live && !upload.shadow {
            return Ok(format!("that module is the live version of {rule} already"));
        }
        let spec = folder::spec(&self.dir, rule, upload.shadow, &manifest, &module).map_err(ApiError::Invalid)?;
        let named = self.checked(&spec, &[])?;
        let desk = self.desk.lock();
        // It may have changed while the module was compiled.
        let present = self.replaced(&desk, rule, upload)?;
        if present.as_ref().map(|present| &present.text) != Some(&text) && upload.manifest.is_none() && !text.is_empty()
        {
            return Err(ApiError::Conflict(format!("{rule} was changed meanwhile: repeat the command")));
        }
        self.versions(rule).put(&module).map_err(ApiError::Unavailable)?;
        if upload.shadow {
            self.settle_open(rule, &desk, audit)?;
            let digest = json!({ "shadow": module.digest, "module": named });
            audit.commit(self.audited(who, "rule shadow loaded", rule, Value::Null, digest))?;
            self.write_manifest(rule, &manifest, None).map_err(ApiError::Unavailable)?;
            return self.await_load(desk, &RuleKey::shadow(rule), format!("{named} runs beside {rule}"));
        }
        let present = present.unwrap_or_else(|| FolderRule::absent(rule));
        let planned = self.replacement(&present, (&module, named), manifest, who)?;
        self.put_live(desk, &present, planned, who, audit)
    }

    /// Admits the module, checks that it can go on with what is held after `moves`, and returns its name and version.
    fn checked(&self, spec: &RuleSpec, moves: &[StateMove]) -> Result<String, ApiError> {
        let admitted = self.sandbox.load(&spec.module.bytes, &spec.module.digest);
        let rule = open(spec, admitted, &self.engine.sample()).map_err(|failure| match failure.is_transient {
            true => ApiError::Unavailable(failure.why),
            false => ApiError::Invalid(format!("refused, nothing was changed: {}", failure.why)),
        })?;
        if !spec.discards_state {
            let checked = self.versions.check(&spec.key, &rule.description, moves);
            checked.map_err(|why| ApiError::Conflict(format!("refused, nothing was changed: {why}")))?;
        }
        Ok(format!("{} {}", rule.description.name, rule.description.version))
    }

    /// Changes a key of the manifest and waits until it is in force.
    fn edit(
        &self,
        desk: MutexGuard<'_, DeskState>,
        present: &FolderRule,
        change: &ManifestChange,
        (who, what): (&str, &str),
        audit: &RuleAudit<'_>,
    ) -> Result<String, ApiError> {
        let name = &*present.name;
        self.settle_open(name, &desk, audit)?;
        let path = self.dir.join(format!("{name}.toml"));
        let manifest = change.apply(&path, &present.text).map_err(ApiError::Conflict)?;
        audit.commit(self.audited(who, &format!("rule {what}"), name, Value::Null, Value::Null))?;
        self.write_manifest(name, &manifest, None).map_err(ApiError::Unavailable)?;
        self.await_load(desk, &RuleKey::live(name), format!("rule {name} is {what}"))
    }

    fn unload(
        &self,
        desk: MutexGuard<'_, DeskState>,
        present: &FolderRule,
        who: &str,
        audit: &RuleAudit<'_>,
    ) -> Result<String, ApiError> {
        let name = &*present.name;
        self.settle_open(name, &desk, audit)?;
        if present.is_there {
            let mut history = self.versions(name).history().map_err(ApiError::Conflict)?;
            self.adopt(present, &mut history)?;
            self.versions(name).write(&history, &[]).map_err(ApiError::Unavailable)?;
        }
        let before = json!({ "digest": present.module.digest });
        audit.commit(self.audited(who, "rule unloaded", name, before, Value::Null))?;
        present.remove().map_err(ApiError::Unavailable)?;
        self.loaded(desk)?;
        Ok(format!("rule {name} is out of the rules folder; its versions are kept, and its state"))
    }

    /// Replaces the manifest, and removes a module that nothing names any more.
    fn write_manifest(&self, name: &str, manifest: &str, unused: Option<&Path>) -> Result<(), String> {
        lifesigns_rulestore::replace(&self.dir.join(format!("{name}.toml")), manifest.as_bytes())?;
        if let Some(unused) = unused {
            // If it stays, it is refused with the reason.
            let _ = std::fs::remove_file(unused);
        }
        crash::point(crash::RULE_MANIFEST);
        Ok(())
    }

    /// Waits until `key` is loaded.
    fn await_load(&self, desk: MutexGuard<'_, DeskState>, key: &RuleKey, done: String) -> Result<String, ApiError> {
        let loads = self.loaded(desk)?;
        let outcome = loads.iter().find(|load| load.key == *key).map(|load| &load.outcome);
        match outcome {
            Some(LoadOutcome::Refused { why, .. }) => Err(ApiError::Conflict(why.clone())),
            Some(LoadOutcome::Compiling { .. }) => Ok(format!("{done}; it is being compiled")),
            _ => Ok(done),
        }
    }

    /// Has the folder loaded, and waits for the outcome.
    fn loaded(&self, mut desk: MutexGuard<'_, DeskState>) -> Result<Vec<RuleLoad>, ApiError> {
        let outcome = desk.wait();
        drop(desk);
        self.signal.wake();
        outcome.recv_timeout(LOAD_WAIT).map_err(|_| {
            ApiError::Unavailable(
                "it is in the rules folder, and was not loaded in time: see `lifesigns status`".to_owned(),
            )
        })
    }

    fn release(&self, rule: &str) {
        let (rules, now_ns) = (self.engine.rules(), self.clock.now_ns());
        for key in [RuleKey::live(rule), RuleKey::shadow(rule)] {
            if let Some(rule) = rules.rule(&key) {
                rule.release(now_ns);
            }
        }
    }

    fn audited(&self, who: &str, what: &str, rule: &str, before: Value, after: Value) -> AuditedChange {
        AuditedChange {
            time_ns: self.clock.now_ns(),
            who: who.to_owned(),
            what: what.to_owned(),
            subject: rule.to_owned(),
            before,
            after,
        }
    }
}

fn unknown(desk: &DeskState, rule: &str) -> ApiError {
    let names = desk.snapshot.rules.iter().map(|spec| &*spec.key.name);
    let meant = suggestion(rule, names);
    ApiError::Unknown(format!("there is no rule {} in the rules folder{meant}", visible_word(rule)))
}
