//! Reloads configuration and inventory while the host runs: a change takes effect whole or not at all.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use lifesigns::{ConfigureError, RecordingHost, recorder_config, sources::SourceSupervisor};
use lifesigns_api::ApiError;
use lifesigns_ingest::AgentRegistry;
use lifesigns_intake::SourceSettings;
use lifesigns_notifications::{ReceiverConfig, ReceiverKind};
use lifesigns_settings::{ServerSettings, Settings};

use crate::{
    compliance::settings,
    exit::{Failure, Outcome},
    inventory::{self, Debounce, InventoryContent},
    preflight, terminal,
};

/// A version of a file: device, inode, size, and its times of modification and change. Used only to decide
/// when to read it.
type Version = Option<(u64, u64, u64, [i64; 4])>;

/// Files by path, each once.
type Versions = Vec<(PathBuf, Version)>;

/// Watches the files of the configuration and reloads them when they change.
pub(crate) struct ConfigWatcher {
    path: PathBuf,
    seen: Versions,
    fixed: RestartSettings,
    /// Why the last change could not be applied; it is tried again.
    failed: Option<String>,
    /// Inventories that have changed and may not be complete yet.
    debounce: Debounce<Versions>,
    inventories: Vec<PathBuf>,
    agents: Arc<AgentRegistry>,
}

/// The settings that a host cannot change while it runs.
#[derive(PartialEq)]
struct RestartSettings {
    rules: PathBuf,
    cache: Option<PathBuf>,
    store: PathBuf,
    control: PathBuf,
    output: Option<PathBuf>,
    engine: String,
    /// Limits on compiling, memory of modules, and their folders.
    modules: String,
    file_mode: u32,
    server: Option<ServerSettings>,
}

impl RestartSettings {
    fn of(settings: &Settings) -> Self {
        Self {
            rules: settings.rules.clone(),
            cache: settings.cache.clone(),
            store: settings.store.clone(),
            control: settings.control.clone(),
            output: settings.output.file.clone(),
            engine: format!("{:?}", settings.engine),
            modules: format!("{:?}", (&settings.compile, settings.rules_memory_bytes, &settings.module_folders)),
            file_mode: settings.file_mode,
            server: settings.server.clone(),
        }
    }
}

impl ConfigWatcher {
    pub(crate) fn new(path: &Path, settings: &Settings, agents: Arc<AgentRegistry>) -> Self {
        let seen = versions(path, &settings.files, &settings.inventories);
        Self {
            path: path.to_owned(),
            seen,
            fixed: RestartSettings::of(settings),
            failed: None,
            debounce: Debounce::default(),
            inventories: settings.inventories.clone(),
            agents,
        }
    }

    /// Notes that the host runs and the inventory was incomplete at the start: it counts as changed.
    pub(crate) fn begin_incomplete(&mut self, host: &RecordingHost, read: InventoryContent) {
        if host.recorder().listed().is_empty() {
            // There was none before, so that an incomplete one is better than none.
            let _ = host.inventory(read.objects);
            return;
        }
        terminal::warning("the inventory seems to be incomplete; the last complete one is used until it is whole");
        for (path, version) in &mut self.seen {
            if self.inventories.contains(path) {
                *version = None;
            }
        }
    }

    /// Whether an inventory has changed and may still be being written.
    fn inventory_settles(&mut self, now: &Versions, host: &RecordingHost) -> bool {
        let of = |versions: &Versions| -> Versions {
            versions.iter().filter(|(path, _)| self.inventories.contains(path)).cloned().collect()
        };
        let (now, before) = (of(now), of(&self.seen));
        if now == before {
            return false;
        }
        let inventories = &self.inventories;
        !self.debounce.is_over(now, Instant::now(), || {
            let Ok(read) = inventory::read(inventories) else { return false };
            read.is_complete() && !host.recorder().inventory_diff(&read.objects).is_reduction()
        })
    }

    /// Checks the files, and applies changes.
    pub(crate) fn poll(&mut self, host: &RecordingHost, sources: &mut SourceSupervisor) -> Outcome {
        let paths: Vec<PathBuf> = self.seen.iter().map(|(path, _)| path.clone()).collect();
        // The versions before reading: what is written meanwhile is read again.
        let before = versions(&self.path, &paths, &[]);
        if before == self.seen || self.inventory_settles(&before, host) {
            return Ok(());
        }
        match self.read(host, &before) {
            Ok((settings, seen)) => self.adopt(&settings, seen, host, sources),
            Err(failure) => {
                let text = failure.to_string();
                if self.failed.as_ref() != Some(&text) {
                    terminal::warning(&format!("{text}\nThe configuration is unchanged."));
                    host.recorder().set_config_status(Vec::new(), text.clone());
                }
                // Printed once for each version of the files. Mistakes in them are not checked again until
                // they change; what the host could not do now is tried again.
                self.failed = Some(text);
                if matches!(failure, Failure::Configuration(_) | Failure::Diagnosed(_)) {
                    (self.seen, self.failed) = (before, None);
                }
                Ok(())
            }
        }
    }

    /// Reads the files now, whether they have changed or not, and applies them.
    ///
    /// # Errors
    /// What is wrong with them; nothing of them is in force then.
    pub(crate) fn reload_now(
        &mut self,
        host: &RecordingHost,
        sources: &mut SourceSupervisor,
    ) -> Result<String, ApiError> {
        let paths: Vec<PathBuf> = self.seen.iter().map(|(path, _)| path.clone()).collect();
        let before = versions(&self.path, &paths, &[]);
        let read = self.read(host, &before).and_then(|(settings, seen)| self.adopt(&settings, seen, host, sources));
        match read {
            Ok(()) => Ok(format!("{} read", self.path.display())),
            Err(failure) => {
                host.recorder().set_config_status(Vec::new(), failure.to_string());
                Err(ApiError::Invalid(format!("{failure}\nThe configuration is unchanged.")))
            }
        }
    }

    /// Goes on with settings that are in force.
    fn adopt(
        &mut self,
        settings: &Settings,
        seen: Versions,
        host: &RecordingHost,
        sources: &mut SourceSupervisor,
    ) -> Outcome {
        (self.seen, self.failed) = (seen, None);
        self.inventories.clone_from(&settings.inventories);
        self.agents.set_groups(&settings.agent_groups);
        settings.warnings.iter().for_each(|warning| terminal::warning(warning));
        host.recorder().set_config_status(settings.files.clone(), String::new());
        if RestartSettings::of(settings) != self.fixed {
            terminal::warning(
                "rules, module-folders, rules-memory, compile, cache, store, control, file-mode, output, server \
                 and engine keep their values until a restart",
            );
        }
        terminal::line(&format!("{}: configuration reloaded", self.path.display()));
        reconcile(sources, &settings.sources)
    }

    /// Reads and applies the files, and returns them with the versions that were read.
    fn read(&self, host: &RecordingHost, before: &Versions) -> Result<(Box<Settings>, Versions), Failure> {
        let settings = settings(&self.path)?;
        preflight::require_source(&self.path, &settings)?;
        let mut seen = versions(&self.path, &settings.files, &settings.inventories);
        for (path, version) in &mut seen {
            if let Ok(at) = before.binary_search_by(|(other, _)| other.cmp(path)) {
                *version = before[at].1;
            }
        }
        let read = inventory::read(&settings.inventories)?;
        read.refuse_empty(&host.recorder().listed())?;
        let mut config = recorder_config(&settings);
        keep_file_mode(&mut config.receivers, self.fixed.file_mode);
        host.recorder().configure(config).map_err(|error| match error {
            ConfigureError::Store(_) => Failure::failed(error),
            _ => Failure::configuration(error),
        })?;
        host.inventory(read.objects).map_err(Failure::failed)?;
        Ok((settings, seen))
    }
}

/// Reads exactly these sources from now on. The failures of those that end are printed.
///
/// # Errors
/// When the system gives no thread.
pub(crate) fn reconcile(sources: &mut SourceSupervisor, configs: &[SourceSettings]) -> Outcome {
    for failure in sources.reconcile(configs).map_err(Failure::failed)? {
        terminal::warning(&failure.to_string());
    }
    Ok(())
}

/// Sets the mode that files of receivers are made with to the one that the host started with.
fn keep_file_mode(receivers: &mut [ReceiverConfig], mode: u32) {
    for receiver in receivers {
        if let ReceiverKind::Ndjson(lines) = &mut receiver.kind {
            lines.mode = mode;
        }
    }
}

/// Returns the versions of the files, and of the folder `conf.d`.
fn versions(path: &Path, files: &[PathBuf], inventories: &[PathBuf]) -> Versions {
    let conf_d = path.parent().unwrap_or(Path::new("")).join("conf.d");
    let mut all: Vec<PathBuf> = files.iter().chain(inventories).cloned().collect();
    all.extend([path.to_owned(), conf_d]);
    all.sort();
    all.dedup();
    all.into_iter().map(|path| (path.clone(), version(&path))).collect()
}

/// Returns the version of a file; `None` if it is not there.
fn version(path: &Path) -> Version {
    let file = fs::metadata(path).ok()?;
    let times = [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()];
    Some((file.dev(), file.ino(), file.size(), times))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_mode_waits_for_a_restart_everywhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lifesigns.toml");
        let read = |mode: &str| {
            let rest = "rules = \"rules\"\n[[receiver]]\nname = \"log\"\nndjson = { file = \"alerts.ndjson\" }\n";
            fs::write(&path, format!("file-mode = \"{mode}\"\n{rest}")).expect("it is written");
            settings(&path).expect("it is sound")
        };
        let (before, mut after) = (read("0600"), read("0640"));
        assert_ne!(before.receivers, after.receivers);
        let agents = Arc::new(AgentRegistry::new(lifesigns::model::SystemClock::shared()));
        let reload = ConfigWatcher::new(&path, &before, agents);
        assert!(RestartSettings::of(&after) != reload.fixed, "it is warned of");
        keep_file_mode(&mut after.receivers, reload.fixed.file_mode);
        assert_eq!(before.receivers, after.receivers, "none of them begins again");
    }
}
