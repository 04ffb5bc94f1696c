//! Tests of `resolver`: which policy wins, and what is reported of those that do not.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use lifesigns_model::{Criticality, ObjectFacts};
use proptest::prelude::*;

use super::*;
use crate::{
    config::{AlertCondition, AlertDefinition, ComplianceConfig, ConfigLocation, Group, Hours, Scope},
    pattern::Pattern,
};

fn resolve(registry: &ObjectRegistry, object: &str, alert: &str, clock_ns: u64) -> Resolution {
    PolicyResolver::new(registry, clock_ns).resolve(object, alert)
}

fn place(line: u32) -> ConfigLocation {
    ConfigLocation { file: "f".into(), line, column: 1 }
}

fn policy(line: u32, name: &str, groups: &[&str], priority: i32, says: Vec<(&str, PolicySetting)>) -> Policy {
    let says = says.into_iter().zip(line + 1..).map(|((pattern, setting), line)| PolicyEntry {
        pattern: pattern.into(),
        setting,
        place: place(line),
    });
    Policy {
        name: name.into(),
        place: place(line),
        groups: groups.iter().map(|&name| name.to_owned()).collect(),
        priority,
        hours: Vec::new(),
        zone: Default::default(),
        entries: says.collect(),
    }
}

/// `vm-1` is in `linux` and `production`, `vm-2` in `linux` alone; the alert `d` has a
/// threshold.
fn compiled(policies: Vec<Policy>) -> (Arc<CompiledConfig>, ObjectRegistry) {
    let group = |name: &str, pattern: &str| Group {
        name: name.into(),
        objects: vec![Pattern::new(pattern)],
        ..Group::default()
    };
    let groups = vec![group("linux", "vm-*"), group("production", "vm-1"), group("empty", "none")];
    let definition = AlertDefinition {
        thresholds: [("load".to_owned(), 1.0)].into(),
        ..AlertDefinition::new("d", AlertCondition::Symptom(Pattern::new("r/s"), Scope::Own))
    };
    let config = ComplianceConfig { groups, policies, definitions: vec![definition], ..ComplianceConfig::default() };
    let compiled = Arc::new(CompiledConfig::new(Arc::new(config)).unwrap());
    let mut registry = ObjectRegistry::new(compiled.clone());
    for object in ["vm-1", "vm-2"] {
        registry.apply_facts(&ObjectFacts { object: object.into(), time_ns: 1, ..ObjectFacts::default() });
    }
    (compiled, registry)
}

fn names(step: &Decision) -> Vec<(&str, &str, u32)> {
    let all = std::iter::once(&step.by).chain(&step.overrode);
    all.map(|verdict| (verdict.policy.as_str(), verdict.value.as_str(), verdict.place.line)).collect()
}

#[test]
fn priority_then_file_then_literal_then_line() {
    use Criticality::{Critical, Immediate, Information, Warning};
    use PolicySetting::Criticality as Is;
    let policies = vec![
        policy(10, "default", &[], 0, vec![("*", Is(Information)), ("r/*", Is(Warning)), ("r/s", Is(Immediate))]),
        policy(20, "linux", &["linux"], 0, vec![("r/s", Is(Warning))]),
        policy(30, "strict", &["empty", "production", "linux"], 5, vec![("r/*", Is(Critical)), ("q/*", Is(Warning))]),
        policy(40, "elsewhere", &["empty"], 9, vec![("*", Is(Warning))]),
        policy(50, "low", &[], -1, vec![("r/s", Is(Critical))]),
    ];
    let (compiled, registry) = compiled(policies);
    let resolution = resolve(&registry, "vm-1", "r/s", 0);
    assert_eq!(resolution.criticality, Some(Critical));
    assert!(resolution.enabled && !resolution.allowed);
    let [step] = resolution.why.steps.as_slice() else { panic!("{:?}", resolution.why.steps) };
    let expected = [
        ("strict", "critical", 31),
        ("default", "immediate", 13),
        ("default", "information", 11),
        ("default", "warning", 12),
        ("linux", "warning", 21),
        ("low", "critical", 51),
    ];
    assert_eq!(names(step), expected);
    assert_eq!(step.by.group.as_deref(), Some("production"));
    assert_eq!(step.by.pattern, "r/*");
    assert_eq!(step.overrode[0].group, None);
    assert_eq!(resolution.why.groups.len(), 2);
    assert_eq!(compiled.policies_in("linux").iter().map(|one| &*one.name).collect::<Vec<_>>(), ["strict", "linux"]);
    assert!(compiled.policies_in("nowhere").is_empty());
}

#[test]
fn each_setting_is_decided_by_itself() {
    let policies = vec![
        policy(
            10,
            "playground",
            &["linux"],
            1,
            vec![("r/*", PolicySetting::Allow(true)), ("d", PolicySetting::Enable(false))],
        ),
        policy(
            20,
            "strict",
            &["production"],
            2,
            vec![
                ("r/s", PolicySetting::Allow(false)),
                ("d", PolicySetting::Threshold("load".into(), 8.5)),
                ("d", PolicySetting::Threshold("load".into(), 9.0)),
                ("r/s", PolicySetting::Recommendations(vec!["call".into(), "move".into()])),
                ("r/s", PolicySetting::Receivers(vec![])),
            ],
        ),
    ];
    let (_, registry) = compiled(policies);
    let resolution = resolve(&registry, "vm-1", "r/s", 0);
    assert!(!resolution.allowed);
    assert_eq!(resolution.recommendations, Some(vec!["call".to_owned(), "move".to_owned()]));
    assert_eq!(resolution.receivers, Some(Vec::new()));
    let settings: Vec<&str> = resolution.why.steps.iter().map(|step| step.setting.as_str()).collect();
    assert_eq!(settings, ["allow", "recommendations", "receivers"]);
    assert_eq!(names(&resolution.why.steps[0]), [("strict", "false", 21), ("playground", "true", 11)]);
    assert_eq!(resolution.why.steps[1].value, "call; move");
    assert_eq!(resolution.why.steps[2].value, "none");
    let resolution = resolve(&registry, "vm-1", "d", 0);
    assert!(!resolution.enabled);
    assert_eq!(resolution.thresholds, [("load".to_owned(), 8.5)].into());
    assert_eq!(resolution.why.steps[1].setting, "threshold load");
    assert_eq!(names(&resolution.why.steps[1]), [("strict", "8.5", 22), ("strict", "9", 23)]);
    assert!(resolve(&registry, "vm-2", "r/s", 0).allowed);
    assert!(resolve(&registry, "vm-2", "r/s", 0).allowed);
    assert!(!resolve(&registry, "vm-1", "r/s", 0).allowed);
    assert!(resolve(&registry, "vm-1", "r/t", 0).allowed);
    assert!(!resolve(&registry, "unknown", "r/t", 0).allowed);
}

#[test]
fn what_is_not_in_force_says_nothing() {
    let hour = 3_600_000_000_000;
    // The epoch was a Thursday; in force on Thursdays from 01:00 to 02:00.
    let hours = vec![Hours { days: 0b000_1000, from_minute: 60, to_minute: 120 }];
    let night = Policy { hours, ..policy(10, "night", &[], 0, vec![("r/*", PolicySetting::Allow(true))]) };
    let (compiled, registry) = compiled(vec![night]);
    let allowed = |clock_ns| resolve(&registry, "vm-1", "r/s", clock_ns).allowed;
    assert_eq!(compiled.next_hours_change(0), Some(hour));
    assert_eq!(compiled.next_hours_change(hour), Some(2 * hour));
    assert!(!allowed(hour - 1) && allowed(hour) && allowed(2 * hour - 1) && !allowed(2 * hour));
}

proptest! {
    /// Where all priorities differ, the order of the files does not matter.
    #[test]
    fn with_different_priorities_the_order_of_the_files_does_not_matter(
        says in proptest::collection::vec(
            (0_usize..4, any::<bool>(), proptest::sample::select(vec!["*", "r/*", "r/s", "x/*"])), 1..8,
        ),
        rotation in 0_usize..8,
    ) {
        let groups: [&[&str]; 4] = [&[], &["linux"], &["production"], &["empty", "linux"]];
        let mut policies: Vec<Policy> = says.iter().zip(0..).map(|(&(group, allow, pattern), at)| {
            policy(10 * at as u32, &format!("p{at}"), groups[group], at, vec![(pattern, PolicySetting::Allow(allow))])
        }).collect();
        let (_, registry) = compiled(policies.clone());
        let at = rotation % policies.len();
        policies.rotate_left(at);
        let (_, other) = compiled(policies);
        for object in ["vm-1", "vm-2", "unknown"] {
            prop_assert_eq!(
                resolve(&registry, object, "r/s", 0),
                resolve(&other, object, "r/s", 0)
            );
        }
    }
}
