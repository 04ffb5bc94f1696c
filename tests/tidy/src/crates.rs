//! Who depends on whom, as the manifests say.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::{committed, read};

/// One crate of the workspace.
#[derive(Clone, Debug)]
pub struct Crate {
    /// The package's name.
    pub name: String,
    /// Its folder, from the root.
    pub folder: String,
    /// What it is built with, and what builds it.
    pub uses: BTreeSet<String>,
    /// What only its tests, benches and examples use.
    pub tests_use: BTreeSet<String>,
    /// It takes the workspace's lints, or a copy that denies `unsafe_code` rather than forbidding it.
    pub lints: bool,
}

/// The crates of the workspace. A manifest of its own workspace (fuzz) is no part of it.
///
/// # Panics
/// When a manifest is not TOML or has no name.
pub fn crates() -> Vec<Crate> {
    let workspace: Table = read("Cargo.toml").parse().expect("cargo has read it");
    let mut found = Vec::new();
    for path in committed() {
        let Some(folder) = path.strip_suffix("/Cargo.toml") else { continue };
        let wings = ["host/", "rules/", "tests/", "examples/"];
        if !wings.iter().any(|wing| path.starts_with(wing)) {
            continue;
        }
        let manifest: Table = match read(&path).parse() {
            Ok(manifest) => manifest,
            Err(error) => panic!("{path}: {error}"),
        };
        let Some(name) = manifest.get("package").and_then(|it| it.get("name")).and_then(Value::as_str) else {
            continue;
        };
        if manifest.contains_key("workspace") {
            continue;
        }
        let (uses, tests_use) = dependencies(&manifest);
        let lints = takes_lints(&manifest, &workspace);
        found.push(Crate { name: name.to_owned(), folder: folder.to_owned(), uses, tests_use, lints });
    }
    found
}

fn takes_lints(manifest: &Table, workspace: &Table) -> bool {
    let Some(lints) = manifest.get("lints") else { return false };
    if lints.get("workspace").and_then(Value::as_bool) == Some(true) {
        return true;
    }
    let mut copy = lints.clone();
    if let Some(level) = copy.get_mut("rust").and_then(|rust| rust.get_mut("unsafe_code"))
        && level.as_str() == Some("deny")
    {
        *level = "forbid".into();
    }
    workspace.get("workspace").and_then(|it| it.get("lints")) == Some(&copy)
}

fn dependencies(manifest: &Table) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut uses, mut tests_use) = (BTreeSet::new(), BTreeSet::new());
    let targets = manifest.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    for table in targets.filter_map(Value::as_table).chain([manifest]) {
        collect(table, "dependencies", &mut uses);
        collect(table, "build-dependencies", &mut uses);
        collect(table, "dev-dependencies", &mut tests_use);
    }
    (uses, tests_use)
}

/// The real names, whatever the crate calls them.
fn collect(table: &Table, key: &str, into: &mut BTreeSet<String>) {
    for (name, how) in table.get(key).and_then(Value::as_table).into_iter().flatten() {
        let real = how.get("package").and_then(Value::as_str);
        into.insert(real.unwrap_or(name).to_owned());
    }
}
