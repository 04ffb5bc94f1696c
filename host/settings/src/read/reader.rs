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
    /// The mode of files that the host creates.
    pub(super) file_mode: u32,
}

impl Reader<'_, '_> {
    /// Returns a path, relative to the file or, from the environment, to the working directory.
    pub(super) fn path(&self, node: &RawNode) -> Option<PathBuf> {
        let text = node.text()?;
        let is_variable = node.at.source() >= self.variables;
        Some(if is_variable { PathBuf::from(text) } else { self.base.join(text) })
    }

    pub(super) fn path_of(&self, table: &RawNode, key: &str) -> Option<PathBuf> {
        table.get(key).and_then(|node| self.path(node))
    }
}
