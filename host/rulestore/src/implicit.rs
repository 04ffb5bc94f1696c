//! Implicit rules: the `.wasm` files of a rules folder that no manifest uses.

use std::{
    collections::HashSet,
    path::{Component, Path},
};

/// The modules that manifests use.
#[derive(Default)]
pub(crate) struct UsedModules {
    /// File names directly in the rules folder.
    names: HashSet<String>,
    /// Device and inode of modules that are used under other names (links).
    files: HashSet<(u64, u64)>,
}

impl UsedModules {
    /// Notes the module that a manifest names.
    pub(crate) fn path(&mut self, module: &str) {
        if !self.names.contains(module)
            && let Some(name) = direct_name(module)
        {
            self.names.insert(name.to_owned());
        }
    }

    /// Notes the words of a manifest that cannot be parsed: a typing error in it must not turn its module
    /// into a rule of its own.
    pub(crate) fn words(&mut self, words: &[String]) {
        words.iter().for_each(|word| self.path(word));
    }

    /// Notes the files that are in use as modules.
    pub(crate) fn files(&mut self, files: HashSet<(u64, u64)>) {
        self.files = files;
    }

    /// Whether a manifest uses the file called `name`.
    pub(crate) fn has(&self, name: &str, identity: Option<(u64, u64)>) -> bool {
        self.names.contains(name) || identity.is_some_and(|identity| self.files.contains(&identity))
    }
}

/// Returns the file name, if `module` is in the manifest's own folder.
fn direct_name(module: &str) -> Option<&str> {
    let mut name = None;
    for component in Path::new(module).components() {
        match component {
            Component::CurDir => {}
            Component::Normal(part) if name.is_none() => name = part.to_str(),
            _ => return None,
        }
    }
    name
}

/// Returns the paths ending in `.wasm` in a manifest's text.
pub(crate) fn module_words(text: &[u8]) -> Vec<String> {
    const WORDS: usize = 16;
    let text = String::from_utf8_lossy(text);
    let words = text.split(|char: char| char.is_whitespace() || "\"'=,[]".contains(char));
    words.filter(|word| word.ends_with(".wasm")).take(WORDS).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_in_the_folder_itself_are_direct() {
        assert_eq!(direct_name("a.wasm"), Some("a.wasm"));
        assert_eq!(direct_name("./a.wasm"), Some("a.wasm"));
        assert_eq!(direct_name("m/a.wasm"), None);
        assert_eq!(direct_name("../a.wasm"), None);
        assert_eq!(direct_name("/r/a.wasm"), None);
    }

    #[test]
    fn broken_manifests_still_name_their_modules() {
        assert_eq!(module_words(b"module = \"x/keyword.wasm\nfoo=b.wasm,\xff"), ["x/keyword.wasm", "b.wasm"]);
    }
}
