//! What the readers of inventories, sources and receivers share: the paths that they name.

use std::path::{Path, PathBuf};

use lifesigns_document::{Checker, RawNode};

/// Reads what names files.
pub(super) struct Reader<'a, 'c> {
    pub(super) base: &'a Path,
    pub(super) check: &'a mut Checker<'c>,
    /// The number of the first source that is a variable of the environment.
    pub(super) variables: usize,
    /// Files that settings name and depend on.
    pub(super) files: Vec<PathBuf>,
    /// What is read and not used, a line each with its place.
    pub(super) warnings: Vec<String>,
    /// The mode of files that the host creates.
    pub(super) file_mode: u32,
}

impl Reader<'_, '_> {
    /// Returns a path, relative to the file or, from the environment, to the working directory.
    pub(super) fn path(&self, node: &RawNode) -> Option<PathBuf> {
        Some(self.joined(node, Path::new(node.text()?)))
    }

    /// Returns a path that `node` names in some other way.
    pub(super) fn joined(&self, node: &RawNode, path: &Path) -> PathBuf {
        let is_variable = node.at.source() >= self.variables;
        if is_variable { path.to_owned() } else { self.base.join(path) }
    }

    pub(super) fn path_of(&self, table: &RawNode, key: &str) -> Option<PathBuf> {
        table.get(key).and_then(|node| self.path(node))
    }
}
