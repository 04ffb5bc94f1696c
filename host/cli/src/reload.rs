//! Configuration and inventory while the host runs: what changes in the files takes effect, whole or
//! not at all.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::Instant,
};

use lifesigns::{ConfigureError, RecordingHost, sources::Sources};
use lifesigns_intake::SourceSettings;
use lifesigns_notifications::{ReceiverConfig, ReceiverKind};
use lifesigns_settings::Settings;

use crate::{
    compliance::settings,
    exit::{Failure, Outcome},
    inventory::{self, Read, Settling},
    preflight, say,
    setup::setup,
};

/// What tells one version of a file from another: device, inode, size, and when it was written and
/// changed. It says when to read, and nothing else.
type Version = Option<(u64, u64, u64, [i64; 4])>;

/// Files by path, each once.
type Versions = Vec<(PathBuf, Version)>;

/// The files as they were when they were read last.
pub(crate) struct Reload {
    path: PathBuf,
    seen: Versions,
    fixed: Fixed,
    /// Why the host could not put them in force last; it is tried again.
    failed: Option<String>,
    /// Inventories that have changed and may not be whole yet.
    settling: Settling<Versions>,
    inventories: Vec<PathBuf>,
}

/// What a host cannot change while it runs.
#[derive(PartialEq)]
struct Fixed {
    rules: PathBuf,
    cache: Option<PathBuf>,
    store: PathBuf,
    control: PathBuf,
    output: Option<PathBuf>,
    engine: String,
    /// Compiling, and what modules may take and where they may lie.
    modules: String,
    file_mode: u32,
}

impl Fixed {
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
        }
    }
}

impl Reload {
    pub(crate) fn new(path: &Path, settings: &Settings) -> Self {
        let seen = versions(path, &settings.files, &settings.inventories);
        Self {
            path: path.to_owned(),
            seen,
            fixed: Fixed::of(settings),
            failed: None,
            settling: Settling::default(),
            inventories: settings.inventories.clone(),
        }
    }

    /// The host runs. What it could not begin with is looked at again as if it had just changed.
    pub(crate) fn begin(&mut self, host: &RecordingHost, read: Read) {
        let listed = host.recorder().listed();
        if read.is_whole() {
            return;
        }
        if listed.is_empty() {
            // There was none before: any is better than none.
            let _ = host.inventory(read.objects);
            return;
        }
        say::warning("the inventory does not seem to be whole; what was read last stands until it is");
        for (path, version) in &mut self.seen {
            if self.inventories.contains(path) {
                *version = None;
            }
        }
    }

    /// Whether an inventory has changed and is not to be read yet, because it may still be written.
    fn inventory_settles(&mut self, now: &Versions, host: &RecordingHost) -> bool {
        let of = |versions: &Versions| -> Versions {
            versions.iter().filter(|(path, _)| self.inventories.contains(path)).cloned().collect()
        };
        let (now, before) = (of(now), of(&self.seen));
        if now == before {
            return false;
        }
        let inventories = &self.inventories;
        !self.settling.is_over(now, Instant::now(), || {
            let Ok(read) = inventory::read(inventories) else { return false };
            read.is_whole() && !host.recorder().inventory_diff(&read.objects).is_reduction()
        })
    }

    /// Looks at the files, and does what follows from them.
    pub(crate) fn look(&mut self, host: &RecordingHost, sources: &mut Sources) -> Outcome {
        let paths: Vec<PathBuf> = self.seen.iter().map(|(path, _)| path.clone()).collect();
        // As they are before they are read: what is written meanwhile is read again.
        let before = versions(&self.path, &paths, &[]);
        if before == self.seen || self.inventory_settles(&before, host) {
            return Ok(());
        }
        match self.read(host, &before) {
            Ok((settings, seen)) => {
                (self.seen, self.failed) = (seen, None);
                self.inventories.clone_from(&settings.inventories);
                host.recorder().set_config_status(settings.files.clone(), String::new());
                if Fixed::of(&settings) != self.fixed {
                    say::warning(
                        "rules, module-folders, rules-memory, compile, cache, store, control, file-mode, output and \
                         engine are as before until a restart",
                    );
                }
                say::line(&format!("{}: read again, and in force", self.path.display()));
                reconcile(sources, &settings.sources)
            }
            Err(failure) => {
                let text = failure.to_string();
                if self.failed.as_ref() != Some(&text) {
                    say::warning(&format!("{text}\nThe configuration stays as it was."));
                    host.recorder().set_config_status(Vec::new(), text.clone());
                }
                // Said once for each version of the files. What is wrong in them is not looked at
                // again until they change; what the host could not do now is tried again.
                self.failed = Some(text);
                if matches!(failure, Failure::Configuration(_) | Failure::Diagnosed(_)) {
                    (self.seen, self.failed) = (before, None);
                }
                Ok(())
            }
        }
    }

    /// Reads the files and puts them in force; with the versions of them that were read.
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
        read.refuse_nothing(&host.recorder().listed())?;
        let mut setup = setup(&settings);
        hold_mode(&mut setup.receivers, self.fixed.file_mode);
        host.recorder().configure(setup).map_err(|error| match error {
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
pub(crate) fn reconcile(sources: &mut Sources, configs: &[SourceSettings]) -> Outcome {
    for failure in sources.reconcile(configs).map_err(Failure::failed)? {
        say::warning(&failure.to_string());
    }
    Ok(())
}

/// Files of receivers are made with the mode that the host began with, as `[output]` is.
fn hold_mode(receivers: &mut [ReceiverConfig], mode: u32) {
    for receiver in receivers {
        if let ReceiverKind::Ndjson(lines) = &mut receiver.kind {
            lines.mode = mode;
        }
    }
}

/// The versions of the files, and of what may come: the folder `conf.d` is a file to us.
fn versions(path: &Path, files: &[PathBuf], inventories: &[PathBuf]) -> Versions {
    let conf_d = path.parent().unwrap_or(Path::new("")).join("conf.d");
    let mut all: Vec<PathBuf> = files.iter().chain(inventories).cloned().collect();
    all.extend([path.to_owned(), conf_d]);
    all.sort();
    all.dedup();
    let version = |path: &PathBuf| {
        let file = fs::metadata(path).ok()?;
        let times = [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()];
        Some((file.dev(), file.ino(), file.size(), times))
    };
    all.into_iter().map(|path| (path.clone(), version(&path))).collect()
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
        let reload = Reload::new(&path, &before);
        assert!(Fixed::of(&after) != reload.fixed, "it is warned of");
        hold_mode(&mut after.receivers, reload.fixed.file_mode);
        assert_eq!(before.receivers, after.receivers, "none of them begins again");
    }
}
