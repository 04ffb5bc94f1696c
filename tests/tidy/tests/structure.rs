//! The structure inside crates: files do not use each other in circles, and no two public types of
//! the workspace share a name.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use lifesigns_tidy::{circles, modules};

/// What rule authors write against, and the tests' own crates: they never meet the host's names.
const GUEST_SIDE: [&str; 3] = ["rules/", "tests/", "examples/"];

#[test]
fn no_files_of_a_crate_use_each_other_in_a_circle() {
    let mut found = Vec::new();
    for files in modules().values() {
        found.extend(circles(files).into_iter().map(|group| group.into_iter().collect::<Vec<_>>().join(" <-> ")));
    }
    assert!(found.is_empty(), "move what both need into a file below both:\n  {}", found.join("\n  "));
}

#[test]
fn no_two_public_types_share_a_name() {
    let mut by_name: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let crates = modules();
    let host = crates.iter().filter(|(folder, _)| !GUEST_SIDE.iter().any(|side| folder.starts_with(side)));
    for module in host.flat_map(|(_, files)| files.values()) {
        for name in &module.public_types {
            by_name.entry(name.clone()).or_default().push(module.file.clone());
        }
    }
    let shared = by_name.into_iter().filter(|(_, files)| files.len() > 1);
    let found: Vec<String> = shared.map(|(name, files)| format!("{name}: {}", files.join(", "))).collect();
    assert!(found.is_empty(), "one word, one idea: rename all but one\n  {}", found.join("\n  "));
}
