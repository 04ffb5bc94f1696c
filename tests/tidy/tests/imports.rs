//! The import table: which crate of the house may depend on which, and which crates from outside
//! have one door. cargo-deny guards wasmtime and notify below that too.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use lifesigns_tidy::{Crate, crates};

/// The host wing, from the bottom up: a crate, and all of the house that it may be built with.
const HOST: [(&str, &[&str]); 21] = [
    ("lifesigns-text", &[]),
    ("lifesigns-model", &[]),
    ("lifesigns-document", &["lifesigns-text"]),
    ("lifesigns-sandbox", &["lifesigns-model", "lifesigns-text"]),
    ("lifesigns-engine", &["lifesigns-model"]),
    ("lifesigns-watch", &[]),
    ("lifesigns-rulestore", &["lifesigns-model", "lifesigns-text", "lifesigns-document", "lifesigns-watch"]),
    ("lifesigns-intake", &["lifesigns-model", "lifesigns-text", "lifesigns-document"]),
    ("lifesigns-sources", &["lifesigns-model", "lifesigns-text", "lifesigns-intake", "lifesigns-watch"]),
    ("lifesigns-compliance", &["lifesigns-model", "lifesigns-text"]),
    ("lifesigns-notifications", &["lifesigns-model", "lifesigns-text", "lifesigns-compliance"]),
    ("lifesigns-record", &["lifesigns-model", "lifesigns-compliance"]),
    ("lifesigns-store-sqlite", &["lifesigns-model", "lifesigns-text", "lifesigns-compliance", "lifesigns-record"]),
    (
        "lifesigns-settings",
        &[
            "lifesigns-model",
            "lifesigns-text",
            "lifesigns-document",
            "lifesigns-compliance",
            "lifesigns-intake",
            "lifesigns-notifications",
        ],
    ),
    ("lifesigns-api", &["lifesigns-model", "lifesigns-text", "lifesigns-compliance"]),
    ("lifesigns-gateway", &["lifesigns-model", "lifesigns-text", "lifesigns-compliance", "lifesigns-api"]),
    ("lifesigns-report", &["lifesigns-model", "lifesigns-text", "lifesigns-compliance"]),
    (
        "lifesigns-recorder",
        &[
            "lifesigns-text",
            "lifesigns-model",
            "lifesigns-engine",
            "lifesigns-compliance",
            "lifesigns-record",
            "lifesigns-notifications",
            "lifesigns-api",
        ],
    ),
    ("lifesigns-workbench", &[]),
    (
        "lifesigns",
        &[
            "lifesigns-model",
            "lifesigns-text",
            "lifesigns-engine",
            "lifesigns-intake",
            "lifesigns-sources",
            "lifesigns-sandbox",
            "lifesigns-rulestore",
            "lifesigns-compliance",
            "lifesigns-record",
            "lifesigns-store-sqlite",
            "lifesigns-notifications",
            "lifesigns-api",
            "lifesigns-recorder",
        ],
    ),
    (
        "lifesigns-cli",
        &[
            "lifesigns",
            "lifesigns-api",
            "lifesigns-compliance",
            "lifesigns-gateway",
            "lifesigns-intake",
            "lifesigns-recorder",
            "lifesigns-notifications",
            "lifesigns-report",
            "lifesigns-settings",
            "lifesigns-store-sqlite",
            "lifesigns-text",
            "lifesigns-workbench",
        ],
    ),
];

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
    ("tokio", &["lifesigns-gateway"]),
    ("axum", &["lifesigns-gateway"]),
    ("hyper", &["lifesigns-gateway"]),
    ("openssl", &[]),
];

/// Crates that stay plain: of the outside they take only these. The model's `WakeSignal` is a channel with a lock.
const PLAIN: [(&str, &[&str]); 2] = [
    ("lifesigns-model", &["crossbeam-channel", "parking_lot", "serde", "thiserror"]),
    ("lifesigns-text", &["jiff", "strsim"]),
];

fn host(one: &Crate) -> bool {
    one.folder.starts_with("host/")
}

fn is_test(one: &Crate) -> bool {
    one.folder.starts_with("tests/") || one.folder.starts_with("examples/")
}

/// What of the house a crate may be built with; `None` is everything.
fn may_use(one: &Crate) -> Option<Vec<&'static str>> {
    match one.folder.as_str() {
        "rules/sdk" => Some(Vec::new()),
        "rules/docker" => Some(vec!["lifesigns-rule"]),
        folder if folder.starts_with("tests/guests/") => Some(vec!["lifesigns-rule"]),
        folder if folder.starts_with("rules/") => Some(RULES.to_vec()),
        _ if is_test(one) => None,
        folder => {
            let row = HOST.iter().find(|(name, _)| *name == one.name);
            let (_, may) = row.unwrap_or_else(|| panic!("{folder}: {} has no row in the import table", one.name));
            Some(may.to_vec())
        }
    }
}

#[test]
fn crates_use_what_the_table_allows() {
    let crates = crates();
    let house: BTreeSet<&str> = crates.iter().map(|one| one.name.as_str()).collect();
    let mut wrong = Vec::new();
    for one in &crates {
        let Some(may) = may_use(one) else { continue };
        let of_house = |names: &BTreeSet<String>| -> Vec<String> {
            names.iter().filter(|name| house.contains(name.as_str())).cloned().collect()
        };
        for name in of_house(&one.uses).iter().filter(|name| !may.contains(&name.as_str())) {
            wrong.push(format!("{} is built with {name}", one.name));
        }
        let tests_may = |name: &str| may.contains(&name) || TESTS.contains(&name);
        for name in of_house(&one.tests_use).iter().filter(|name| host(one) && !tests_may(name)) {
            wrong.push(format!("the tests of {} use {name}", one.name));
        }
    }
    assert!(wrong.is_empty(), "the table of ARCHITECTURE.md does not allow this:\n  {}", wrong.join("\n  "));
    let stale: Vec<_> = HOST.iter().filter(|(name, _)| !house.contains(name)).collect();
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
