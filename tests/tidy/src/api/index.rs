//! The items of all crates of the host, by where they are defined, and what names mean in each module.

use std::{collections::BTreeMap, fmt};

use syn::{Attribute, Item, ItemImpl, Path, Type, Visibility};

use crate::{
    crates,
    modules::{is_test, leaves, module_path},
    read, sources,
};

/// An item: its crate, its module in it, its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ItemKey {
    pub(super) krate: String,
    pub(super) module: Vec<String>,
    pub(super) name: String,
}

impl fmt::Display for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::", self.krate)?;
        self.module.iter().try_for_each(|part| write!(f, "{part}::"))?;
        f.write_str(&self.name)
    }
}

/// What a path leads to.
#[derive(Clone, Debug)]
pub(super) enum Target {
    Module(String, Vec<String>),
    Item(ItemKey),
}

/// One module.
#[derive(Default)]
pub(super) struct Source {
    pub(super) items: Vec<Item>,
    /// Names that a `use` brings, with the path that is written; `*` for a glob.
    pub(super) imports: Vec<Import>,
}

pub(super) struct Import {
    pub(super) name: String,
    pub(super) path: Vec<String>,
    pub(super) is_public: bool,
}

/// All modules of the host, but tests.
pub(super) struct Index {
    pub(super) modules: BTreeMap<(String, Vec<String>), Source>,
    /// Crates by the name that code uses.
    libraries: Vec<String>,
}

impl Index {
    pub(super) fn new() -> Self {
        let crates: Vec<_> = crates().into_iter().filter(|one| one.folder.starts_with("host/")).collect();
        let mut index = Self { modules: BTreeMap::new(), libraries: Vec::new() };
        index.libraries.extend(crates.iter().map(|one| one.name.replace('-', "_")));
        for file in sources() {
            let Some((folder, inside)) = file.split_once("/src/") else { continue };
            let Some(one) = crates.iter().find(|one| one.folder == folder) else { continue };
            let path = module_path(inside);
            if path.iter().any(|part| part == "tests") || inside == "main.rs" {
                continue;
            }
            let parsed = syn::parse_file(&read(&file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            index.add(&one.name.replace('-', "_"), path, parsed.items);
        }
        index
    }

    fn add(&mut self, krate: &str, path: Vec<String>, items: Vec<Item>) {
        let mut source = Source::default();
        for item in items {
            if is_hidden(attributes(&item)) {
                continue;
            }
            match item {
                Item::Use(item) => {
                    let is_public = is_public(&item.vis);
                    let imports = leaves(&item.tree, &[]).into_iter();
                    source.imports.extend(imports.map(|(path, name)| Import { name, path, is_public }));
                }
                Item::Mod(mut item) => {
                    if let Some((_, inner)) = item.content.take() {
                        self.add(krate, [path.as_slice(), &[item.ident.to_string()]].concat(), inner);
                    }
                    source.items.push(Item::Mod(item));
                }
                item => source.items.push(item),
            }
        }
        self.modules.insert((krate.to_owned(), path), source);
    }

    /// Returns what a path means that is written in a module; `None` for what is not of the host.
    pub(super) fn resolve(&self, krate: &str, module: &[String], path: &[String], depth: usize) -> Option<Target> {
        let (first, mut rest) = path.split_first()?;
        let mut base = module.to_vec();
        match first.as_str() {
            "crate" => self.locate(krate, rest, depth),
            "self" => self.locate(krate, &[base.as_slice(), rest].concat(), depth),
            "super" => {
                base.pop();
                while let Some((part, after)) = rest.split_first()
                    && part == "super"
                {
                    base.pop();
                    rest = after;
                }
                self.locate(krate, &[base.as_slice(), rest].concat(), depth)
            }
            first if self.libraries.iter().any(|library| library == first) => self.locate(first, rest, depth),
            _ => self.locate(krate, &[base.as_slice(), path].concat(), depth),
        }
    }

    /// Returns what a path from the root of a crate leads to.
    fn locate(&self, krate: &str, path: &[String], depth: usize) -> Option<Target> {
        let has_module = |len: &usize| self.modules.contains_key(&(krate.to_owned(), path[..*len].to_vec()));
        let len = (0..=path.len()).rev().find(has_module)?;
        let (module, rest) = path.split_at(len);
        let Some((name, rest)) = rest.split_first() else {
            return Some(Target::Module(krate.to_owned(), module.to_vec()));
        };
        let source = &self.modules[&(krate.to_owned(), module.to_vec())];
        if source.items.iter().any(|item| name_of(item).is_some_and(|(known, _)| known == *name)) {
            let (krate, module) = (krate.to_owned(), module.to_vec());
            return Some(Target::Item(ItemKey { krate, module, name: name.clone() }));
        }
        let depth = depth.checked_sub(1)?;
        for import in &source.imports {
            let through = match import.name.as_str() {
                known if known == name => [import.path.as_slice(), rest].concat(),
                "*" => [import.path.as_slice(), std::slice::from_ref(name), rest].concat(),
                _ => continue,
            };
            // A name that stands for itself is a crate from outside.
            if through.first() != Some(name) || import.path.len() > 1 || self.libraries.contains(name) {
                let found = self.resolve(krate, module, &through, depth);
                if found.is_some() {
                    return found;
                }
            }
        }
        None
    }

    /// Returns the definition of an item.
    pub(super) fn item(&self, key: &ItemKey) -> Option<&Item> {
        let source = self.modules.get(&(key.krate.clone(), key.module.clone()))?;
        source.items.iter().find(|item| name_of(item).is_some_and(|(name, _)| name == key.name))
    }

    /// Returns the implementations for a type, with the modules that they stand in.
    pub(super) fn implementations<'a>(
        &'a self,
        key: &'a ItemKey,
    ) -> impl Iterator<Item = (&'a [String], &'a ItemImpl)> {
        let of_crate = self.modules.iter().filter(|((krate, _), _)| *krate == key.krate);
        of_crate.flat_map(move |((_, module), source)| {
            let items = source.items.iter();
            items.filter_map(move |item| match item {
                Item::Impl(item) if self.is_about(&item.self_ty, module, key) => Some((module.as_slice(), item)),
                _ => None,
            })
        })
    }

    fn is_about(&self, written: &Type, module: &[String], key: &ItemKey) -> bool {
        let Type::Path(path) = written else { return false };
        let path: Vec<String> = path.path.segments.iter().map(|part| part.ident.to_string()).collect();
        path.last() == Some(&key.name)
            && matches!(self.resolve(&key.krate, module, &path, 8), Some(Target::Item(found)) if found == *key)
    }
}

pub(super) fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

/// Returns the name and the visibility of an item that a path can name.
pub(super) fn name_of(item: &Item) -> Option<(String, &Visibility)> {
    let (name, visibility) = match item {
        Item::Struct(it) => (&it.ident, &it.vis),
        Item::Enum(it) => (&it.ident, &it.vis),
        Item::Trait(it) => (&it.ident, &it.vis),
        Item::Union(it) => (&it.ident, &it.vis),
        Item::Type(it) => (&it.ident, &it.vis),
        Item::Const(it) => (&it.ident, &it.vis),
        Item::Static(it) => (&it.ident, &it.vis),
        Item::Fn(it) => (&it.sig.ident, &it.vis),
        _ => return None,
    };
    Some((name.to_string(), visibility))
}

pub(super) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Struct(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Union(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Const(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        _ => &[],
    }
}

/// Returns whether it is for tests only, or hidden in the documentation.
pub(super) fn is_hidden(attributes: &[Attribute]) -> bool {
    let hidden = |attribute: &Attribute| {
        attribute.path().is_ident("doc") && attribute.parse_args::<Path>().is_ok_and(|it| it.is_ident("hidden"))
    };
    is_test(attributes) || attributes.iter().any(hidden)
}
