//! Definitions: conditions, scopes, criticality, thresholds, texts.

use super::*;

#[test]
fn conditions_are_met_as_they_are_written() {
    let (a, b, c) = (|| symptom("r/a"), || symptom("r/b"), || symptom("r/c"));
    let cases: [(&str, AlertCondition, &[&str], bool); 12] = [
        ("all", AlertCondition::All(vec![a(), b()]), &["a"], false),
        ("all", AlertCondition::All(vec![a(), b()]), &["a", "b"], true),
        ("any", AlertCondition::Any(vec![a(), b()]), &["b"], true),
        ("any", AlertCondition::Any(vec![a(), b()]), &["c"], false),
        ("count", AlertCondition::Count(2, vec![a(), b(), c()]), &["c"], false),
        ("count", AlertCondition::Count(2, vec![a(), b(), c()]), &["c", "a"], true),
        ("not", AlertCondition::All(vec![a(), not(b())]), &["a"], true),
        ("not", AlertCondition::All(vec![a(), not(b())]), &["a", "b"], false),
        ("not", AlertCondition::All(vec![a(), not(b())]), &["b", "a"], false),
        ("pattern", symptom("r/*"), &["c"], true),
        ("nested", AlertCondition::Any(vec![AlertCondition::All(vec![a(), b()]), c()]), &["a"], false),
        ("nested", AlertCondition::Any(vec![AlertCondition::All(vec![a(), b()]), c()]), &["a", "c"], true),
    ];
    for (what, when, raised, expected) in cases {
        let mut world = World::new(with(vec![define("it", when.clone())]));
        raised.iter().for_each(|name| world.raise(1, "vm", &format!("r/{name}")));
        let open = world.known().iter().any(|alert| alert.definition == "it" && alert.status == AlertStatus::Open);
        assert_eq!(open, expected, "{what} {when:?} {raised:?}");
    }
}

#[test]
fn a_symptom_that_a_definition_is_met_by_is_no_alert_of_its_own() {
    let when = AlertCondition::All(vec![symptom("r/a"), not(symptom("r/b"))]);
    let mut world = World::new(with(vec![define("it", when)]));
    world.raise(1, "vm", "r/b");
    assert_eq!(world.alerts(), ["vm r/b open warning x1"], "only negated");
    world.raise(2, "vm", "r/a");
    assert_eq!(world.alerts(), ["vm r/b open warning x1"], "neither a definition nor its own");
    world.clear(3, "vm", "r/b");
    assert_eq!(world.alerts(), ["vm it open warning x1", "vm r/b cancelled warning x1 by clear"]);
    assert_eq!(world.alert("vm", "it").opened_ns, 3 * S, "the event that completed it");
}

#[test]
fn auto_is_the_worst_active_symptom_and_a_definition_may_say_another() {
    let critical = |said: &mut model::RuleAlert| said.criticality = Criticality::Critical;
    let any = || AlertCondition::Any(vec![symptom("r/a"), symptom("r/b")]);
    let fixed = AlertDefinition { criticality: Some(Criticality::Immediate), ..define("fixed", any()) };
    let mut world = World::new(with(vec![define("auto", any()), fixed]));
    world.raise(1, "vm", "r/a");
    world.raise_with(2, "vm", "r/b", critical);
    assert_eq!(world.alerts(), ["vm auto open critical x2", "vm fixed open immediate x2"]);
    let alert = world.alert("vm", "auto");
    assert_eq!(alert.symptoms, ["r/b", "r/a"], "the worst first");
    assert_eq!((alert.summary.as_str(), alert.title.as_str()), ("b at 2", "The alert auto"));
    assert_eq!(alert.recommendations, ["fix b", "fix a"]);
    assert_eq!(alert.controls, ["CIS:b", "CIS:a"]);
    world.clear(3, "vm", "r/b");
    assert_eq!(world.alerts(), ["vm auto open warning x2", "vm fixed open immediate x2"]);
}

#[test]
fn a_definition_speaks_for_itself_before_its_symptoms() {
    let definition = AlertDefinition {
        recommendations: vec!["call the hotline".to_owned(), "move it".to_owned()],
        controls: vec!["PCI:2.2".to_owned()],
        impact: Some(Impact::Efficiency),
        ..define("it", symptom("r/a"))
    };
    let mut world = World::new(with(vec![definition]));
    world.raise(1, "vm", "r/a");
    let alert = world.alert("vm", "it");
    assert_eq!(alert.recommendations, ["call the hotline", "move it"]);
    assert_eq!(alert.controls, ["PCI:2.2", "CIS:a"]);
    assert_eq!(alert.impact, Impact::Efficiency);
}

#[test]
fn facts_alone_make_an_alert_and_end_it() {
    let mut world = World::new(with(vec![define("load", fact("metrics.load > 8.0"))]));
    world.metric(1, "vm", "load", 7.0);
    assert_eq!(world.alerts(), [""; 0]);
    world.metric(2, "vm", "load", 9.0);
    assert_eq!(world.alerts(), ["vm load open warning x0"]);
    assert_eq!(world.alert("vm", "load").opened_ns, 2 * S);
    world.metric(3, "vm", "load", 9.5);
    world.metric(4, "vm", "load", 3.0);
    assert_eq!(world.alerts(), ["vm load cancelled warning x0 by fact"]);
}

#[test]
fn a_fact_completes_a_symptom() {
    let when = AlertCondition::All(vec![symptom("docker/create"), fact("properties.env == \"production\"")]);
    let mut world = World::new(with(vec![define("it", when)]));
    world.raise(1, "vm", "docker/create");
    assert_eq!(world.alerts(), [""; 0]);
    world.property(2, "vm", "env", "production");
    assert_eq!(world.alerts(), ["vm it open warning x1"]);
    world.property(3, "vm", "env", "playground");
    assert_eq!(world.alerts(), ["vm it cancelled warning x1 by fact"]);
}

#[test]
fn kinds_are_kept() {
    let definition = AlertDefinition { kinds: vec!["vm".to_owned()], ..define("it", symptom("r/a")) };
    let mut world = World::new(with(vec![definition]));
    world.raise(1, "x", "r/a");
    assert_eq!(world.alerts(), [""; 0]);
    world.apply(BookInput::Facts(ObjectFacts { kind: Some("vm".to_owned()), ..facts(2, "x") }));
    assert_eq!(world.alerts(), ["x it open warning x1"]);
    world.apply(BookInput::Facts(ObjectFacts { kind: Some("host".to_owned()), ..facts(3, "x") }));
    assert_eq!(world.alerts(), ["x it cancelled warning x1 by fact"]);
}

#[test]
fn the_parent_s_and_the_children_s_are_looked_at() {
    let of = |scope| AlertCondition::Symptom(Pattern::new("r/a"), scope);
    let definitions = vec![
        define("below", of(Scope::Children)),
        define("above", of(Scope::Parent)),
        define("hot-above", AlertCondition::Fact("metrics.heat > 1.0".to_owned(), Scope::Parent)),
        define("hot-below", AlertCondition::Fact("metrics.heat > 5.0".to_owned(), Scope::Children)),
    ];
    let mut world = World::new(with(definitions));
    world.parent(1, "child", "mother");
    world.raise(2, "child", "r/a");
    assert_eq!(world.alerts(), ["mother below open warning x1"]);
    world.raise(3, "child", "r/a");
    assert_eq!(world.alerts(), ["mother below open warning x2"]);
    world.clear(4, "child", "r/a");
    assert_eq!(world.alerts(), ["mother below cancelled warning x2 by clear"]);
    world.raise(5, "mother", "r/a");
    assert_eq!(world.alerts()[0], "child above open warning x1");
    world.metric(6, "mother", "heat", 2.0);
    assert_eq!(world.alerts()[1], "child hot-above open warning x0");
    world.metric(7, "child", "heat", 6.0);
    assert_eq!(world.alert("mother", "hot-below").status, AlertStatus::Open);
    // Another mother: nothing of the first holds any more.
    world.parent(8, "child", "stepmother");
    assert_eq!(world.alert("child", "above").status, AlertStatus::Cancelled);
    assert_eq!(world.alert("child", "hot-above").status, AlertStatus::Cancelled);
    assert_eq!(world.alert("mother", "hot-below").status, AlertStatus::Cancelled);
    assert_eq!(world.alert("stepmother", "hot-below").status, AlertStatus::Open);
}

#[test]
fn thresholds_are_the_definition_s_with_what_policy_overrides() {
    let definition = || AlertDefinition {
        thresholds: [("load".to_owned(), 8.0)].into(),
        ..define(
            "it",
            AlertCondition::Count(2, vec![symptom("r/a"), symptom("r/b"), fact("metrics.load > threshold.load")]),
        )
    };
    let mut config = ComplianceConfig { definitions: vec![definition()], ..house() };
    let mut world = World::new(config.clone());
    world.metric(1, "vm", "load", 5.0);
    world.raise(2, "vm", "r/a");
    assert_eq!(world.alerts(), [""; 0], "only one of two");
    config.policies.push(policy("strict", &["vms"], &[("it", PolicySetting::Threshold("load".to_owned(), 4.0))]));
    world.configure(config.clone());
    assert_eq!(world.alerts(), ["vm it open warning x1"]);
    config.policies.last_mut().unwrap().entries[0].setting = PolicySetting::Threshold("load".to_owned(), 6.0);
    world.configure(config);
    assert_eq!(world.alerts(), ["vm it cancelled warning x1 by policy"]);
}

#[test]
fn an_alert_on_a_parent_that_only_its_children_name_ends_when_the_last_of_them_leaves() {
    let below = AlertCondition::Symptom(Pattern::new("disk/full"), Scope::Children);
    let mut world = World::new(ComplianceConfig { definitions: vec![define("below", below)], ..house() });
    world.raise(1, "vm", "disk/full");
    world.parent(1, "vm", "host");
    world.parent(2, "vm", "other");
    let open = world.known().into_iter().filter(|alert| alert.is_violation() && alert.definition == "below");
    assert_eq!(open.map(|alert| alert.object.to_string()).collect::<Vec<_>>(), ["other"]);
}
