//! Inventories, sources, engine, retention.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use lifesigns_document::{RawNode, RawValue, TextSpan};
use lifesigns_intake::{FollowFrom, SourceKind, SourceSettings, TimeFormat};
use lifesigns_notifications::config::OutboundConfig;

use super::reader::Reader;
use crate::settings::{CompileSettings, EngineSettings, RetentionSettings};

/// Most formats of times of one source: each is tried on every line without another time.
const TIME_FORMATS: usize = 16;

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

    pub(super) fn sources(&mut self, tables: &[RawNode]) -> Vec<SourceSettings> {
        let mut seen: HashMap<String, TextSpan> = HashMap::new();
        let mut sources = Vec::new();
        for table in tables {
            let Some(source) = self.source(table) else { continue };
            let at = ["name", "file", "stdin"].iter().find_map(|key| table.get(key)).map_or(&table.at, |node| &node.at);
            match seen.get(&source.name) {
                Some(first) => self.check.duplicate("a source", &source.name, at, first),
                None => _ = seen.insert(source.name.clone(), *at),
            }
            sources.push(source);
        }
        sources
    }

    fn source(&mut self, table: &RawNode) -> Option<SourceSettings> {
        let (kind, name, stem) = match self.path_of(table, "file") {
            Some(path) => {
                let name = path.display().to_string();
                (self.kind(table, path.clone()), name, stem(&path))
            }
            None if table.flag_of("stdin").unwrap_or(false) => {
                for key in ["follow", "from"] {
                    if let Some(entry) = table.entry(key) {
                        self.check.error(&entry.at, format!("`{key}` is for files, and this is standard input"), None);
                    }
                }
                (SourceKind::Stdin, "stdin".to_owned(), "stdin".to_owned())
            }
            None => return None,
        };
        Some(SourceSettings {
            kind,
            name: table.text_of("name").map_or(name, str::to_owned),
            format: table.text_of("format").and_then(|word| word.parse().ok()).unwrap_or_default(),
            object: table.text_of("object").map_or(stem, str::to_owned),
            time_formats: self.time_formats(table),
            app: table.text_of("app").map(str::to_owned),
        })
    }

    /// How the times of a source look.
    fn time_formats(&mut self, table: &RawNode) -> Vec<TimeFormat> {
        let nodes = one_or_more(table, "time-format");
        if let Some(node) = table.get("time-format").filter(|_| nodes.len() > TIME_FORMATS) {
            self.check.error(&node.at, format!("`time-format` has more than {TIME_FORMATS} formats"), None);
        }
        nodes.iter().filter_map(|node| node.text()?.parse().ok()).collect()
    }

    fn kind(&mut self, table: &RawNode, path: PathBuf) -> SourceKind {
        if table.flag_of("follow").unwrap_or(true) {
            let end = table.text_of("from") == Some("end");
            return SourceKind::Follow(path, if end { FollowFrom::End } else { FollowFrom::Start });
        }
        if let Some(entry) = table.entry("from") {
            let help = "leave out `follow = false`, or `from`".to_owned();
            self.check.error(&entry.at, "`from` says where following begins, and this is read once", Some(help));
        }
        SourceKind::File(path)
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Returns the items of the list under `key`, or the single value in its place.
fn one_or_more<'n>(root: &'n RawNode, key: &str) -> &'n [RawNode] {
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
