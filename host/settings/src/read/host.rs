//! Inventories, sources, engine, retention.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    slice,
};

use lifesigns_intake::{FollowFrom, SourceKind, SourceSettings, TimeFormat};
use lifesigns_notifications::config::OutboundConfig;

use lifesigns_text::size_bytes;

use super::{
    fields::{duration, flag, list, text, whole},
    reader::Reader,
};
use crate::{
    raw::{RawNode, RawValue},
    settings::{CompileSettings, EngineSettings, RetentionSettings},
    source_text::TextSpan,
};

/// Most formats of times of one source: each is tried on every line without another time.
const TIME_FORMATS: usize = 16;

impl Reader<'_, '_> {
    pub(super) fn inventories(&mut self, root: &RawNode) -> Vec<PathBuf> {
        let Some(node) = root.get("inventory") else { return Vec::new() };
        let nodes = match &node.value {
            RawValue::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let mut paths = Vec::new();
        for node in nodes {
            let Some(path) = self.path(node) else { continue };
            let known = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
            if !matches!(known.as_deref(), Some("toml" | "json" | "csv")) {
                let help = "name the file `.toml`, `.json` or `.csv`".to_owned();
                self.check.wrong(&node.at, "the inventory's format is not known", Some(help));
            } else if paths.contains(&path) {
                self.check.wrong(&node.at, "this inventory is named twice", None);
            }
            paths.push(path);
        }
        paths
    }

    /// Returns the folders outside the rules folder that may hold modules.
    pub(super) fn module_folders(&self, root: &RawNode) -> Vec<PathBuf> {
        let Some(node) = root.get("module-folders") else { return Vec::new() };
        let nodes = match &node.value {
            RawValue::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        nodes.iter().filter_map(|node| self.path(node)).collect()
    }

    pub(super) fn sources(&mut self, tables: &[RawNode]) -> Vec<SourceSettings> {
        let mut seen: HashMap<String, TextSpan> = HashMap::new();
        let mut sources = Vec::new();
        for table in tables {
            let Some(source) = self.source(table) else { continue };
            let at = ["name", "file", "stdin"].iter().find_map(|key| table.get(key)).map_or(&table.at, |node| &node.at);
            match seen.get(&source.name) {
                Some(first) => self.twice("source", &source.name, at, &first.clone()),
                None => _ = seen.insert(source.name.clone(), at.clone()),
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
            None if flag(table, "stdin", false) => {
                for key in ["follow", "from"] {
                    if let Some(entry) = table.entry(key) {
                        self.check.wrong(&entry.at, format!("`{key}` is for files, and this is standard input"), None);
                    }
                }
                (SourceKind::Stdin, "stdin".to_owned(), "stdin".to_owned())
            }
            None => return None,
        };
        Some(SourceSettings {
            kind,
            name: text(table, "name").map_or(name, str::to_owned),
            format: text(table, "format").and_then(|word| word.parse().ok()).unwrap_or_default(),
            object: text(table, "object").map_or(stem, str::to_owned),
            app: text(table, "app").map(str::to_owned),
            time_formats: self.time_formats(table),
        })
    }

    /// How the times of a source look.
    fn time_formats(&mut self, table: &RawNode) -> Vec<TimeFormat> {
        let Some(node) = table.get("time-format") else { return Vec::new() };
        let nodes = if node.text().is_some() { slice::from_ref(node) } else { node.items() };
        if nodes.len() > TIME_FORMATS {
            self.check.wrong(&node.at, format!("`time-format` has more than {TIME_FORMATS} formats"), None);
        }
        let mut formats = Vec::new();
        for node in nodes {
            let Some(text) = node.text() else { continue };
            match text.parse() {
                Ok(format) => formats.push(format),
                Err(error) => {
                    let help = "write it as `%d/%m/%y %H:%M:%S`; docs/formats.md lists the letters".to_owned();
                    self.check.wrong(&node.at, format!("`time-format` describes no time: {error}"), Some(help));
                }
            }
        }
        formats
    }

    fn kind(&mut self, table: &RawNode, path: PathBuf) -> SourceKind {
        if flag(table, "follow", true) {
            let end = text(table, "from") == Some("end");
            return SourceKind::Follow(path, if end { FollowFrom::End } else { FollowFrom::Start });
        }
        if let Some(entry) = table.entry("from") {
            let help = "leave out `follow = false`, or `from`".to_owned();
            self.check.wrong(&entry.at, "`from` says where following begins, and this is read once", Some(help));
        }
        SourceKind::File(path)
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

pub(super) fn engine(table: &RawNode) -> EngineSettings {
    let count = |key| whole(table, key).and_then(|number| usize::try_from(number).ok());
    let size = |key| {
        let bytes = || text(table, key).and_then(size_bytes);
        count(key).or_else(|| bytes().and_then(|bytes| usize::try_from(bytes).ok()))
    };
    EngineSettings {
        scanners: count("scanners"),
        shards: count("shards"),
        inflight_bytes: size("inflight-bytes"),
        pin: table.get("pin").map(|_| flag(table, "pin", true)),
        rules_cpu_ms_per_s: whole(table, "rules-cpu-ms-per-s").and_then(|number| u64::try_from(number).ok()),
        rules_state_bytes: size("rules-state-bytes"),
    }
}

pub(super) fn compile(table: &RawNode) -> CompileSettings {
    let default = CompileSettings::default();
    let size = |key, default| text(table, key).and_then(size_bytes).unwrap_or(default);
    CompileSettings {
        memory_bytes: size("memory", default.memory_bytes),
        cpu_ms: duration(table, "cpu", default.cpu_ms),
        code_bytes: size("code", default.code_bytes),
        processes: whole(table, "processes").and_then(|count| usize::try_from(count).ok()).unwrap_or(default.processes),
        start_wait_ms: duration(table, "start-wait", default.start_wait_ms),
        cache_bytes: size("cache-size", default.cache_bytes),
    }
}

pub(super) fn outbound(table: &RawNode) -> OutboundConfig {
    let networks = list(table, "allow").iter().filter_map(|node| node.text()?.parse().ok());
    OutboundConfig { allow_private: flag(table, "allow-private", false), allow: networks.collect() }
}

pub(super) fn retention(table: &RawNode) -> RetentionSettings {
    let default = RetentionSettings::default();
    RetentionSettings {
        alerts_ms: duration(table, "alerts", default.alerts_ms),
        audit_ms: duration(table, "audit", default.audit_ms),
        badges_ms: duration(table, "badges", default.badges_ms),
        size_bytes: text(table, "size").and_then(size_bytes).unwrap_or(default.size_bytes),
    }
}
