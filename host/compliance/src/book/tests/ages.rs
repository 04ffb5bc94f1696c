//! The age of metrics, findings, and which cancelled alerts badges count.

use super::*;
use lifesigns_model::DropKind;

use crate::{EndCause, config::BadgeFormula};

const HOUR_S: u64 = 3600;

fn hourly() -> ComplianceConfig {
    let busy = Group {
        name: "busy".to_owned(),
        place: place(9),
        when: Some("metrics.load > 4.0".to_owned()),
        ..Group::default()
    };
    let mut config = with(vec![define("load", fact("metrics.load > 8.0"))]);
    config.groups = vec![busy];
    ComplianceConfig { metrics_age_ms: HOUR_S * 1000, routes: vec![route(&["desk"])], ..config }
}

fn stale(world: &World, object: &str) -> Vec<String> {
    world.book.registry().object(object).unwrap().stale.keys().cloned().collect()
}

#[test]
fn a_metric_that_is_not_reported_again_is_no_longer_known() {
    let mut world = World::new(hourly());
    world.metric(10, "vm", "load", 9.0);
    world.metric(1800, "vm", "load", 9.5);
    world.time(HOUR_S + 10);
    assert_eq!(world.alert("vm", "load").status, AlertStatus::Open, "it was reported in between");
    assert!(world.book.registry().groups().is_member("vm", "busy"));
    world.audited();
    world.time(HOUR_S + 1800);
    let alert = world.alert("vm", "load");
    assert_eq!((alert.status, alert.cause), (AlertStatus::Cancelled, Some(EndCause::MetricExpired)));
    assert!(!world.book.registry().groups().is_member("vm", "busy"));
    assert_eq!(stale(&world, "vm"), ["load"]);
    let said = world.audited();
    assert!(said[0].starts_with("time: metric expired {\"metric\":\"load\""), "{said:?}");
    world.metric(1700, "vm", "load", 9.0);
    assert_eq!(stale(&world, "vm"), ["load"], "a line of before says nothing new");
    world.metric(2 * HOUR_S, "vm", "load", 9.0);
    assert_eq!((stale(&world, "vm").len(), world.alert("vm", "load").status), (0, AlertStatus::Open));
    world.time(3 * HOUR_S);
    assert_eq!(world.alert("vm", "load").status, AlertStatus::Cancelled, "and so on");
}

#[test]
fn names_that_never_come_again_do_not_pile_up() {
    let mut world = World::new(hourly());
    let most = crate::limits::OBJECT_METRICS as u64;
    for number in 0..most + 3 {
        // Each is too old before the next comes.
        let now_s = 10 + number * 2 * HOUR_S;
        world.metric(now_s, "vm", &format!("made-up-{number}"), 1.0);
        world.time(now_s + HOUR_S);
    }
    let left = stale(&world, "vm");
    assert_eq!(left.len() as u64, most);
    assert!(!left.iter().any(|name| ["made-up-0", "made-up-1", "made-up-2"].contains(&name.as_str())), "the oldest go");
    assert_eq!(world.book.view().dropped().count(DropKind::StaleMetrics), 3);
    assert_eq!(world.book.view().dropped().example(DropKind::StaleMetrics), Some("made-up-0 of vm"));
}

#[test]
fn what_the_inventory_says_has_no_age_and_holds_again() {
    let mut world = World::new(hourly());
    let listed = |load| ObjectFacts { metrics: vec![("load".to_owned(), load)], ..facts(0, "vm") };
    world.apply(BookInput::Inventory(vec![listed(9.0)]));
    world.time(10 * HOUR_S);
    assert_eq!(world.alert("vm", "load").status, AlertStatus::Open);
    world.metric(10 * HOUR_S, "vm", "load", 1.0);
    assert_eq!(world.alert("vm", "load").status, AlertStatus::Cancelled);
    world.time(11 * HOUR_S);
    assert_eq!(world.alert("vm", "load").status, AlertStatus::Open, "the last sample is too old");
}

#[test]
fn ages_go_on_after_a_restart_and_by_the_age_that_is_configured_now() {
    let (mut world, mut kept) = (World::new(hourly()), super::restart::Kept::default());
    world.metric(10, "vm", "load", 9.0);
    kept.commit(world.book.take());
    world.book = kept.restart(&world.book);
    world.configure(ComplianceConfig { metrics_age_ms: 60_000, ..hourly() });
    world.time(69);
    assert_eq!(world.alert("vm", "load").status, AlertStatus::Open);
    world.time(70);
    assert_eq!(world.alert("vm", "load").cause, Some(EndCause::MetricExpired));
    kept.commit(world.book.take());
    world.book = kept.restart(&world.book);
    assert_eq!(stale(&world, "vm"), ["load"]);
    world.metric(100, "vm", "load", 9.0);
    world.configure(ComplianceConfig { metrics_age_ms: 0, ..hourly() });
    world.time(1000 * HOUR_S);
    assert_eq!(world.alert("vm", "load").status, AlertStatus::Open, "0 is for ever");
}

#[test]
fn a_metric_of_before_a_restart_is_known_until_all_sources_have_been_read() {
    let (mut world, mut kept) = (World::new(hourly()), super::restart::Kept::default());
    let notified = |at_s: u64, load: f64| {
        let metrics = vec![("load".to_owned(), load)];
        let facts = BookInput::Facts(ObjectFacts { metrics, ..facts(at_s, "vm") });
        BookInput::Of { source: "a".to_owned(), input: Box::new(facts) }
    };
    let quiet = |until_s: u64, a_s: u64, b_s: u64| {
        let behind = vec![("a".to_owned(), a_s * S), ("b".to_owned(), b_s * S)];
        BookInput::Quiet { until_ns: until_s * S, behind }
    };
    world.clock(1000);
    world.apply(notified(1000, 9.0));
    // Another source that is stuck keeps nothing of this one's.
    world.apply(quiet(1000 + HOUR_S, 1000 + HOUR_S - 1, 1000));
    assert_eq!(world.alert("vm", "load").status, AlertStatus::Open);
    world.apply(quiet(1001 + HOUR_S, 1000 + HOUR_S, 1000));
    assert_eq!(world.alert("vm", "load").cause, Some(EndCause::MetricExpired));
    world.apply(notified(2000 + HOUR_S, 9.0));
    kept.commit(world.book.take());
    let now_s = 10 * HOUR_S;
    world.book = kept.restart(&world.book);
    world.book.resume(now_s * S, |_| true);
    world.apply(quiet(now_s, 0, now_s));
    assert_eq!(world.alert("vm", "load").status, AlertStatus::Open, "newer samples may wait to be read");
    world.apply(notified(now_s - 10, 9.5));
    world.apply(quiet(now_s + 1, now_s, now_s));
    assert_eq!((stale(&world, "vm").len(), world.alert("vm", "load").status), (0, AlertStatus::Open), "and one did");
    world.apply(quiet(now_s + HOUR_S, now_s + HOUR_S, now_s));
    assert_eq!(world.alert("vm", "load").cause, Some(EndCause::MetricExpired));
}

#[test]
fn a_share_does_not_count_what_no_longer_exists() {
    let config = |name: &str| ComplianceConfig {
        badge: BadgeFormula::Share,
        definitions: vec![define(name, symptom("r/a"))],
        ..ComplianceConfig::default()
    };
    let mut world = World::new(config("x"));
    let share = |world: &World| {
        let QueryAnswer::Badges(badges) = world.book.answer(&Query::Badges { limit: 0 }).unwrap() else {
            panic!("badges")
        };
        badges.objects[0].badge.share
    };
    world.raise(1, "vm", "r/a");
    assert_eq!(share(&world), 0);
    for name in ["y", "z", "x"] {
        world.configure(config(name));
        assert_eq!(share(&world), 0, "renamed to {name}");
    }
    world.configure(ComplianceConfig { badge: BadgeFormula::Share, ..ComplianceConfig::default() });
    assert_eq!(share(&world), 0, "it is an alert of its own");
}

#[test]
fn what_cannot_be_meant_so_is_found() {
    let mut config = house();
    config.definitions = vec![AlertDefinition { kinds: vec!["vm".to_owned()], ..define("it", symptom("r/a")) }];
    let mut world = World::new(config);
    let found = |world: &World| {
        let QueryAnswer::Findings(found) = world.book.answer(&Query::Findings).unwrap() else { panic!("findings") };
        found
    };
    assert_eq!(found(&world), [""; 0], "of nothing nothing is said");
    world.apply(BookInput::Facts(ObjectFacts { kind: Some("VM".to_owned()), ..facts(1, "vm1") }));
    for (child, parent) in [("vm1", "vm1"), ("vm2", "vm3"), ("vm3", "vm2"), ("vm4", "vm2")] {
        world.parent(2, child, parent);
    }
    world.property(3, "vm2", "env", "production");
    let expected = [
        "parents in a circle: vm1 → vm1; none of them stands for another",
        "parents in a circle: vm2 → vm3 → vm2; none of them stands for another",
        "alert it is for objects of kind vm, and no object is of one (kinds there are: VM)",
        "group playground has no members",
    ];
    assert_eq!(found(&world), expected);
}
