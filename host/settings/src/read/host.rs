//! Inventories, engine, retention.

use std::path::PathBuf;

use lifesigns_document::{RawNode, RawValue};
use lifesigns_notifications::config::OutboundConfig;

use super::reader::Reader;
use crate::settings::{CompileSettings, EngineSettings, RetentionSettings};

impl Reader<'_, '_> {
    pub(super) fn inventories(&mut self, root: &RawNode) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        for node in one_or_more(root, "inventory") {
            let Some(path) = self.path(node) else { continue };
            let known = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
            if !matches!(known.as_deref(), Some("toml" | "json" | "csv")) {
                let help = "name the file `.toml`, `.json` or `.csv`".to_owned();
                self.check.error(&node.at, "the inventory's format is not known", Some(help));
            } else if paths.contains(&path) {
                self.check.error(&node.at, "this inventory is named twice", None);
            }
            paths.push(path);
        }
        paths
    }

    /// Returns the folders outside the rules folder that may hold modules.
    pub(super) fn module_folders(&self, root: &RawNode) -> Vec<PathBuf> {
        one_or_more(root, "module-folders").iter().filter_map(|node| self.path(node)).collect()
    }
}

/// Returns the items of the list under `key`, or the single value in its place.
pub(super) fn one_or_more<'n>(root: &'n RawNode, key: &str) -> &'n [RawNode] {
    match root.get(key) {
        Some(RawNode { value: RawValue::List(items), .. }) => items,
        Some(node) => std::slice::from_ref(node),
        None => &[],
    }
}

pub(super) fn engine(table: &RawNode) -> EngineSettings {
    let count = |key| usize::try_from(table.whole_of(key)?).ok();
    let size = |key| usize::try_from(table.bytes_of(key)?).ok();
    EngineSettings {
        scanners: count("scanners"),
        shards: count("shards"),
        inflight_bytes: size("inflight-bytes"),
        pin: table.flag_of("pin"),
        rules_cpu_ms_per_s: table.whole_of("rules-cpu-ms-per-s").and_then(|number| u64::try_from(number).ok()),
        rules_state_bytes: size("rules-state-bytes"),
        keep_events_bytes: size("keep-events"),
    }
}

pub(super) fn compile(table: &RawNode) -> CompileSettings {
    let default = CompileSettings::default();
    let size = |key, default| table.bytes_of(key).unwrap_or(default);
    let processes = table.whole_of("processes").and_then(|count| usize::try_from(count).ok());
    CompileSettings {
        memory_bytes: size("memory", default.memory_bytes),
        cpu_ms: table.duration_of("cpu").unwrap_or(default.cpu_ms),
        code_bytes: size("code", default.code_bytes),
        processes: processes.unwrap_or(default.processes),
        start_wait_ms: table.duration_of("start-wait").unwrap_or(default.start_wait_ms),
        cache_bytes: size("cache-size", default.cache_bytes),
    }
}

pub(super) fn outbound(table: &RawNode) -> OutboundConfig {
    let networks = table.list_of("allow").iter().filter_map(|node| node.text()?.parse().ok());
    OutboundConfig { allow_private: table.flag_of("allow-private").unwrap_or(false), allow: networks.collect() }
}

pub(super) fn retention(table: &RawNode) -> RetentionSettings {
    let default = RetentionSettings::default();
    RetentionSettings {
        alerts_ms: table.duration_of("alerts").unwrap_or(default.alerts_ms),
        audit_ms: table.duration_of("audit").unwrap_or(default.audit_ms),
        badges_ms: table.duration_of("badges").unwrap_or(default.badges_ms),
        size_bytes: table.bytes_of("size").unwrap_or(default.size_bytes),
    }
}
