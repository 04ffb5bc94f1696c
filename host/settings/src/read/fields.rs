//! Values that several parts of the settings have. One of another type was reported before and is skipped.

use std::collections::HashMap;

use lifesigns_compliance::{Pattern, config::ConfigLocation};
use lifesigns_document::{Checker, RawNode, TextLocation, TextSpan};

pub(super) fn names(tables: &[RawNode]) -> Vec<String> {
    tables.iter().filter_map(|table| table.text_of("name")).map(str::to_owned).collect()
}

pub(super) fn owned(table: &RawNode, key: &str) -> String {
    table.text_of(key).unwrap_or_default().to_owned()
}

pub(super) fn texts(list: &[RawNode]) -> Vec<String> {
    list.iter().filter_map(RawNode::text).map(str::to_owned).collect()
}

pub(super) fn patterns(table: &RawNode, key: &str) -> Vec<Pattern> {
    table.list_of(key).iter().filter_map(RawNode::text).map(Pattern::from).collect()
}

/// Returns where a span begins.
pub(super) fn location(check: &Checker<'_>, at: &TextSpan) -> ConfigLocation {
    let TextLocation { file, line, column } = check.sources.place(at);
    ConfigLocation { file, line, column }
}

/// Reports names that occur twice.
pub(super) fn unique(what: &str, tables: &[RawNode], check: &mut Checker<'_>) {
    let mut seen: HashMap<&str, &TextSpan> = HashMap::new();
    for node in tables.iter().filter_map(|table| table.get("name")) {
        let Some(name) = node.text() else { continue };
        match seen.get(name) {
            Some(first) => check.duplicate(what, name, &node.at, first),
            None => _ = seen.insert(name, &node.at),
        }
    }
}
