//! From the checked tree to settings. What a table of keys knows was said already, so that wrong
//! values are passed over here in silence; what stands between tables is checked here.

mod alerts;
mod groups;
mod host;
mod policies;
mod receivers;
mod routes;

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use lifesigns_compliance::{
    ComplianceConfig, Pattern,
    config::{AlertDefinition, BadgeFormula, ConfigLocation},
};
use lifesigns_model::{Criticality, limits};

use crate::{
    check::Check,
    node::{Node, Value},
    settings::{Output, Retention, Settings},
    source::At,
    suggest::shown,
    units,
};

const STORE: &str = "lifesigns.db";
const FILE_MODE: u32 = 0o600;
const RULES_MEMORY_BYTES: u64 = limits::RULES_MEMORY_BYTES as u64;
const REOPEN_MS: u64 = 10 * 60 * 1000;
const METRICS_AGE_MS: u64 = 24 * 3600 * 1000;

/// Reads a tree into settings.
pub(crate) struct Reader<'a, 'c> {
    path: &'a Path,
    base: &'a Path,
    check: &'a mut Check<'c>,
    /// Files that settings name and whose changes change them.
    files: Vec<PathBuf>,
    /// The mode of files that the host makes.
    file_mode: u32,
}

impl<'a, 'c> Reader<'a, 'c> {
    pub(crate) fn new(path: &'a Path, base: &'a Path, check: &'a mut Check<'c>) -> Self {
        Self { path, base, check, files: Vec::new(), file_mode: FILE_MODE }
    }

    /// The settings; `files` are those that were read.
    pub(crate) fn settings(mut self, root: &Node, mut files: Vec<PathBuf>) -> Settings {
        self.file_mode = file_mode(root);
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
            output: Output { file },
            file_mode: self.file_mode,
            module_folders: self.module_folders(root),
            rules_memory_bytes: text(root, "rules-memory").and_then(units::size_bytes).unwrap_or(RULES_MEMORY_BYTES),
            compile: root.get("compile").map(host::compile).unwrap_or_default(),
            engine: root.get("engine").map(host::engine).unwrap_or_default(),
            sources,
            compliance,
            receivers,
            outbound: root.get("outbound").map(host::outbound).unwrap_or_default(),
            retention: root.get("retention").map_or_else(Retention::default, host::retention),
        }
    }

    fn compliance(&mut self, root: &Node) -> ComplianceConfig {
        let (groups, policies, alerts) = (list(root, "group"), list(root, "policy"), list(root, "alert"));
        self.unique("group", groups);
        self.unique("policy", policies);
        self.unique("alert", alerts);
        let known = Known {
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

    /// A path, relative to the file; from the environment, relative to the working directory.
    fn path(&self, node: &Node) -> Option<PathBuf> {
        let text = node.text()?;
        let environment = self.check.sources.get(node.at.source).from_environment;
        Some(if environment { PathBuf::from(text) } else { self.base.join(text) })
    }

    fn path_of(&self, table: &Node, key: &str) -> Option<PathBuf> {
        table.get(key).and_then(|node| self.path(node))
    }

    fn place(&self, node: &Node) -> ConfigLocation {
        self.check.sources.place(&node.at)
    }

    /// Notes names that stand twice.
    fn unique(&mut self, what: &str, tables: &[Node]) {
        let mut seen: HashMap<&str, &At> = HashMap::new();
        for node in tables.iter().filter_map(|table| table.get("name")) {
            let Some(name) = node.text() else { continue };
            match seen.get(name) {
                Some(first) => self.twice(what, name, &node.at, first),
                None => _ = seen.insert(name, &node.at),
            }
        }
    }

    fn twice(&mut self, what: &str, name: &str, at: &At, first: &At) {
        let first = self.check.sources.place(first);
        let help = format!("it stands in {first}; join the two or rename one");
        self.check.wrong(at, format!("there is a {what} `{}` already", shown(name)), Some(help));
    }

    /// Notes those texts of a list that are none of the known names.
    fn known(&mut self, what: &str, list: &[Node], known: &[String]) {
        for node in list {
            if let Some(name) = node.text()
                && !known.iter().any(|one| one == name)
            {
                self.check.unknown_name(&node.at, what, name, known.iter().map(String::as_str));
            }
        }
    }

    /// Notes a name of an alert that no definition has and that no symptom can have.
    fn known_alert(&mut self, at: &At, pattern: &str, known: &Known) {
        let literal = Pattern::new(pattern).is_literal() && !pattern.contains('/');
        if literal && !pattern.is_empty() && !known.definitions.iter().any(|definition| definition.name == pattern) {
            let names = known.definitions.iter().map(|definition| definition.name.as_str());
            self.check.unknown_name(at, "alert", pattern, names);
        }
    }
}

/// What the parts of the settings name of each other.
struct Known {
    groups: Vec<String>,
    receivers: Vec<String>,
    definitions: Vec<AlertDefinition>,
}

fn names(tables: &[Node]) -> Vec<String> {
    tables.iter().filter_map(|table| text(table, "name").map(str::to_owned)).collect()
}

fn list<'n>(table: &'n Node, key: &str) -> &'n [Node] {
    table.get(key).map_or(&[], Node::items)
}

fn text<'n>(table: &'n Node, key: &str) -> Option<&'n str> {
    table.get(key).and_then(Node::text)
}

fn owned(table: &Node, key: &str) -> String {
    text(table, key).unwrap_or_default().to_owned()
}

fn texts_of(list: &[Node]) -> Vec<String> {
    list.iter().filter_map(|node| node.text().map(str::to_owned)).collect()
}

fn texts(table: &Node, key: &str) -> Vec<String> {
    texts_of(list(table, key))
}

fn patterns(table: &Node, key: &str) -> Vec<Pattern> {
    list(table, key).iter().filter_map(Node::text).map(Pattern::from).collect()
}

fn duration(table: &Node, key: &str, default_ms: u64) -> u64 {
    text(table, key).and_then(units::duration_ms).unwrap_or(default_ms)
}

fn flag(table: &Node, key: &str, default: bool) -> bool {
    match table.get(key).map(|node| &node.value) {
        Some(Value::Flag(flag)) => *flag,
        _ => default,
    }
}

fn whole(table: &Node, key: &str) -> Option<i64> {
    match table.get(key)?.value {
        Value::Whole(number) => Some(number),
        _ => None,
    }
}

/// The mode of files that the host makes.
fn file_mode(root: &Node) -> u32 {
    text(root, "file-mode").and_then(|mode| u32::from_str_radix(mode, 8).ok()).unwrap_or(FILE_MODE)
}

fn number(node: &Node) -> Option<f64> {
    match node.value {
        Value::Whole(number) => Some(number as f64),
        Value::Number(number) => Some(number),
        _ => None,
    }
}

fn criticality(word: &str) -> Option<Criticality> {
    let all = [Criticality::Information, Criticality::Warning, Criticality::Immediate, Criticality::Critical];
    all.into_iter().find(|one| one.as_str() == word)
}
