//! Expressions that fail on an object: whatever reads them is decided so that no violation is hidden.

use super::*;
use crate::query::{GroupDetails, ObjectDetails, Resolution};

/// A group by an expression that fails where `n` is no number.
fn numbered(name: &str) -> Group {
    Group {
        name: name.to_owned(),
        place: place(40),
        when: Some("int(properties.n) > 4".to_owned()),
        ..Group::default()
    }
}

fn world(groups: Vec<Group>, policies: Vec<Policy>, definitions: Vec<AlertDefinition>) -> World {
    let mut world = World::new(ComplianceConfig {
        groups,
        policies,
        definitions,
        routes: vec![route(&["desk"])],
        ..ComplianceConfig::default()
    });
    world.property(1, "vm", "n", "none");
    world
}

#[test]
fn an_allow_needs_a_member_for_certain_and_a_forbid_does_not() {
    let everywhere = || policy("lax", &[], &[("r/a", PolicySetting::Allow(true))]);
    let allow = policy("play", &["g"], &[("r/*", PolicySetting::Allow(true))]);
    let mut allowing = world(vec![numbered("g")], vec![allow], vec![]);
    allowing.raise(2, "vm", "r/a");
    assert_eq!(allowing.alerts(), ["vm r/a open warning x1"]);
    allowing.property(3, "vm", "n", "5");
    assert_eq!(allowing.alerts(), ["vm r/a open warning x1 allowed by fact"]);
    allowing.property(4, "vm", "n", "-");
    assert_eq!(allowing.alerts(), ["vm r/a open warning x1"]);

    let strict = Policy { priority: 10, ..policy("strict", &["g"], &[("r/a", PolicySetting::Allow(false))]) };
    let mut forbidding = world(vec![numbered("g")], vec![everywhere(), strict], vec![]);
    forbidding.raise(2, "vm", "r/a");
    assert_eq!(forbidding.alerts(), ["vm r/a open warning x1"]);
    forbidding.property(3, "vm", "n", "1");
    assert_eq!(forbidding.alerts(), ["vm r/a open warning x1 allowed by fact"]);
}

#[test]
fn an_exclusion_that_fails_keeps_in_what_is_strict_and_out_what_excuses() {
    let group =
        Group { when: None, exclude_when: numbered("g").when, objects: vec![Pattern::new("vm")], ..numbered("g") };
    let allow = policy("play", &["g"], &[("r/a", PolicySetting::Allow(true))]);
    let worse = policy("strict", &["g"], &[("r/b", PolicySetting::Criticality(Criticality::Critical))]);
    let disable = policy("off", &["g"], &[("r/c", PolicySetting::Enable(false))]);
    let milder = policy("mild", &["g"], &[("r/d", PolicySetting::Criticality(Criticality::Information))]);
    let mut world = world(vec![group], vec![allow, worse, disable, milder], vec![]);
    for symptom in ["r/a", "r/b", "r/c", "r/d"] {
        world.raise(2, "vm", symptom);
    }
    let expected =
        ["vm r/a open warning x1", "vm r/b open critical x1", "vm r/c open warning x1", "vm r/d open warning x1"];
    assert_eq!(world.alerts(), expected);
    // Certain again: it is not excluded, so all of them hold.
    world.property(3, "vm", "n", "1");
    let alerts = world.alerts();
    assert_eq!(alerts[0], "vm r/a open warning x1 allowed by fact");
    assert!(alerts[2].contains("cancelled") && alerts[3].contains("information"), "{alerts:?}");
}

#[test]
fn a_condition_that_fails_counts_as_met_under_negation_and_nesting_too() {
    let fails = || fact("int(properties.n) == 22");
    let yes = || fact("kind == ''");
    let no = || fact("kind == 'x'");
    let cases: Vec<(&str, AlertCondition, bool)> = vec![
        ("alone", fails(), true),
        ("not", not(fails()), true),
        ("not-not", not(not(fails())), true),
        ("all-yes", AlertCondition::All(vec![fails(), yes()]), true),
        ("all-no", AlertCondition::All(vec![fails(), no()]), false),
        ("any-no", AlertCondition::Any(vec![fails(), no()]), true),
        ("not-any-yes", not(AlertCondition::Any(vec![fails(), yes()])), false),
        ("count-may", AlertCondition::Count(2, vec![fails(), yes(), no()]), true),
        ("count-cannot", AlertCondition::Count(2, vec![fails(), no(), no()]), false),
        ("not-all-no", not(AlertCondition::All(vec![fails(), no()])), true),
    ];
    let definitions = cases.iter().map(|(name, when, _)| define(name, when.clone())).collect();
    let world = world(vec![], vec![], definitions);
    for (name, _, open) in &cases {
        let alert = world.known().into_iter().find(|alert| alert.definition == *name);
        assert_eq!(alert.as_ref().is_some_and(|alert| alert.status == AlertStatus::Open), *open, "{name}");
        // Only what depends on the expression that fails is marked.
        let marked = alert.is_some_and(|alert| alert.undecided.is_some());
        assert_eq!(marked, *open && *name != "not-all-no", "{name}");
    }
    let alert = world.alert("vm", "alone");
    assert!(alert.summary.contains("is no whole number") && alert.summary.contains("counts as met"), "{alert:?}");
}

#[test]
fn a_condition_that_fails_on_a_relative_names_it() {
    let of_parent = AlertCondition::Fact("int(properties.n) == 22".to_owned(), Scope::Parent);
    let mut world = world(vec![], vec![], vec![define("it", of_parent)]);
    world.parent(2, "child", "vm");
    let alert = world.alert("child", "it");
    assert!(alert.undecided.is_some_and(|failed| failed.reason.starts_with("on vm: ")));
}

#[test]
fn routes_and_silences_fall_to_the_loud_side() {
    let quiet = Route { groups: vec!["g".to_owned()], ..route(&[]) };
    let near = Route { groups: vec!["g".to_owned()], ..route(&["near"]) };
    let mut config = ComplianceConfig {
        groups: vec![numbered("g")],
        routes: vec![quiet, near, route(&["desk"])],
        ..ComplianceConfig::default()
    };
    let mut world = World::new(config.clone());
    world.clock(1);
    world.property(1, "vm", "n", "none");
    world.raise(2, "vm", "r/a");
    assert_eq!(world.notified(), ["near: opened r/a on vm", "desk: opened r/a on vm"]);
    let silence = |pattern: &str, negated| CommandAction::Silence {
        from_ns: None,
        matchers: vec![crate::Matcher { name: "group".to_owned(), pattern: Pattern::new(pattern), negated }],
        until_ns: 100 * S,
        why: "test".to_owned(),
    };
    world.ask(3, silence("g", false)).unwrap();
    world.ask(3, silence("g", true)).unwrap();
    assert_eq!(world.alerts(), ["vm r/a open warning x1"]);
    world.property(4, "vm", "n", "7");
    assert_eq!(world.alerts(), ["vm r/a open warning x1 silenced"]);
    config.routes.clear();
    world.configure(config);
}

#[test]
fn what_is_undecided_is_warned_of_once_and_shown_everywhere() {
    let definition = define("it", fact("int(properties.n) == 22"));
    let mut world = world(vec![numbered("g")], vec![], vec![definition]);
    for at in 0..5 {
        world.property(2, &format!("vm-{at}"), "n", "x");
    }
    let warnings = world.book.take_warnings();
    let of: Vec<&str> = warnings.iter().map(|one| one.of.as_str()).collect();
    assert_eq!(of, ["group `g`, `when`", "alert `it`"]);
    world.property(3, "vm-1", "n", "y");
    assert!(world.book.take_warnings().is_empty());

    let all = world.book.view().undecided();
    assert_eq!(all.iter().map(|one| (one.objects, &*one.example)).collect::<Vec<_>>(), [(6, "vm"), (6, "vm")]);
    assert_eq!(all[1].place, place(1));
    let page = |world: &World| -> ObjectDetails {
        let Ok(QueryAnswer::Object(page)) = world.book.answer(&Query::Object("vm-1".to_owned())) else {
            panic!("object")
        };
        *page
    };
    assert_eq!(page(&world).undecided.len(), 2);
    assert!(page(&world).why.groups[0].how.starts_with("undecided: "));
    let Ok(QueryAnswer::Group(group)) = world.book.answer(&Query::Group("g".to_owned())) else { panic!("group") };
    let GroupDetails { undecided, objects, .. } = *group;
    assert_eq!((undecided[0].objects, objects.len()), (6, 6));
    let why = Query::Why { object: "vm-1".to_owned(), alert: "it".to_owned() };
    let Ok(QueryAnswer::Why(why)) = world.book.answer(&why) else { panic!("why") };
    let why: Resolution = *why;
    assert_eq!(why.undecided.len(), 2);
    assert!(why.to_string().contains("cannot be decided on vm-1: the property \"n\" = \"y\" is no whole number"));

    // Fixed on one object: gone there, and the alert with it.
    world.property(4, "vm-1", "n", "21");
    assert!(page(&world).undecided.is_empty());
    assert_eq!(world.book.view().undecided()[1].objects, 5);
    assert_eq!(world.alert("vm-1", "it").status, AlertStatus::Cancelled);
}
