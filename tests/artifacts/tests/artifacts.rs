//! Every rule and guest of the workspace becomes a component that asks for nothing but the contract.
#![allow(clippy::unwrap_used)]

use std::{fs, path::Path, thread};

use lifesigns_artifacts::{guest, rule};
use lifesigns_workbench::{ModuleKind, inspect};

fn check(module: &Path) {
    let found = inspect(&fs::read(module).unwrap());
    assert_eq!(found.kind, ModuleKind::Component, "{}: {:?}", module.display(), found.error);
    assert!(
        ["describe", "evaluate"].iter().all(|name| found.exports.iter().any(|it| it == name)),
        "{:?}",
        found.exports
    );
    let is_known = |name: &String| ["describe", "evaluate", "migrate", "settings"].contains(&name.as_str());
    assert!(found.exports.iter().all(is_known), "{:?}", found.exports);
    assert!(found.imports.iter().all(|name| name.starts_with("lifesigns:rule/")), "{:?}", found.imports);
    assert!(found.custom_sections.is_empty(), "{:?}", found.custom_sections);
}

#[test]
fn rules_and_guests_are_built_once() {
    check(rule("keyword"));
    check(guest("hostile"));
    // From many threads at once, as tests ask.
    let paths: Vec<_> = (0..4).map(|_| thread::spawn(|| rule("keyword"))).map(|it| it.join().unwrap()).collect();
    assert!(paths.iter().all(|path| *path == rule("keyword")));
}

#[test]
#[should_panic(expected = "rules/nothing makes no module; there are: ")]
fn a_rule_that_is_not_there_is_named() {
    rule("nothing");
}
