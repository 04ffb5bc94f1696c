//! Reads settings from the checked tree. Values that the tables of keys refuse were reported before and are
//! skipped; only what depends on several tables is checked here.

mod agents;
mod alerts;
mod compliance;
mod fields;
mod groups;
mod host;
mod policies;
mod pushed;
mod reader;
mod receivers;
mod routes;
mod server;
mod sources;

use std::path::{Path, PathBuf};

use lifesigns_document::{Checker, RawNode};
use lifesigns_model::limits;

use self::{compliance::compliance, reader::Reader, receivers::ReceiverReader};
use crate::settings::{OutputSettings, Settings};

const STORE: &str = "lifesigns.db";
const FILE_MODE: u32 = 0o600;
const RULES_MEMORY_BYTES: u64 = limits::RULES_MEMORY_BYTES as u64;

/// Reads a tree into settings. `path` is the file, `base` its folder, `files` are those that were read,
/// `variables` is the number of the first source that is a variable, and routes may name `own_receivers` too.
pub(crate) fn settings(
    root: &RawNode,
    (path, base): (&Path, &Path),
    (mut files, variables): (Vec<PathBuf>, usize),
    own_receivers: &[&str],
    check: &mut Checker<'_>,
) -> Settings {
    let file_mode = root.text_of("file-mode").and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or(FILE_MODE);
    let mut reader = Reader { base, check, variables, files: Vec::new(), warnings: Vec::new(), file_mode };
    let inventories = reader.inventories(root);
    let sources = reader.sources(root.list_of("source"));
    let agent_groups = reader.agent_groups(root.list_of("agent-group"), &sources);
    let receivers = ReceiverReader { reader: &mut reader }.receivers(root.list_of("receiver"));
    let compliance = compliance(root, own_receivers, reader.check);
    let store = reader.path_of(root, "store").unwrap_or_else(|| base.join(STORE));
    files.extend(inventories.iter().cloned());
    files.append(&mut reader.files);
    Settings {
        path: path.to_owned(),
        files,
        rules: reader.path_of(root, "rules").unwrap_or_default(),
        inventories,
        cache: reader.path_of(root, "cache"),
        control: reader.path_of(root, "control").unwrap_or_else(|| store.with_extension("sock")),
        store,
        output: OutputSettings { file: root.get("output").and_then(|output| reader.path_of(output, "file")) },
        file_mode,
        module_folders: reader.module_folders(root),
        rules_memory_bytes: root.bytes_of("rules-memory").unwrap_or(RULES_MEMORY_BYTES),
        compile: root.get("compile").map(host::compile).unwrap_or_default(),
        engine: root.get("engine").map(host::engine).unwrap_or_default(),
        server: root.get("server").map(|table| reader.server_settings(table)),
        sources,
        agent_groups,
        warnings: std::mem::take(&mut reader.warnings),
        compliance,
        receivers,
        outbound: root.get("outbound").map(host::outbound).unwrap_or_default(),
        retention: root.get("retention").map(host::retention).unwrap_or_default(),
    }
}
