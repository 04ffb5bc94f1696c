//! Every target over its seeds and some thousand mutations of them. `LIFESIGNS_FUZZ=100000` tries as many;
//! `LIFESIGNS_SEED` says where they begin.
#![allow(clippy::unwrap_used)]

use std::panic::{AssertUnwindSafe, catch_unwind};

use lifesigns_fuzz::{Random, TARGETS, mutated, seeds};

/// Mutations of each target; compiling a module takes longer than the rest.
const ROUNDS: u64 = 2000;
const ROUNDS_OF_MODULES: u64 = 300;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{variable}={text}: give a number")))
}

fn run(name: &str) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).unwrap();
    let seeds = seeds(name);
    assert!(!seeds.is_empty(), "{name} has no seeds");
    seeds.iter().for_each(|seed| target(seed));
    let rounds = number("LIFESIGNS_FUZZ").unwrap_or(if name == "admission" { ROUNDS_OF_MODULES } else { ROUNDS });
    let first = number("LIFESIGNS_SEED").unwrap_or(1);
    for seed in first..first + rounds {
        let input = mutated(&seeds, &mut Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        let done = catch_unwind(AssertUnwindSafe(|| target(&input)));
        assert!(done.is_ok(), "{name}: LIFESIGNS_SEED={seed}: {:?}", String::from_utf8_lossy(&input));
    }
}

#[test]
fn modules_are_admitted_or_refused() {
    run("admission");
}

#[test]
fn manifests_are_read_and_changed() {
    run("manifest");
}

#[test]
fn descriptions_are_checked() {
    run("description");
}

#[test]
fn exports_of_the_journal_are_read() {
    run("journal");
}

#[test]
fn answers_are_checked() {
    run("answer");
}

#[test]
fn configurations_are_read() {
    run("settings");
}

#[test]
fn inventories_are_read() {
    run("inventory");
}

#[test]
fn lines_are_decoded() {
    run("decoders");
}

#[test]
fn requests_are_answered() {
    run("requests");
}

#[test]
fn batches_of_agents_are_answered() {
    run("agent");
}

#[test]
fn streams_of_syslog_are_cut_into_lines() {
    run("framing");
}

#[test]
fn what_docker_sends_is_read() {
    run("docker");
}

#[test]
fn expressions_are_those_of_the_language() {
    run("expression");
}

#[test]
fn the_prefilter_finds_what_is_there() {
    run("prefilter");
}

#[test]
fn each_target_is_a_target_of_libfuzzer_too() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let target = std::fs::read_to_string(folder.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("lifesigns_fuzz::{name}(data)")), "{name}");
    }
}
