//! The lifecycle of an alert: reopened instead of a second one, bounded, audited.

use lifesigns_model::DropKind;

use super::*;

fn window(reopen_ms: u64) -> World {
    World::new(ComplianceConfig { reopen_ms, ..ComplianceConfig::default() })
}

#[test]
fn within_the_window_it_is_the_same_alert_again() {
    let mut world = window(60_000);
    world.raise(1, "vm", "a/b");
    let first = world.alert("vm", "a/b");
    world.clear(10, "vm", "a/b");
    world.raise(70, "vm", "a/b");
    let again = world.alert("vm", "a/b");
    assert_eq!((&again.id, again.opened_ns, again.cancelled_ns, again.cause), (&first.id, S, None, None));
    assert_eq!(world.alerts(), ["vm a/b open warning x2 reopened 1"]);
    world.clear(80, "vm", "a/b");
    world.raise(141, "vm", "a/b");
    assert_eq!(world.alerts(), ["vm a/b open warning x1"], "after the window it is another");
    assert_ne!(world.alert("vm", "a/b").id, first.id);
}

#[test]
fn an_alert_that_makes_way_is_written_down_as_it_ended() {
    let mut world = window(0);
    world.raise(1, "vm", "a/b");
    world.clear(2, "vm", "a/b");
    world.raise(5, "vm", "a/b");
    let alerts = world.book.take().alerts;
    let stands: Vec<_> = alerts.iter().map(|alert| (alert.status, alert.opened_ns / S, alert.cancelled_ns)).collect();
    assert_eq!(stands, [(AlertStatus::Cancelled, 1, Some(2 * S)), (AlertStatus::Open, 5, None)]);
    assert_eq!(world.known().len(), 1, "the book keeps the latest");
    assert_eq!(world.book.take(), BookChanges::default(), "and each is taken once");
}

#[test]
fn ids_come_from_what_happened() {
    let ids = |line: u64| {
        let mut world = window(0);
        world.apply(BookInput::Symptom(Box::new(raise(1, "vm", "a/b", line))));
        world.alert("vm", "a/b").id
    };
    assert_eq!(ids(1), ids(1));
    assert_ne!(ids(1), ids(2));
}

#[test]
fn what_a_person_cancelled_waits_for_a_new_raise() {
    let mut world = window(3_600_000);
    world.raise(1, "vm", "a/b");
    let first = world.alert("vm", "a/b");
    world.ask(2, CommandAction::Cancel { alerts: vec![first.id.clone()], why: "known".to_owned() }).unwrap();
    assert_eq!(world.alerts(), ["vm a/b cancelled warning x1 by hand"]);
    world.property(3, "vm", "env", "production");
    world.configure(house());
    world.time(50);
    world.apply(BookInput::Symptom(Box::new(raise(1, "vm", "a/b", 1))));
    assert_eq!(world.alerts(), ["vm a/b cancelled warning x1 by hand"], "a line read twice is nothing new");
    world.raise(60, "vm", "a/b");
    assert_eq!(world.alerts(), ["vm a/b open warning x1"]);
    let again = world.alert("vm", "a/b");
    assert_ne!(again.id, first.id, "the case of before was closed");
    let lines: Vec<u64> = again.shown.first.iter().chain(&again.shown.last).map(|line| line.time_ns / S).collect();
    assert_eq!(lines, [60], "what showed the case of before shows nothing of this one");
}

#[test]
fn what_a_person_cancelled_and_facts_alone_make_waits_until_it_ceased() {
    let mut world = World::new(with(vec![define("load", fact("metrics.load > 8.0"))]));
    world.metric(1, "vm", "load", 9.0);
    let id = world.alert("vm", "load").id;
    world.ask(2, CommandAction::Cancel { alerts: vec![id], why: String::new() }).unwrap();
    world.metric(3, "vm", "load", 10.0);
    assert_eq!(world.alert("vm", "load").status, AlertStatus::Cancelled);
    world.metric(4, "vm", "load", 1.0);
    world.metric(5, "vm", "load", 10.0);
    assert_eq!(world.alert("vm", "load").status, AlertStatus::Open);
}

#[test]
fn alerts_of_one_object_are_bounded_and_open_ones_stay() {
    let most = super::super::limits::OBJECT_ALERTS;
    let definitions = (0..most + 2)
        .map(|number| define(&format!("d{number:04}"), fact(&format!("metrics.m > {number}.5"))))
        .collect();
    let mut world = World::new(with(definitions));
    world.metric(1, "vm", "m", 1e9);
    assert_eq!((world.known().len(), world.book.view().dropped().count(DropKind::Alerts)), (most, 2));
    world.metric(2, "vm", "m", 500.0);
    world.metric(3, "vm", "m", 1e9);
    assert_eq!(world.known().len(), most);
    assert!(world.known().iter().all(|alert| alert.status == AlertStatus::Open));
}

#[test]
fn every_change_is_audited() {
    let mut world = World::new(ComplianceConfig { reopen_ms: 60_000, ..house() });
    world.audited();
    world.raise(1, "vm", "docker/create");
    world.clear(2, "vm", "docker/create");
    world.raise(3, "vm", "docker/create");
    world.property(4, "vm", "env", "playground");
    world.metric(5, "vm", "load", 1.0);
    let id = world.alert("vm", "docker/create").id;
    world.ask(6, CommandAction::Note { alert: id, text: "hm".to_owned() }).unwrap();
    world.configure(ComplianceConfig { reopen_ms: 60_000, policies: Vec::new(), ..house() });
    let said = world.audited();
    let expected = [
        r#"rule docker: alert opened null {"alert":"docker/create","allowed":false,"criticality":"warning","object":"vm","status":"open"}"#,
        r#"rule docker: alert cancelled {"status":"open"} {"cause":"clear","status":"cancelled"}"#,
        r#"rule docker: alert reopened {"status":"cancelled"} {"alert":"docker/create","allowed":false,"criticality":"warning","object":"vm","status":"open"}"#,
        r#"facts: facts changed {"properties":{}} {"properties":{"env":"playground"}}"#,
        r#"facts: alert allowed {"allowed":false} {"allowed":true,"cause":"fact"}"#,
        r#"ann: alert noted null {"note":"hm"}"#,
        r#"configuration: configuration changed {"policies":["playground"]} {}"#,
        r#"configuration: alert no longer allowed {"allowed":true,"cause":"fact"} {"allowed":false}"#,
    ];
    assert_eq!(said, expected);
}

#[test]
fn an_inventory_is_audited_by_what_it_changed() {
    let mut world = World::new(house());
    let listed =
        |env: &str| ObjectFacts { properties: vec![("env".to_owned(), Some(env.to_owned()))], ..facts(0, "vm") };
    world.apply(BookInput::Inventory(vec![listed("production")]));
    assert_eq!(world.audited(), [r#"inventory: inventory read  null {"added":1,"objects":1}"#.replace("  ", " ")]);
    world.apply(BookInput::Inventory(vec![listed("production")]));
    assert_eq!(world.audited(), [""; 0]);
    world.apply(BookInput::Inventory(vec![listed("playground")]));
    let said = world.audited();
    assert_eq!(
        said,
        [r#"inventory: facts changed {"properties":{"env":"production"}} {"properties":{"env":"playground"}}"#]
    );
}
