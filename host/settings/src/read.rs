//! Reads settings from the checked tree. Values that the tables of keys refuse were reported before and are
//! skipped; only what depends on several tables is checked here.

mod alerts;
mod fields;
mod groups;
mod host;
mod policies;
mod reader;
mod receivers;
mod routes;

use std::path::{Path, PathBuf};

use lifesigns_compliance::{ComplianceConfig, config::BadgeFormula};
use lifesigns_model::limits;
use lifesigns_text::size_bytes;

use self::{
    fields::{duration, flag, list, names, text},
    reader::{KnownNames, Reader},
};
use crate::{
    check::Checker,
    raw::RawNode,
    settings::{OutputSettings, RetentionSettings, Settings},
};

const STORE: &str = "lifesigns.db";
const FILE_MODE: u32 = 0o600;
const RULES_MEMORY_BYTES: u64 = limits::RULES_MEMORY_BYTES as u64;
const REOPEN_MS: u64 = 10 * 60 * 1000;
const METRICS_AGE_MS: u64 = 24 * 3600 * 1000;

/// Reads a tree into settings. `path` is the file, `base` its folder, and `files` are those that were
/// read.
pub(crate) fn settings(
    root: &RawNode,
    path: &Path,
    base: &Path,
    files: Vec<PathBuf>,
    check: &mut Checker<'_>,
) -> Settings {
    Reader::new(path, base, check, file_mode(root)).settings(root, files)
}

impl Reader<'_, '_> {
    fn settings(mut self, root: &RawNode, mut files: Vec<PathBuf>) -> Settings {
        let store = self.path_of(root, "store").unwrap_or_else(|| self.base.join(STORE));
        let control = self.path_of(root, "control").unwrap_or_else(|| store.with_extension("sock"));
        let inventories = self.inventories(root);
        let sources = self.sources(list(root, "source"));
        let receivers = self.receivers(list(root, "receiver"));
        let compliance = self.compliance(root);
        let file = root.get("output").and_then(|output| self.path_of(output, "file"));
        files.extend(inventories.iter().cloned());
        files.append(&mut self.files);
        Settings {
            path: self.path.to_owned(),
            files,
            rules: self.path_of(root, "rules").unwrap_or_default(),
            inventories,
            cache: self.path_of(root, "cache"),
            store,
            control,
            output: OutputSettings { file },
            file_mode: self.file_mode,
            module_folders: self.module_folders(root),
            rules_memory_bytes: text(root, "rules-memory").and_then(size_bytes).unwrap_or(RULES_MEMORY_BYTES),
            compile: root.get("compile").map(host::compile).unwrap_or_default(),
            engine: root.get("engine").map(host::engine).unwrap_or_default(),
            sources,
            compliance,
            receivers,
            outbound: root.get("outbound").map(host::outbound).unwrap_or_default(),
            retention: root.get("retention").map_or_else(RetentionSettings::default, host::retention),
        }
    }

    fn compliance(&mut self, root: &RawNode) -> ComplianceConfig {
        let (groups, policies, alerts) = (list(root, "group"), list(root, "policy"), list(root, "alert"));
        self.unique("group", groups);
        self.unique("policy", policies);
        self.unique("alert", alerts);
        let known = KnownNames {
            groups: names(groups),
            receivers: names(list(root, "receiver")),
            definitions: self.definitions(alerts),
        };
        let share = root.get("badge").and_then(|badge| text(badge, "formula")) == Some("share");
        ComplianceConfig {
            groups: self.groups(groups, &known),
            policies: self.policies(policies, &known),
            routes: self.routes(list(root, "route"), &known),
            badge: if share { BadgeFormula::Share } else { BadgeFormula::Worst },
            reopen_ms: duration(root, "reopen", REOPEN_MS),
            metrics_age_ms: duration(root, "metrics-age", METRICS_AGE_MS),
            inhibit_by_parent: flag(root, "inhibit-by-parent", true),
            definitions: known.definitions,
        }
    }
}

/// Returns the mode of files that the host creates.
fn file_mode(root: &RawNode) -> u32 {
    text(root, "file-mode").and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or(FILE_MODE)
}
