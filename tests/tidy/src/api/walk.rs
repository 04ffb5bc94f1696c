//! What is reachable from the root of a crate through public modules and re-exports.

use std::collections::{BTreeMap, BTreeSet};

use syn::Item;

use super::index::{Index, ItemKey, Target, is_public, name_of};

/// Modules within each other that are followed.
const DEPTH: usize = 8;

/// What is reachable.
#[derive(Default)]
pub(super) struct Reached {
    /// Items with all their public paths.
    pub(super) items: BTreeMap<ItemKey, BTreeSet<String>>,
    /// Re-exports from outside of the host: the public path and the line.
    pub(super) foreign: BTreeSet<(String, String)>,
}

/// Returns what is reachable from the root of a crate.
pub(super) fn reachable(index: &Index, krate: &str) -> Reached {
    let mut reached = Reached::default();
    module(index, (krate, &[]), krate, DEPTH, &mut reached);
    reached
}

fn module(index: &Index, (krate, path): (&str, &[String]), public: &str, depth: usize, reached: &mut Reached) {
    let Some(source) = index.modules.get(&(krate.to_owned(), path.to_vec())) else { return };
    let Some(depth) = depth.checked_sub(1) else { return };
    for item in &source.items {
        if let Item::Mod(item) = item
            && is_public(&item.vis)
        {
            let name = item.ident.to_string();
            let inner = [path, std::slice::from_ref(&name)].concat();
            module(index, (krate, &inner), &format!("{public}::{name}"), depth, reached);
        }
        if let Some((name, visibility)) = name_of(item)
            && is_public(visibility)
        {
            let public = format!("{public}::{name}");
            let key = ItemKey { krate: krate.to_owned(), module: path.to_vec(), name };
            reached.items.entry(key).or_default().insert(public);
        }
    }
    for import in source.imports.iter().filter(|import| import.is_public) {
        let named = if import.name == "*" { public.to_owned() } else { format!("{public}::{}", import.name) };
        match index.resolve(krate, path, &import.path, DEPTH) {
            Some(Target::Module(krate, path)) => module(index, (&krate, &path), &named, depth, reached),
            Some(Target::Item(key)) => {
                reached.items.entry(key).or_default().insert(named);
            }
            None => {
                let line = format!("pub use {} as {};", import.path.join("::"), import.name);
                reached.foreign.insert((named, line));
            }
        }
    }
}
