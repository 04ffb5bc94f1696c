//! Shared by the readers of all parts: paths, places, and names that must be known or unique.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use lifesigns_compliance::{
    Pattern,
    config::{AlertDefinition, ConfigLocation},
};

use lifesigns_text::visible_word;

use crate::{check::Checker, raw::RawNode, source_text::TextSpan};

/// Reads a tree into settings.
pub(super) struct Reader<'a, 'c> {
    pub(super) path: &'a Path,
    pub(super) base: &'a Path,
    pub(super) check: &'a mut Checker<'c>,
    /// Files that settings name and depend on.
    pub(super) files: Vec<PathBuf>,
    /// The mode of files that the host creates.
    pub(super) file_mode: u32,
}

impl<'a, 'c> Reader<'a, 'c> {
    pub(super) fn new(path: &'a Path, base: &'a Path, check: &'a mut Checker<'c>, file_mode: u32) -> Self {
        Self { path, base, check, files: Vec::new(), file_mode }
    }

    /// Returns a path, relative to the file or, from the environment, to the working directory.
    pub(super) fn path(&self, node: &RawNode) -> Option<PathBuf> {
        let text = node.text()?;
        let environment = self.check.sources.get(node.at.source).from_environment;
        Some(if environment { PathBuf::from(text) } else { self.base.join(text) })
    }

    pub(super) fn path_of(&self, table: &RawNode, key: &str) -> Option<PathBuf> {
        table.get(key).and_then(|node| self.path(node))
    }

    pub(super) fn place(&self, node: &RawNode) -> ConfigLocation {
        self.check.sources.place(&node.at)
    }

    /// Reports names that occur twice.
    pub(super) fn unique(&mut self, what: &str, tables: &[RawNode]) {
        let mut seen: HashMap<&str, &TextSpan> = HashMap::new();
        for node in tables.iter().filter_map(|table| table.get("name")) {
            let Some(name) = node.text() else { continue };
            match seen.get(name) {
                Some(first) => self.twice(what, name, &node.at, first),
                None => _ = seen.insert(name, &node.at),
            }
        }
    }

    pub(super) fn twice(&mut self, what: &str, name: &str, at: &TextSpan, first: &TextSpan) {
        let first = self.check.sources.place(first);
        let help = format!("it stands in {first}; join the two or rename one");
        self.check.wrong(at, format!("there is a {what} `{}` already", visible_word(name)), Some(help));
    }

    /// Reports the texts of a list that are none of the known names.
    pub(super) fn known(&mut self, what: &str, list: &[RawNode], known: &[String]) {
        for node in list {
            if let Some(name) = node.text()
                && !known.iter().any(|one| one == name)
            {
                self.check.unknown_name(&node.at, what, name, known.iter().map(String::as_str));
            }
        }
    }

    /// Reports the name of an alert that no definition has and no symptom can have.
    pub(super) fn known_alert(&mut self, at: &TextSpan, pattern: &str, known: &KnownNames) {
        let literal = Pattern::new(pattern).is_literal() && !pattern.contains('/');
        if literal && !pattern.is_empty() && !known.definitions.iter().any(|definition| definition.name == pattern) {
            let names = known.definitions.iter().map(|definition| definition.name.as_str());
            self.check.unknown_name(at, "alert", pattern, names);
        }
    }
}

/// The names that parts of the settings may use for each other.
pub(super) struct KnownNames {
    pub(super) groups: Vec<String>,
    pub(super) receivers: Vec<String>,
    pub(super) definitions: Vec<AlertDefinition>,
}
