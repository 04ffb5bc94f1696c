//! The public API of the library `lifesigns`, as text: what is reachable from its root, with the crates that it
//! re-exports. Bodies, documentation and private fields are left out.

mod index;
mod print;
mod signature;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use self::{index::Index, print::printed, signature::named, walk::reachable};

/// The public API of one library.
#[derive(Debug)]
pub struct PublicApi {
    /// The text of each of its modules at the root, by its name; the root itself has the library's.
    pub modules: BTreeMap<String, String>,
    /// Types of public signatures that cannot be named through the library, with where they occur.
    pub unreachable: Vec<String>,
}

/// Reads the API of `library`, a crate in `host/`.
///
/// # Panics
/// When a file is not Rust.
pub fn public_api(library: &str) -> PublicApi {
    let index = Index::new();
    let reached = reachable(&index, library);
    let mut sorted: BTreeMap<&String, (&index::ItemKey, &BTreeSet<String>)> = BTreeMap::new();
    for (key, paths) in &reached.items {
        let shortest = paths.iter().min_by_key(|path| (path.matches("::").count(), path.as_str()));
        sorted.extend(shortest.map(|shortest| (shortest, (key, paths))));
    }
    let (mut modules, mut unreachable) = (BTreeMap::<String, String>::new(), BTreeSet::new());
    for (path, (key, paths)) in sorted {
        let parts: Vec<&str> = path.split("::").collect();
        let module = if parts.len() > 2 { parts[1] } else { parts[0] };
        let text = modules.entry(module.to_owned()).or_default();
        let heading: Vec<&str> = paths.iter().map(String::as_str).collect();
        text.push_str(&format!("// {}\n{}\n", heading.join(", "), printed(&index, key)));
        for type_key in named(&index, key) {
            if !reached.items.contains_key(&type_key) {
                unreachable.insert(format!("{path} names {type_key}"));
            }
        }
    }
    for (module, line) in reached.foreign {
        let parts: Vec<&str> = module.split("::").collect();
        let name = if parts.len() > 2 { parts[1] } else { library };
        modules.entry(name.to_owned()).or_default().push_str(&format!("// {module}\n{line}\n\n"));
    }
    PublicApi { modules, unreachable: unreachable.into_iter().collect() }
}

/// Returns what differs between two texts of [`PublicApi::modules`], item by item; empty if nothing does.
pub fn difference(before: &str, after: &str) -> String {
    let (before, after) = (blocks(before), blocks(after));
    let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let mut out = String::new();
    for name in names {
        let empty = Vec::new();
        let (old, new) = (before.get(name).unwrap_or(&empty), after.get(name).unwrap_or(&empty));
        if old == new {
            continue;
        }
        out.push_str(&format!("  {name}\n"));
        for line in old.iter().filter(|line| !new.contains(line)) {
            out.push_str(&format!("    - {line}\n"));
        }
        for line in new.iter().filter(|line| !old.contains(line)) {
            out.push_str(&format!("    + {line}\n"));
        }
    }
    out
}

/// The lines of each item by its heading.
fn blocks(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut found = BTreeMap::<&str, Vec<&str>>::new();
    let mut heading = "";
    for line in text.lines().filter(|line| !line.is_empty()) {
        if line.starts_with("// ") {
            heading = line;
        } else {
            found.entry(heading).or_default().push(line);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_item_and_its_lines() {
        let before = "// a::B\npub struct B;\nimpl B {\n    pub fn c(&self) {}\n}\n\n// a::D\npub struct D;\n";
        let after = "// a::B\npub struct B;\nimpl B {\n    pub fn c(&self, x: u8) {}\n}\n\n// a::D\npub struct D;\n";
        let shown = "  // a::B\n    -     pub fn c(&self) {}\n    +     pub fn c(&self, x: u8) {}\n";
        assert_eq!(difference(before, after), shown);
        assert_eq!(difference(before, before), "");
        assert_eq!(difference("", "// a::D\npub struct D;\n"), "  // a::D\n    + pub struct D;\n");
    }
}
