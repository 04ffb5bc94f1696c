//! Which file of a crate uses which, and which types it shows to the rest of the house, by `syn`.

use std::collections::{BTreeMap, BTreeSet};

use syn::{
    Attribute, File, Item, ItemMod, ItemUse, Path, UseTree, Visibility,
    visit::{self, Visit},
};

use crate::{read, sources};

/// One file of a crate.
#[derive(Clone, Debug, Default)]
pub struct Module {
    /// Its path from the root of the workspace.
    pub file: String,
    /// Public structs, enums, traits, unions and type aliases that it defines.
    pub public_types: Vec<String>,
    /// Paths of the crate's own items that it uses, from the crate's root.
    uses: Vec<Vec<String>>,
    /// Names that it re-exports, with where they come from; `*` for a glob.
    exports: Vec<(String, Vec<String>)>,
}

/// The files of each crate by the path of their module, tests left out.
///
/// # Panics
/// When a file is not Rust.
pub fn modules() -> BTreeMap<String, BTreeMap<Vec<String>, Module>> {
    let mut crates: BTreeMap<String, BTreeMap<Vec<String>, Module>> = BTreeMap::new();
    for file in sources() {
        let Some((folder, inside)) = file.split_once("/src/") else { continue };
        let path = module_path(inside);
        if path.iter().any(|part| part == "tests") || inside.starts_with("bin/") {
            continue;
        }
        let parsed = match syn::parse_file(&read(&file)) {
            Ok(parsed) => parsed,
            Err(error) => panic!("{file}: {error}"),
        };
        crates.entry(folder.to_owned()).or_default().insert(path.clone(), module(&file, path, &parsed));
    }
    crates
}

/// Groups of files that use each other in a circle.
pub fn circles(modules: &BTreeMap<Vec<String>, Module>) -> Vec<BTreeSet<String>> {
    let reach: BTreeMap<_, _> = modules.keys().map(|from| (from, reachable(modules, from))).collect();
    let mut found: Vec<BTreeSet<String>> = Vec::new();
    for (from, to) in &reach {
        let mutual = to.iter().filter(|other| *other != from && reach[*other].contains(*from));
        let mut group: BTreeSet<String> = mutual.map(|path| modules[*path].file.clone()).collect();
        if !group.is_empty() {
            group.insert(modules[*from].file.clone());
            if !found.contains(&group) {
                found.push(group);
            }
        }
    }
    found
}

fn reachable<'a>(modules: &'a BTreeMap<Vec<String>, Module>, from: &'a Vec<String>) -> BTreeSet<&'a Vec<String>> {
    let mut found = BTreeSet::new();
    let mut next = vec![from];
    while let Some(path) = next.pop() {
        for used in &modules[path].uses {
            let to = resolve(modules, used, 0);
            if to != path && found.insert(to) {
                next.push(to);
            }
        }
    }
    found
}

/// The file that defines what a path names: the innermost module of it, through re-exports.
fn resolve<'a>(modules: &'a BTreeMap<Vec<String>, Module>, path: &[String], depth: usize) -> &'a Vec<String> {
    let inner = (0..=path.len()).rev().find_map(|len| modules.get_key_value(&path[..len]));
    let (at, module) = inner.unwrap_or_else(|| panic!("a crate has a root: {path:?}"));
    let Some(name) = path.get(at.len()).filter(|_| depth < 8) else { return at };
    for (exported, from) in &module.exports {
        let through = if exported == name {
            [from.as_slice(), &path[at.len() + 1..]].concat()
        } else if exported == "*" {
            [from.as_slice(), &path[at.len()..]].concat()
        } else {
            continue;
        };
        let to = resolve(modules, &through, depth + 1);
        if exported == name || to != at {
            return to;
        }
    }
    at
}

pub(crate) fn module_path(inside: &str) -> Vec<String> {
    let parts = inside.trim_end_matches(".rs").split('/').map(str::to_owned);
    let mut path: Vec<String> = parts.collect();
    if matches!(path.last().map(String::as_str), Some("mod")) || matches!(inside, "lib.rs" | "main.rs") {
        path.pop();
    }
    path
}

fn module(file: &str, path: Vec<String>, parsed: &File) -> Module {
    let mut visitor = Visitor { path, children: children(&parsed.items), module: Module::default() };
    visitor.module.file = file.to_owned();
    visitor.visit_file(parsed);
    visitor.module
}

/// Modules that a file declares.
fn children(items: &[Item]) -> BTreeSet<String> {
    let declared = items.iter().filter_map(|item| match item {
        Item::Mod(item) if item.content.is_none() => Some(item.ident.to_string()),
        _ => None,
    });
    declared.collect()
}

struct Visitor {
    path: Vec<String>,
    children: BTreeSet<String>,
    module: Module,
}

impl Visitor {
    /// A path from the crate's root; `None` for what is not of this crate.
    fn path_in_crate(&self, written: &[String]) -> Option<Vec<String>> {
        let (mut base, mut rest) = match written.first()?.as_str() {
            "crate" => (Vec::new(), &written[1..]),
            "self" => (self.path.clone(), &written[1..]),
            "super" => (self.path.clone(), written),
            first if self.children.contains(first) => (self.path.clone(), written),
            _ => return None,
        };
        while rest.first().is_some_and(|part| part == "super") {
            base.pop();
            rest = &rest[1..];
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    fn public_type(&mut self, visibility: &Visibility, name: &syn::Ident) {
        if matches!(visibility, Visibility::Public(_)) {
            self.module.public_types.push(name.to_string());
        }
    }
}

impl Visit<'_> for Visitor {
    fn visit_item(&mut self, item: &Item) {
        match item {
            Item::Struct(it) => self.public_type(&it.vis, &it.ident),
            Item::Enum(it) => self.public_type(&it.vis, &it.ident),
            Item::Trait(it) => self.public_type(&it.vis, &it.ident),
            Item::Union(it) => self.public_type(&it.vis, &it.ident),
            Item::Type(it) => self.public_type(&it.vis, &it.ident),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &ItemMod) {
        if !is_test(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &ItemUse) {
        if is_test(&item.attrs) {
            return;
        }
        for (path, name) in leaves(&item.tree, &[]) {
            let Some(path) = self.path_in_crate(&path) else { continue };
            if matches!(item.vis, Visibility::Inherited) {
                self.module.uses.push(path);
            } else {
                self.module.exports.push((name, path));
            }
        }
    }

    fn visit_path(&mut self, path: &Path) {
        let written: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if written.len() > 1 {
            self.module.uses.extend(self.path_in_crate(&written));
        }
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &Visibility) {}
}

/// Every path of a `use`, with the name that it gets; `*` for a glob.
pub(crate) fn leaves(tree: &UseTree, before: &[String]) -> Vec<(Vec<String>, String)> {
    let with = |name: &syn::Ident| {
        let mut path = before.to_vec();
        if name != "self" || before.is_empty() {
            path.push(name.to_string());
        }
        path
    };
    match tree {
        UseTree::Path(it) => leaves(&it.tree, &with(&it.ident)),
        UseTree::Group(it) => it.items.iter().flat_map(|tree| leaves(tree, before)).collect(),
        UseTree::Glob(_) => vec![(before.to_vec(), "*".to_owned())],
        UseTree::Name(it) => {
            let path = with(&it.ident);
            let name = path.last().cloned().unwrap_or_default();
            vec![(path, name)]
        }
        UseTree::Rename(it) => vec![(with(&it.ident), it.rename.to_string())],
    }
}

/// Returns whether it is for tests only.
pub(crate) fn is_test(attrs: &[Attribute]) -> bool {
    let test =
        |attr: &Attribute| attr.path().is_ident("cfg") && attr.parse_args::<Path>().is_ok_and(|it| it.is_ident("test"));
    attrs.iter().any(test)
}
