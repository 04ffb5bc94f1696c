//! The inventory as TOML or JSON: its keys, and the objects of a checked tree.

use std::collections::HashMap;

use lifesigns_document::{
    Checker, RawEntry, RawNode, RawValue, TableSchema, TextSchema, TextSpan, ValueSchema, optional,
};
use lifesigns_model::ObjectFacts;

static INVENTORY: TableSchema = TableSchema::free(
    "inventory",
    "an inventory",
    &[optional("object", ValueSchema::List(&ValueSchema::Table(&OBJECT), 0), "The objects.")],
);

static OBJECT: TableSchema = TableSchema::free(
    "object",
    "an object",
    &[
        optional("id", ValueSchema::Checked(&ID), "The name that logs give it, unique."),
        optional("kind", ValueSchema::Checked(&WORD), "What it is, such as `vm`."),
        optional("parent", ValueSchema::Checked(&WORD), "The id of its parent."),
        optional(
            "aliases",
            ValueSchema::List(&ValueSchema::Checked(&WORD), 0),
            "Other names that logs give it: host names, addresses, ids of containers.",
        ),
        optional(
            "properties",
            ValueSchema::Map(&ValueSchema::AnyText, &ValueSchema::Scalar),
            "Texts, numbers, booleans.",
        ),
        optional(
            "metrics",
            ValueSchema::Map(&ValueSchema::AnyText, &ValueSchema::Number),
            "Samples; texts go into `properties`.",
        ),
    ],
)
.elsewhere("facts of your own go into `properties`");

static ID: TextSchema =
    TextSchema { empty: "give the name that logs give the object", ..TextSchema::unbounded("an id in quotes") };
static WORD: TextSchema = TextSchema::unbounded("a text in quotes");

/// Returns the objects of a tree, and reports all mistakes in it.
pub(super) fn read(root: &RawNode, check: &mut Checker<'_>) -> Vec<ObjectFacts> {
    check.table(root, &INVENTORY, true);
    let mut seen: HashMap<&str, TextSpan> = HashMap::new();
    let mut objects = Vec::new();
    for table in root.list_of("object") {
        match table.get("id") {
            Some(node) => {
                let id = node.text().unwrap_or_default();
                match seen.get(id) {
                    Some(first) => check.duplicate("an object", id, &node.at, first),
                    None => _ = seen.insert(id, node.at),
                }
            }
            None if matches!(table.value, RawValue::Table(_)) => {
                let help = "add the name that logs give it, such as `id = \"vm-1\"`".to_owned();
                check.error(&table.at, "an object needs `id`", Some(help));
            }
            None => {}
        }
        objects.push(object(table));
    }
    names(root, check);
    objects
}

/// Reports other names that two objects have, or that are the id of one.
fn names(root: &RawNode, check: &mut Checker<'_>) {
    let ids: HashMap<&str, &TextSpan> = root
        .list_of("object")
        .iter()
        .filter_map(|table| table.get("id"))
        .filter_map(|id| Some((id.text()?, &id.at)))
        .collect();
    let mut seen: HashMap<&str, TextSpan> = HashMap::new();
    for alias in root.list_of("object").iter().flat_map(|table| table.list_of("aliases")) {
        let Some(name) = alias.text() else { continue };
        if let Some(first) = ids.get(name).copied().or_else(|| seen.get(name)) {
            check.duplicate("an object's name", name, &alias.at, first);
        } else {
            seen.insert(name, alias.at);
        }
    }
}

fn object(table: &RawNode) -> ObjectFacts {
    let property = |RawEntry { key, node, .. }: &RawEntry| (key.clone(), property(&node.value));
    let metric = |RawEntry { key, node, .. }: &RawEntry| Some((key.clone(), node.number()?));
    ObjectFacts {
        object: table.text_of("id").unwrap_or_default().to_owned(),
        time_ns: 0,
        kind: table.text_of("kind").map(str::to_owned),
        parent: table.text_of("parent").map(str::to_owned),
        properties: table.entries_of("properties").iter().map(property).collect(),
        metrics: table.entries_of("metrics").iter().filter_map(metric).collect(),
        aliases: table.list_of("aliases").iter().filter_map(RawNode::text).map(str::to_owned).collect(),
    }
}

/// Returns a property as text.
fn property(value: &RawValue) -> Option<String> {
    match value {
        RawValue::Text(text) | RawValue::Huge(text) => Some(text.clone()),
        RawValue::Integer(number) => Some(number.to_string()),
        RawValue::Number(number) => Some(format!("{number:?}")),
        RawValue::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
