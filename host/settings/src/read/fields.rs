//! Values of a table by their keys. A value of another type was reported before and is skipped.

use lifesigns_compliance::Pattern;
use lifesigns_model::Criticality;
use lifesigns_text::duration_ms;

use crate::raw::{RawNode, RawValue};

pub(super) fn names(tables: &[RawNode]) -> Vec<String> {
    tables.iter().filter_map(|table| text(table, "name").map(str::to_owned)).collect()
}

pub(super) fn list<'n>(table: &'n RawNode, key: &str) -> &'n [RawNode] {
    table.get(key).map_or(&[], RawNode::items)
}

pub(super) fn text<'n>(table: &'n RawNode, key: &str) -> Option<&'n str> {
    table.get(key).and_then(RawNode::text)
}

pub(super) fn owned(table: &RawNode, key: &str) -> String {
    text(table, key).unwrap_or_default().to_owned()
}

pub(super) fn texts_of(list: &[RawNode]) -> Vec<String> {
    list.iter().filter_map(|node| node.text().map(str::to_owned)).collect()
}

pub(super) fn texts(table: &RawNode, key: &str) -> Vec<String> {
    texts_of(list(table, key))
}

pub(super) fn patterns(table: &RawNode, key: &str) -> Vec<Pattern> {
    list(table, key).iter().filter_map(RawNode::text).map(Pattern::from).collect()
}

pub(super) fn duration(table: &RawNode, key: &str, default_ms: u64) -> u64 {
    text(table, key).and_then(duration_ms).unwrap_or(default_ms)
}

pub(super) fn flag(table: &RawNode, key: &str, default: bool) -> bool {
    match table.get(key).map(|node| &node.value) {
        Some(RawValue::Flag(flag)) => *flag,
        _ => default,
    }
}

pub(super) fn whole(table: &RawNode, key: &str) -> Option<i64> {
    match table.get(key)?.value {
        RawValue::Whole(number) => Some(number),
        _ => None,
    }
}

pub(super) fn number(node: &RawNode) -> Option<f64> {
    match node.value {
        RawValue::Whole(number) => Some(number as f64),
        RawValue::Number(number) => Some(number),
        _ => None,
    }
}

pub(super) fn criticality(word: &str) -> Option<Criticality> {
    let all = [Criticality::Information, Criticality::Warning, Criticality::Immediate, Criticality::Critical];
    all.into_iter().find(|one| one.as_str() == word)
}
