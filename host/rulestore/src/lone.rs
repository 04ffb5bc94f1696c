//! Which `.wasm` files of a rules folder are rules of their own: those that no manifest refers to.

use std::{
    collections::HashSet,
    path::{Component, Path},
};

/// What manifests refer to.
#[derive(Default)]
pub(crate) struct Referred {
    /// File names directly in the rules folder.
    names: HashSet<String>,
    /// The files themselves, found under other names (links).
    files: HashSet<(u64, u64)>,
}

impl Referred {
    /// A manifest names this module.
    pub(crate) fn path(&mut self, module: &str) {
        if !self.names.contains(module)
            && let Some(name) = direct_name(module)
        {
            self.names.insert(name.to_owned());
        }
    }

    /// A manifest that cannot be read names something like this: a typing error in it must not turn
    /// its module into a rule.
    pub(crate) fn words(&mut self, words: &[String]) {
        words.iter().for_each(|word| self.path(word));
    }

    /// These files are in use as modules.
    pub(crate) fn files(&mut self, files: HashSet<(u64, u64)>) {
        self.files = files;
    }

    /// Whether the file called `name` is somebody's module.
    pub(crate) fn has(&self, name: &str, identity: Option<(u64, u64)>) -> bool {
        self.names.contains(name) || identity.is_some_and(|identity| self.files.contains(&identity))
    }
}

/// The file name, if `module` lies in the manifest's own folder.
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

/// The paths ending in `.wasm` in a manifest's text.
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
