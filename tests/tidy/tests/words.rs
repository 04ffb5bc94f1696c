//! What must not be committed: traces of the machine that something was made on, and second copies
//! of the contract.
#![allow(clippy::unwrap_used)]

use lifesigns_tidy::{committed, read};

/// Split, so that this file does not hold them.
const FORBIDDEN: [&str; 2] = [concat!("/ro", "ot/"), concat!("/Us", "ers/")];

/// The one registry.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[test]
fn no_trace_of_a_machine_is_committed() {
    let mut found = Vec::new();
    for path in committed() {
        for (number, line) in read(&path).lines().enumerate() {
            let words = FORBIDDEN.iter().filter(|word| line.contains(**word));
            found.extend(words.map(|word| format!("{path}:{}: `{word}`", number + 1)));
        }
    }
    assert!(found.is_empty(), "paths of a developer's machine:\n  {}", found.join("\n  "));
}

#[test]
fn all_crates_come_from_one_registry() {
    let lock = read("Cargo.lock");
    let sources = lock.lines().filter_map(|line| line.strip_prefix("source = \""));
    let others: Vec<_> = sources.map(|it| it.trim_end_matches('"')).filter(|it| *it != REGISTRY).collect();
    assert!(others.is_empty(), "{others:?}");
    let configured: Vec<_> = committed().into_iter().filter(|path| path.contains(".cargo/")).collect();
    for path in configured {
        let config = read(&path);
        assert!(!config.contains("[source") && !config.contains("[registries"), "{path} names a registry");
    }
}

#[test]
fn there_is_one_copy_of_the_contract_and_both_wings_use_it() {
    let copies: Vec<_> =
        committed().into_iter().filter(|path| path.ends_with(".wit") && !path.starts_with("wit/")).collect();
    assert!(copies.is_empty(), "the contract is `wit/`, once: {copies:?}");
    // Those of the SDK are generated ahead: `bindings.rs` holds them to it.
    let host = read("host/sandbox/src/bindings.rs");
    assert!(host.contains("path: \"../../wit\""), "the sandbox's bindings are not made from `wit/`");
    let versions: Vec<_> =
        committed().iter().filter(|path| path.starts_with("wit/")).map(|path| version(path)).collect();
    assert!(!versions.is_empty() && versions.iter().all(|it| *it == versions[0]), "{versions:?}");
    let host = read("host/sandbox/src/admission.rs");
    assert!(host.contains(&format!("VERSION: &str = \"{}\"", versions[0])), "the sandbox speaks another version");
}

/// The version that a file of the contract declares.
fn version(path: &str) -> String {
    let text = read(path);
    let line = text.lines().find_map(|line| line.strip_prefix("package lifesigns:rule@"));
    line.unwrap_or_else(|| panic!("{path} does not name its package")).trim_end_matches(';').to_owned()
}
