//! Answers to questions.

use super::*;
use crate::query::ObjectFilter;

fn fleet() -> World {
    let mut world = World::new(house());
    world.property(1, "vm1", "env", "production");
    world.property(1, "vm2", "env", "playground");
    world.raise_with(2, "vm1", "docker/create", |said| said.criticality = Criticality::Critical);
    world.raise(3, "vm1", "a/b");
    world.raise(4, "vm2", "docker/create");
    world.raise(5, "x", "a/b");
    world.clear(6, "x", "a/b");
    world
}

fn asked(world: &World, filter: AlertFilter) -> Vec<String> {
    let QueryAnswer::Alerts(alerts) = world.book.answer(&Query::Alerts(filter)).unwrap() else { panic!("alerts") };
    alerts.iter().map(|alert| format!("{} {}", alert.object, alert.definition)).collect()
}

#[test]
fn alerts_are_the_worst_first_and_filtered() {
    let world = fleet();
    let all = AlertFilter::default;
    let text = |text: &str| Some(text.to_owned());
    let cases: [(AlertFilter, &[&str]); 8] = [
        (all(), &["vm1 docker/create", "vm1 a/b"]),
        (AlertFilter { allowed: true, ..all() }, &["vm1 docker/create", "vm2 docker/create", "vm1 a/b"]),
        (AlertFilter { cancelled: true, ..all() }, &["vm1 docker/create", "vm1 a/b", "x a/b"]),
        (AlertFilter { object: text("x"), cancelled: true, ..all() }, &["x a/b"]),
        (AlertFilter { group: text("playground"), allowed: true, ..all() }, &["vm2 docker/create"]),
        (AlertFilter { alert: text("docker/*"), ..all() }, &["vm1 docker/create"]),
        (AlertFilter { at_least: Some(Criticality::Immediate), ..all() }, &["vm1 docker/create"]),
        (AlertFilter { limit: 1, ..all() }, &["vm1 docker/create"]),
    ];
    for (filter, expected) in cases {
        assert_eq!(asked(&world, filter.clone()), expected, "{filter:?}");
    }
}

#[test]
fn one_alert_is_found_by_a_prefix() {
    let world = fleet();
    let alert = world.alert("x", "a/b");
    let QueryAnswer::Alert(found) = world.book.answer(&Query::Alert(alert.id[..10].to_owned())).unwrap() else {
        panic!("alert")
    };
    assert_eq!(*found, alert);
    assert!(world.book.answer(&Query::Alert("zz".to_owned())).is_err());
}

#[test]
fn objects_are_filtered_and_have_a_page() {
    let world = fleet();
    let objects = |filter: ObjectFilter| -> Vec<String> {
        let QueryAnswer::Objects(lines) = world.book.answer(&Query::Objects(filter)).unwrap() else {
            panic!("objects")
        };
        lines.into_iter().map(|line| line.object.id.to_string()).collect()
    };
    let all = ObjectFilter::default;
    assert_eq!(objects(all()), ["vm1", "vm2", "x"]);
    assert_eq!(objects(ObjectFilter { symptom: Some("docker/*".to_owned()), ..all() }), ["vm1", "vm2"]);
    assert_eq!(objects(ObjectFilter { group: Some("production".to_owned()), ..all() }), ["vm1"]);
    assert_eq!(objects(ObjectFilter { object: Some("vm*".to_owned()), ..all() }), ["vm1", "vm2"]);
    let kind = ObjectFilter { kind: Some("vm".to_owned()), ..all() };
    assert!(world.book.answer(&Query::Objects(kind)).is_err(), "no object is of a kind");
    assert!(world.book.answer(&Query::Objects(ObjectFilter { group: Some("nowhere".to_owned()), ..all() })).is_err());
    let QueryAnswer::Object(page) = world.book.answer(&Query::Object("vm1".to_owned())).unwrap() else {
        panic!("object")
    };
    assert_eq!(page.line.groups, ["production", "vms"]);
    assert_eq!(page.line.symptoms, ["a/b", "docker/create"]);
    assert_eq!((page.symptoms.len(), page.alerts.len(), page.line.badge.score), (2, 2, 0));
    assert_eq!(page.history.last().map(|point| point.badge), Some(page.line.badge));
    assert!(world.book.answer(&Query::Object("no-one".to_owned())).is_err());
}

#[test]
fn groups_and_badges() {
    let world = fleet();
    let QueryAnswer::Badges(badges) = world.book.answer(&Query::Badges { limit: 0 }).unwrap() else { panic!("badges") };
    let lines: Vec<_> =
        badges.groups.iter().map(|one| (one.name.as_str(), one.members, one.violated, one.badge.score)).collect();
    assert_eq!(lines, [("playground", 1, 0, 100), ("production", 1, 1, 0), ("vms", 2, 1, 0)]);
    let objects: Vec<_> = badges.objects.iter().map(|one| (one.object.id.as_str(), one.badge.score)).collect();
    assert_eq!(objects, [("vm1", 0), ("vm2", 100), ("x", 100)]);
    for limit in 1..5 {
        let QueryAnswer::Badges(some) = world.book.answer(&Query::Badges { limit }).unwrap() else { panic!("badges") };
        assert_eq!(some.objects, badges.objects[..limit.min(3)], "{limit}");
        assert_eq!(some.left_out, 3_usize.saturating_sub(limit), "{limit}");
    }
    let QueryAnswer::Group(page) = world.book.answer(&Query::Group("playground".to_owned())).unwrap() else {
        panic!("group")
    };
    assert_eq!(page.policies, ["playground"]);
    assert_eq!(page.objects[0].object.id, "vm2");
    assert!(world.book.answer(&Query::Group("nowhere".to_owned())).is_err());
}

#[test]
fn a_report_is_of_one_group() {
    let world = fleet();
    let QueryAnswer::Report(report) = world.book.answer(&Query::Report { group: "vms".to_owned() }).unwrap() else {
        panic!("report")
    };
    let names =
        |alerts: &[Alert]| alerts.iter().map(|one| format!("{} {}", one.object, one.definition)).collect::<Vec<_>>();
    assert_eq!(names(&report.findings), ["vm1 docker/create", "vm1 a/b"]);
    assert_eq!(names(&report.exceptions), ["vm2 docker/create"]);
    assert_eq!(report.exceptions[0].why.steps[0].by.policy, "playground");
    assert_eq!(names(&report.resolved), [""; 0]);
    let controls: Vec<_> =
        report.controls.iter().map(|one| (one.id.as_str(), one.violations.len(), one.exceptions.len())).collect();
    assert_eq!(controls, [("CIS:b", 1, 0), ("CIS:create", 1, 1)]);
    assert_eq!(report.group.line.members, 2);
}

#[test]
fn why_is_answered_before_there_is_an_alert() {
    let world = fleet();
    let ask = |object: &str, alert: &str| {
        world.book.answer(&Query::Why { object: object.to_owned(), alert: alert.to_owned() })
    };
    let why = |object: &str| ask(object, "docker/new");
    let QueryAnswer::Why(said) = why("vm2").unwrap() else { panic!("why") };
    assert!(said.allowed && said.enabled, "it would be");
    assert_eq!((said.why.steps[0].by.policy.as_str(), said.why.steps[0].by.place.line), ("playground", 20));
    let QueryAnswer::Why(said) = why("vm1").unwrap() else { panic!("why") };
    assert!(!said.allowed);
    assert!(why("no-one").is_err());
    assert!(ask("vm2", "docker-nwe").is_err(), "a slip of the pen reads like no permission");
}
