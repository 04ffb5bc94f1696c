//! Modules stay small: a ceiling for each rule of the workspace. One toolchain gives the same bytes every time; there are
//! three percent of room for others.
#![allow(clippy::unwrap_used)]

use std::fs;

use lifesigns_artifacts::{root, rule};

/// Most bytes of each module.
const CEILINGS: [(&str, u64); 6] = [
    ("container-churn", 75_000),
    ("docker-keyword", 68_000),
    ("docker-on-production", 77_500),
    ("docker-under-load", 84_000),
    ("keyword", 60_000),
    ("untrusted-registry", 79_500),
];

#[test]
fn no_module_is_larger_than_its_ceiling() {
    let mut wrong = Vec::new();
    for (name, ceiling) in CEILINGS {
        let bytes = fs::metadata(rule(name)).unwrap().len();
        println!("{name}: {bytes} bytes of {ceiling}");
        if bytes > ceiling {
            wrong.push(format!("{name} has {bytes} bytes, and its ceiling is {ceiling}"));
        }
    }
    assert!(wrong.is_empty(), "see docs/performance.md for what makes modules large:\n  {}", wrong.join("\n  "));
}

#[test]
fn every_rule_has_a_ceiling() {
    for entry in fs::read_dir(root().join("rules")).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(manifest) = fs::read_to_string(folder.join("Cargo.toml")) else { continue };
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let is_listed = CEILINGS.iter().any(|(known, _)| *known == name);
        assert_eq!(is_listed, manifest.contains("cdylib"), "{name}");
    }
}
