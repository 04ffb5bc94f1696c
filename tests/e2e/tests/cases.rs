//! The cases of all rules: natively and through Wasm, on one thread and on two.
//!
//! `LIFESIGNS_BLESS=1 cargo test -p lifesigns-e2e --test cases` writes down what comes out as what
//! must come out; then read it.

use lifesigns_artifacts as artifacts;
use lifesigns_e2e::{
    cases::{self, Case},
    modules, native,
    run::{Input, replay},
};
use lifesigns_model::RuleAlert;

fn check(case: &Case) -> Option<String> {
    let name = format!("{}/{}", case.rule, case.name);
    let native = native::module(&case.rule).unwrap_or_else(|| panic!("{name}: src/native.rs does not know the rule"));
    let wasm = modules::rule(&case.rule);
    let runs = [
        ("natively", 1, case.run(&native, 1)),
        ("natively", 2, case.run(&native, 2)),
        ("through Wasm", 1, case.run(&wasm, 1)),
        ("through Wasm", 2, case.run(&wasm, 2)),
    ];
    if runs[0].2.ndjson != runs[1].2.ndjson || runs[2].2.ndjson != runs[3].2.ndjson {
        return Some(format!("{name}: two threads write other bytes than one"));
    }
    let first = cases::text(&runs[0].2.alerts);
    if std::env::var_os("LIFESIGNS_BLESS").is_some() {
        case.bless(&first);
    }
    let Some(expected) = case.expected() else {
        return Some(format!("{name} has no expected.ndjson; LIFESIGNS_BLESS=1 writes it"));
    };
    runs.iter().find_map(|(how, threads, run)| {
        let difference = cases::difference(&expected, &cases::text(&run.alerts))?;
        Some(format!("{name}, {how}, {threads} thread(s): {difference}"))
    })
}

#[test]
fn every_case_of_every_rule_gives_what_is_expected() {
    let cases = cases::all();
    for rule in native::names() {
        assert!(cases.iter().any(|case| case.rule == rule), "{rule} has no case");
    }
    let wrong: Vec<String> = cases.iter().filter_map(check).collect();
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn docker_keyword(name: &str, log: &str) -> Vec<RuleAlert> {
    let rule = modules::open("docker-keyword", &modules::rule("docker-keyword"), "{}");
    replay(&[rule], &[Input::new(name, name, modules::read(&artifacts::root().join(log)))], &[], 2).alerts
}

#[test]
fn a_real_daemons_whole_life_at_debug_level_holds_29_create_calls() {
    let alerts = docker_keyword("vm-play-01", "examples/fleet/logs/vm-play-01.log");
    let created: Vec<_> = alerts.iter().filter(|alert| alert.symptom == "container-created").collect();
    assert_eq!(created.len(), 29);
    for alert in created {
        assert!(alert.text.contains("msg=\"Calling POST /v1.41/containers/create"), "a look-alike: {}", alert.text);
    }
}

#[test]
fn the_same_life_at_the_default_level_holds_28_starts_and_nothing_else() {
    let alerts = docker_keyword("vm-2", "rules/docker-keyword/cases/whole-life/vm-2.log");
    let mut containers = std::collections::BTreeSet::new();
    for alert in alerts.iter().filter(|alert| alert.symptom != "docker-present") {
        assert_eq!(alert.symptom, "container-started", "{alert:?}");
        assert!(alert.text.contains("msg=\"starting signal loop\" namespace=moby"), "a look-alike: {}", alert.text);
        containers.insert(alert.attributes.clone());
    }
    assert_eq!(containers.len(), 28);
}
