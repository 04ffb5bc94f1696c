//! Merges the trees of several files: lists are appended, tables joined, other values must be unique.

use lifesigns_document::{Checker, RawEntry, RawNode, RawValue};

/// Adds the tree of another file. A value that is set again is an error.
pub(crate) fn merge(into: &mut RawNode, from: RawNode, check: &mut Checker<'_>) {
    let RawValue::Table(from) = from.value else { return };
    for entry in from {
        add(into, entry, check);
    }
}

fn add(into: &mut RawNode, new: RawEntry, check: &mut Checker<'_>) {
    let RawValue::Table(entries) = &mut into.value else { return };
    let Some(old) = entries.iter_mut().find(|entry| entry.key == new.key) else {
        entries.push(new);
        return;
    };
    match (&mut old.node.value, new.node.value) {
        (RawValue::List(items), RawValue::List(more)) => items.extend(more),
        (RawValue::Table(_), RawValue::Table(more)) => {
            for entry in more {
                add(&mut old.node, entry, check);
            }
        }
        _ => {
            let first = check.sources.place(&old.at);
            let help = format!("it stands in {first} already; keep one");
            check.error(&new.at, format!("`{}` is set twice", new.key), Some(help));
        }
    }
}
