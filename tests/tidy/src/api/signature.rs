//! The types that the public part of an item names.

use std::collections::BTreeSet;

use syn::{
    Item, Path,
    visit::{self, Visit},
};

use super::{
    index::{Index, ItemKey, Target, is_hidden},
    print::{bare, shown},
};

/// Returns the types and traits of the host that an item, or its public methods, name.
pub(super) fn named(index: &Index, key: &ItemKey) -> BTreeSet<ItemKey> {
    let mut visitor = Visitor { index, krate: &key.krate, module: &key.module, found: BTreeSet::new() };
    if let Some(item) = index.item(key) {
        visitor.visit_item(&bare(item));
    }
    for (module, item) in index.implementations(key) {
        // A trait of which users see nothing may be implemented.
        if item.trait_.is_none()
            && !is_hidden(&item.attrs)
            && let Some(item) = shown(item)
        {
            visitor.module = module;
            visitor.visit_item(&Item::Impl(item));
        }
    }
    visitor.found
}

struct Visitor<'a> {
    index: &'a Index,
    krate: &'a str,
    module: &'a [String],
    found: BTreeSet<ItemKey>,
}

impl Visit<'_> for Visitor<'_> {
    fn visit_path(&mut self, path: &Path) {
        let written: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if let Some(Target::Item(key)) = self.index.resolve(self.krate, self.module, &written, 8) {
            self.found.insert(key);
        }
        visit::visit_path(self, path);
    }

    fn visit_attribute(&mut self, _: &syn::Attribute) {}

    fn visit_visibility(&mut self, _: &syn::Visibility) {}
}
