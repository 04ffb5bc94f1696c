//! An item as text: its definition without bodies, documentation and private fields, and its implementations.

use syn::{Attribute, Block, Fields, File, ImplItem, Item, ItemImpl, TraitItem, Type, parse_quote};

use super::index::{Index, ItemKey, is_hidden, is_public};

/// Attributes that are part of an API.
const KEPT: [&str; 6] = ["derive", "non_exhaustive", "must_use", "deprecated", "repr", "cfg"];

/// Returns an item, and what is public of its implementations.
pub(super) fn printed(index: &Index, key: &ItemKey) -> String {
    let Some(item) = index.item(key) else { return String::new() };
    let mut text = unparsed(bare(item));
    let mut implementations: Vec<String> = index
        .implementations(key)
        .filter(|(_, item)| !is_hidden(&item.attrs))
        .filter_map(|(_, item)| shown(item))
        .map(|item| unparsed(Item::Impl(item)))
        .collect();
    implementations.sort();
    implementations.iter().for_each(|item| text.push_str(item));
    text
}

fn unparsed(item: Item) -> String {
    prettyplease::unparse(&File { shebang: None, attrs: Vec::new(), items: vec![item] })
}

fn kept(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| KEPT.iter().any(|name| attribute.path().is_ident(name)));
}

/// Returns a definition without what is not public.
pub(super) fn bare(item: &Item) -> Item {
    let mut item = item.clone();
    match &mut item {
        Item::Struct(it) => {
            kept(&mut it.attrs);
            public_fields(&mut it.fields);
        }
        Item::Enum(it) => {
            kept(&mut it.attrs);
            for variant in &mut it.variants {
                kept(&mut variant.attrs);
                variant.fields.iter_mut().for_each(|field| kept(&mut field.attrs));
            }
        }
        Item::Trait(it) => {
            kept(&mut it.attrs);
            it.items.retain(|item| !matches!(item, TraitItem::Fn(it) if is_hidden(&it.attrs)));
            it.items.iter_mut().for_each(bare_of_trait);
        }
        Item::Fn(it) => {
            kept(&mut it.attrs);
            *it.block = empty();
        }
        Item::Type(it) => kept(&mut it.attrs),
        Item::Const(it) => {
            kept(&mut it.attrs);
            *it.expr = parse_quote!(_);
        }
        Item::Static(it) => {
            kept(&mut it.attrs);
            *it.expr = parse_quote!(_);
        }
        _ => {}
    }
    item
}

fn empty() -> Block {
    parse_quote!({})
}

fn bare_of_trait(item: &mut TraitItem) {
    match item {
        TraitItem::Fn(it) => {
            kept(&mut it.attrs);
            if let Some(body) = &mut it.default {
                *body = empty();
            }
        }
        TraitItem::Type(it) => kept(&mut it.attrs),
        TraitItem::Const(it) => kept(&mut it.attrs),
        _ => {}
    }
}

/// Removes private fields; those of a tuple, whose places count, become `_`. A struct that has some can be made by its
/// crate only, which one field `_` says.
fn public_fields(fields: &mut Fields) {
    let before = fields.len();
    match fields {
        Fields::Named(named) => {
            named.named = std::mem::take(&mut named.named).into_iter().filter(|field| is_public(&field.vis)).collect();
            named.named.iter_mut().for_each(|field| kept(&mut field.attrs));
            if named.named.len() < before {
                named.named.push(parse_quote!(_private: _));
            }
        }
        Fields::Unnamed(unnamed) => {
            for field in &mut unnamed.unnamed {
                kept(&mut field.attrs);
                if !is_public(&field.vis) {
                    (field.vis, field.ty) = (syn::Visibility::Inherited, parse_quote!(_));
                }
            }
        }
        Fields::Unit => {}
    }
}

/// Returns what is public of an implementation: of a trait's, that there is one, and its types.
pub(super) fn shown(item: &ItemImpl) -> Option<ItemImpl> {
    let mut item = item.clone();
    kept(&mut item.attrs);
    if let Some((_, path, _)) = &item.trait_ {
        let of_trait: Vec<String> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        // What `thiserror` and the like make is left out too.
        if of_trait.is_empty() || !matches!(*item.self_ty, Type::Path(_)) {
            return None;
        }
        item.items.retain(|item| matches!(item, ImplItem::Type(_)));
        return Some(item);
    }
    item.items = std::mem::take(&mut item.items).into_iter().filter_map(public_member).collect();
    (!item.items.is_empty()).then_some(item)
}

fn public_member(item: ImplItem) -> Option<ImplItem> {
    match item {
        ImplItem::Fn(mut it) if is_public(&it.vis) && !is_hidden(&it.attrs) => {
            kept(&mut it.attrs);
            it.block = empty();
            Some(ImplItem::Fn(it))
        }
        ImplItem::Const(mut it) if is_public(&it.vis) => {
            kept(&mut it.attrs);
            it.expr = parse_quote!(_);
            Some(ImplItem::Const(it))
        }
        _ => None,
    }
}
