//! Tests of `compiled`, `check`, `cycles` and `condition`: all mistakes are reported at once.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::{
    config::{AlertCondition, ConfigLocation, Hours, PolicyEntry, PolicySetting, Route, Scope},
    pattern::Pattern,
};

fn place(line: u32) -> ConfigLocation {
    ConfigLocation { file: "lifesigns.toml".into(), line, column: 1 }
}

fn group(line: u32, name: &str, groups: &[&str]) -> Group {
    let groups = groups.iter().map(|&name| name.to_owned()).collect();
    Group { name: name.into(), place: place(line), groups, ..Group::default() }
}

fn definition(line: u32, name: &str, when: AlertCondition) -> AlertDefinition {
    AlertDefinition {
        place: place(line),
        thresholds: [("load".to_owned(), 4.0)].into(),
        ..AlertDefinition::new(name, when)
    }
}

fn symptom(name: &str) -> AlertCondition {
    AlertCondition::Symptom(Pattern::new(name), Scope::Own)
}

fn fact(text: &str) -> AlertCondition {
    AlertCondition::Fact(text.into(), Scope::Own)
}

fn policy(line: u32, name: &str, groups: &[&str], says: Vec<(u32, &str, PolicySetting)>) -> Policy {
    let says = says.into_iter().map(|(line, pattern, setting)| PolicyEntry {
        pattern: pattern.into(),
        setting,
        place: place(line),
    });
    let groups = groups.iter().map(|&name| name.to_owned()).collect();
    Policy { name: name.into(), place: place(line), groups, entries: says.collect(), ..Policy::default() }
}

fn errors(config: ComplianceConfig) -> Vec<(u32, String)> {
    let errors = CompiledConfig::new(Arc::new(config)).err().unwrap_or_default();
    errors.into_iter().map(|error| (error.place.line, error.message)).collect()
}

/// The errors are these, each by its line and a part of what it says, and no others.
fn expect(config: ComplianceConfig, expected: &[(u32, &str)]) {
    let errors = errors(config);
    assert_eq!(errors.len(), expected.len(), "{errors:#?}");
    for ((line, message), (at, part)) in errors.iter().zip(expected) {
        assert!(line == at && message.contains(part), "{at} {part:?} is not {line} {message:?}");
    }
}

#[test]
fn everything_that_is_wrong_with_groups_is_reported_at_once() {
    let groups = vec![
        group(1, "production", &[]),
        group(2, "linux", &["prodution"]),
        group(3, "production", &[]),
        group(4, "a/b", &[]),
        group(5, "", &[]),
        Group { when: Some("properties.env = 'x'".into()), ..group(6, "broken", &[]) },
        Group { exclude_when: Some("enf == 'x'".into()), ..group(7, "unknown", &[]) },
        Group { when: Some("metrics.load > threshold.load".into()), ..group(8, "threshold", &[]) },
        group(9, "twice", &["linux", "linux"]),
    ];
    expect(
        ComplianceConfig { groups, ..ComplianceConfig::default() },
        &[
            (2, "group `linux`: there is no group `prodution`; did you mean `production`?"),
            (3, "group `production` is already defined at lifesigns.toml:1:1"),
            (4, "may not contain '/'"),
            (5, "the group has no name"),
            (6, "group `broken`: the expression `properties.env = 'x'` of `when`: 1:16:"),
            (7, "`exclude-when`: 1:1: there is no `enf`"),
            (8, "there is no `threshold` in a group"),
            (9, "named twice"),
        ],
    );
}

#[test]
fn cycles_are_named_whole() {
    let groups = vec![
        group(1, "out", &["c"]),
        group(2, "a", &["b"]),
        group(3, "b", &["fine", "c"]),
        group(4, "c", &["a"]),
        group(5, "self", &["self"]),
        group(6, "fine", &[]),
        group(7, "above", &["fine", "b"]),
    ];
    expect(
        ComplianceConfig { groups, ..ComplianceConfig::default() },
        &[(2, "groups contain each other: a → b → c → a"), (5, "groups contain each other: self → self")],
    );
}

#[test]
fn a_lattice_is_no_cycle_and_long_chains_take_no_stack() {
    let mut groups: Vec<Group> =
        (1..50_000).map(|at| group(at, &format!("g{at}"), &[&format!("g{}", at + 1)])).collect();
    groups.push(group(50_000, "g50000", &[]));
    groups.push(group(50_001, "top", &["g1", "g2", "g3"]));
    let compiled = CompiledConfig::new(Arc::new(ComplianceConfig { groups, ..ComplianceConfig::default() })).unwrap();
    assert_eq!(compiled.groups.all[50_000].rank, 50_000);
    assert_eq!(compiled.groups.all[49_999].rank, 0);
}

#[test]
fn everything_that_is_wrong_with_alerts_is_reported_at_once() {
    let deep = (0..40).fold(symptom("r/s"), |inner, _| AlertCondition::Not(Box::new(inner)));
    let definitions = vec![
        definition(1, "fine", AlertCondition::All(vec![symptom("r/s"), fact("metrics.load > threshold.load")])),
        definition(2, "fine", symptom("r/*")),
        definition(3, "empty", AlertCondition::All(vec![AlertCondition::Any(Vec::new())])),
        definition(4, "count", AlertCondition::Count(3, vec![symptom("r/s"), symptom("r/t")])),
        definition(5, "zero", AlertCondition::Count(0, vec![symptom("r/s")])),
        definition(6, "expression", AlertCondition::Not(Box::new(fact("metrics.load >")))),
        definition(7, "undeclared", fact("metrics.load > threshold.laod")),
        definition(8, "with/slash", symptom("r/s")),
        definition(9, "bare", symptom("docker")),
        definition(10, "deep", deep),
    ];
    expect(
        ComplianceConfig { definitions, ..ComplianceConfig::default() },
        &[
            (2, "alert `fine` is already defined"),
            (3, "`any` is empty"),
            (4, "a count of 3 can never hold: there are 2"),
            (5, "a count of 0 always holds"),
            (6, "alert `expression`: the expression `metrics.load >`: 1:15"),
            (7, "a threshold `laod` that is not declared; did you mean `load`?"),
            (8, "may not contain '/'"),
            (9, "names no rule"),
            (10, "more than 32 deep"),
        ],
    );
}

#[test]
fn everything_that_is_wrong_with_policies_and_routes_is_reported_at_once() {
    let hours = |from_minute, to_minute, days| vec![Hours { days, from_minute, to_minute }];
    let policies = vec![
        policy(10, "unknown-group", &["produktion"], vec![]),
        policy(
            11,
            "threshold",
            &[],
            vec![
                (12, "fine", PolicySetting::Threshold("laod".into(), 1.0)),
                (13, "fi*", PolicySetting::Threshold("load".into(), f64::NAN)),
                (14, "rule/*", PolicySetting::Threshold("load".into(), 1.0)),
                (15, "fin", PolicySetting::Allow(true)),
                (16, "rule/symptom", PolicySetting::Allow(true)),
            ],
        ),
        policy(17, "threshold", &[], vec![]),
        Policy { hours: hours(0, 1440, 0), ..policy(18, "no-day", &[], vec![]) },
        Policy { hours: hours(60, 60, 1), ..policy(19, "no-hour", &[], vec![]) },
        Policy { hours: hours(0, 1441, 1), ..policy(20, "too-late", &[], vec![]) },
    ];
    let inner = Route { place: place(31), groups: vec!["linux".into()], ..Route::default() };
    let routes = vec![Route { place: place(30), routes: vec![inner], ..Route::default() }];
    let config = ComplianceConfig {
        groups: vec![group(1, "production", &[])],
        definitions: vec![definition(2, "fine", symptom("r/s"))],
        policies,
        routes,
        ..ComplianceConfig::default()
    };
    expect(
        config,
        &[
            (10, "policy `unknown-group`: there is no group `produktion`; did you mean `production`?"),
            (12, "no alert that `fine` names has a threshold `laod`; did you mean `load`?"),
            (13, "the threshold `load` is not a number"),
            (14, "no alert that `rule/*` names has a threshold `load`"),
            (15, "there is no alert `fin`; did you mean `fine`?"),
            (17, "policy `threshold` is already defined at lifesigns.toml:11:1"),
            (18, "the hours name no day"),
            (19, "begin and end at the same time"),
            (20, "the hours go beyond 24:00"),
            (31, "route: there is no group `linux`"),
        ],
    );
}

#[test]
fn what_is_right_is_found_by_name_and_knows_what_it_reads() {
    let when =
        AlertCondition::Any(vec![fact("metrics.load > threshold.load"), AlertCondition::Not(Box::new(symptom("r/s")))]);
    let config = ComplianceConfig {
        groups: vec![group(1, "production", &[])],
        definitions: vec![definition(2, "first", symptom("r/s")), definition(3, "second", when)],
        policies: vec![policy(4, "strict", &["production"], vec![])],
        ..ComplianceConfig::default()
    };
    let compiled = CompiledConfig::new(Arc::new(config)).unwrap();
    assert_eq!(compiled.position("second"), Some(1));
    assert_eq!(compiled.definition("second").unwrap().place.line, 3);
    assert_eq!(compiled.group("production").unwrap().place.line, 1);
    assert_eq!(compiled.policy("strict").unwrap().place.line, 4);
    assert!(compiled.definition("third").is_none() && compiled.group("x").is_none() && compiled.policy("x").is_none());
    let Some(CompiledCondition::Any(any)) = compiled.condition(1) else { panic!("not `any`") };
    assert!(
        matches!(&any[0], CompiledCondition::Fact(fact, Scope::Own) if fact.text() == "metrics.load > threshold.load")
    );
    assert!(compiled.references().metrics.contains("load") && !compiled.references().metrics.contains("cpu"));
}
