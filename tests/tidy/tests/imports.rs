//! The import table: which crate of the house may depend on which, and which crates from outside
//! have one door. cargo-deny guards wasmtime and notify below that too.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use lifesigns_tidy::{Crate, crates, read};

/// What rules are written with.
const RULES: [&str; 2] = ["lifesigns-rule", "docker"];

/// What the tests of a host crate may use beside what it is built with.
const TESTS: [&str; 1] = ["lifesigns-artifacts"];

/// Crates from outside that have one door, or few. Tests may use them where they like.
const DOORS: [(&str, &[&str]); 17] = [
    ("wasmtime", &["lifesigns-sandbox"]),
    ("wasmparser", &["lifesigns-sandbox", "lifesigns-workbench"]),
    ("wit-component", &["lifesigns-sandbox", "lifesigns-workbench"]),
    ("wit-bindgen", &["lifesigns-rule"]),
    ("notify", &["lifesigns-watch"]),
    ("rusqlite", &["lifesigns-store-sqlite"]),
    ("clap", &["lifesigns-cli"]),
    ("clap_complete", &["lifesigns-cli"]),
    ("indicatif", &["lifesigns-cli"]),
    ("tracing-subscriber", &["lifesigns-cli"]),
    ("core_affinity", &["lifesigns-engine"]),
    ("toml", &["lifesigns-document"]),
    ("miette", &["lifesigns-document"]),
    ("tokio", &["lifesigns-gateway", "lifesigns-ingest", "lifesigns-network"]),
    ("axum", &["lifesigns-gateway", "lifesigns-ingest"]),
    ("hyper", &["lifesigns-gateway"]),
    ("openssl", &[]),
];

/// Crates that stay plain: of the outside they take only these. The model's `WakeSignal` is a channel with a lock.
const PLAIN: [(&str, &[&str]); 2] = [
    (
        "lifesigns-model",
        &["crossbeam-channel", "fastrand", "parking_lot", "safe_arch", "schemars", "serde", "thiserror"],
    ),
    ("lifesigns-text", &["jiff", "safe_arch", "strsim"]),
];

fn host(one: &Crate) -> bool {
    one.folder.starts_with("host/")
}

fn is_test(one: &Crate) -> bool {
    one.folder.starts_with("tests/") || one.folder.starts_with("examples/")
}

/// The rows of the host wing in ARCHITECTURE.md's import table: a crate, and all of the house that it may be built
/// with.
fn host_table() -> BTreeMap<String, BTreeSet<String>> {
    let text = read("ARCHITECTURE.md");
    let (_, rest) = text.split_once("### The import table").unwrap();
    let rows = rest.lines().filter(|line| line.starts_with("| `")).take_while(|line| !line.contains("`rules/"));
    let mut table = BTreeMap::new();
    for row in rows {
        let (_, cells) = row.split_at(1);
        let (names, may) = cells.split_once('|').unwrap();
        for name in package_names(names) {
            let twice = table.insert(name, package_names(may).collect());
            assert!(twice.is_none(), "a crate has two rows in the import table: {row}");
        }
    }
    table
}

/// The words in backticks, as names of packages.
fn package_names(cell: &str) -> impl Iterator<Item = String> {
    cell.split('`').skip(1).step_by(2).map(|name| match name {
        "lifesigns" => name.to_owned(),
        name => format!("lifesigns-{name}"),
    })
}

/// What of the house a crate may be built with; `None` is everything.
fn may_use(one: &Crate, host: &BTreeMap<String, BTreeSet<String>>) -> Option<BTreeSet<String>> {
    let only = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
    match one.folder.as_str() {
        "rules/sdk" => only(&[]),
        "rules/docker" => only(&["lifesigns-rule"]),
        folder if folder.starts_with("tests/guests/") => only(&["lifesigns-rule"]),
        folder if folder.starts_with("rules/") => only(&RULES),
        _ if is_test(one) => None,
        folder => {
            let row = host.get(&one.name);
            Some(row.unwrap_or_else(|| panic!("{folder}: {} has no row in the import table", one.name)).clone())
        }
    }
}

#[test]
fn crates_use_what_the_table_grants_and_all_of_it() {
    let (crates, table) = (crates(), host_table());
    let house: BTreeSet<&str> = crates.iter().map(|one| one.name.as_str()).collect();
    let mut wrong = Vec::new();
    for one in &crates {
        let Some(may) = may_use(one, &table) else { continue };
        let of_house = |names: &BTreeSet<String>| -> BTreeSet<String> {
            names.iter().filter(|name| house.contains(name.as_str())).cloned().collect()
        };
        let uses = of_house(&one.uses);
        wrong.extend(uses.difference(&may).map(|name| format!("{} is built with {name}", one.name)));
        if host(one) {
            wrong.extend(may.difference(&uses).map(|name| format!("{} does not use {name}", one.name)));
            let tests_use = of_house(&one.tests_use);
            let tests_may = |name: &&String| may.contains(*name) || TESTS.contains(&name.as_str());
            wrong.extend(
                tests_use
                    .iter()
                    .filter(|name| !tests_may(name))
                    .map(|name| format!("the tests of {} use {name}", one.name)),
            );
        }
    }
    assert!(wrong.is_empty(), "the table of ARCHITECTURE.md is not what is built:\n  {}", wrong.join("\n  "));
    let stale: Vec<_> = table.keys().filter(|name| !house.contains(name.as_str())).collect();
    assert!(stale.is_empty(), "rows of crates that are gone: {stale:?}");
}

#[test]
fn nothing_goes_in_circles_not_even_in_tests() {
    let crates = crates();
    let by_name: BTreeMap<&str, &Crate> = crates.iter().map(|one| (one.name.as_str(), one)).collect();
    for one in &crates {
        let mut seen = BTreeSet::new();
        let mut next: Vec<&str> = one.uses.iter().chain(&one.tests_use).map(String::as_str).collect();
        while let Some(name) = next.pop() {
            assert_ne!(name, one.name, "{name} comes back to itself");
            if let Some(used) = by_name.get(name)
                && seen.insert(name)
            {
                next.extend(used.uses.iter().map(String::as_str));
            }
        }
    }
}

#[test]
fn outside_crates_come_in_by_their_doors() {
    let mut wrong = Vec::new();
    for one in crates() {
        for (name, doors) in DOORS {
            if one.uses.contains(name) && !doors.contains(&one.name.as_str()) && !is_test(&one) {
                wrong.push(format!("{} uses {name}; only {doors:?} may", one.name));
            }
        }
        if let Some((_, plain)) = PLAIN.iter().find(|(name, _)| *name == one.name) {
            wrong.extend(
                one.uses
                    .iter()
                    .filter(|used| !plain.contains(&used.as_str()))
                    .map(|used| format!("{} uses {used}", one.name)),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_crate_takes_the_houses_lints() {
    let without: Vec<_> = crates().into_iter().filter(|one| !one.lints).map(|one| one.folder).collect();
    assert!(without.is_empty(), "`[lints] workspace = true`, or a full copy, is missing in {without:?}");
}
