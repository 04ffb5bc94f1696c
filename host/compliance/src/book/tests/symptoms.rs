//! Symptom states: raise, clear, hold, late and repeated lines.

use lifesigns_model::DropKind;

use super::*;
use crate::EVIDENCE_LINES;

#[test]
fn a_symptom_without_a_definition_is_its_own_alert() {
    let mut world = World::new(ComplianceConfig::default());
    world.raise(1, "vm", "docker/create");
    assert_eq!(world.alerts(), ["vm docker/create open warning x1"]);
    let alert = world.alert("vm", "docker/create");
    assert_eq!(alert.title, "create seen");
    assert_eq!(alert.summary, "create at 1");
    assert_eq!(alert.recommendations, ["fix create"]);
    assert_eq!(alert.controls, ["CIS:create"]);
    assert_eq!(alert.attributes, [("image".to_owned(), "busybox".to_owned())]);
    assert_eq!((alert.opened_ns, alert.last_ns, alert.id.len()), (S, S, 16));

    world.raise(2, "vm", "docker/create");
    assert_eq!(world.alerts(), ["vm docker/create open warning x2"]);
    let again = world.alert("vm", "docker/create");
    assert_eq!((again.id, again.last_ns, again.summary.as_str()), (alert.id, 2 * S, "create at 2"));

    world.clear(3, "vm", "docker/create");
    assert_eq!(world.alerts(), ["vm docker/create cancelled warning x2 by clear"]);
    assert_eq!(world.alert("vm", "docker/create").cancelled_ns, Some(3 * S));
}

#[test]
fn the_same_line_twice_counts_once() {
    let mut world = World::new(ComplianceConfig::default());
    let lines: Vec<_> = (1..=64).map(|line| raise(line, "vm", "a/b", line)).collect();
    for said in lines.iter().chain(&lines) {
        world.apply(BookInput::Symptom(Box::new(said.clone())));
    }
    assert_eq!(world.alerts(), ["vm a/b open warning x64"]);
    // Even when the alert is over.
    world.clear(65, "vm", "a/b");
    world.apply(BookInput::Symptom(Box::new(lines[63].clone())));
    assert_eq!(world.alerts(), ["vm a/b cancelled warning x64 by clear"]);
}

#[test]
fn a_line_that_is_no_longer_remembered_makes_no_twin_either() {
    let mut world = World::new(ComplianceConfig::default());
    let lines: Vec<_> = (1..=200).map(|line| raise(line, "vm", "a/b", line)).collect();
    lines.iter().for_each(|said| world.apply(BookInput::Symptom(Box::new(said.clone()))));
    world.clear(201, "vm", "a/b");
    lines.iter().for_each(|said| world.apply(BookInput::Symptom(Box::new(said.clone()))));
    assert_eq!(world.alerts(), ["vm a/b cancelled warning x200 by clear"]);
}

#[test]
fn what_came_late_does_not_turn_what_is_newer() {
    let mut world = World::new(ComplianceConfig::default());
    world.raise(10, "vm", "a/b");
    world.clear(5, "vm", "a/b");
    assert_eq!(world.alerts(), ["vm a/b open warning x1"]);
    world.clear(20, "vm", "a/b");
    world.raise(15, "vm", "a/b");
    assert_eq!(world.alerts(), ["vm a/b cancelled warning x1 by clear"]);
    world.raise(20, "vm", "a/b");
    assert_eq!(world.alerts(), ["vm a/b open warning x2 reopened 1"], "not older than the clear");
    // A clear of what was never raised holds against raises of before it.
    world.clear(30, "vm", "c/d");
    world.raise(25, "vm", "c/d");
    assert_eq!(world.alerts(), ["vm a/b open warning x2 reopened 1"]);
}

#[test]
fn a_symptom_holds_for_its_time_after_the_last_raise() {
    let mut world = World::new(ComplianceConfig::default());
    let hold = |said: &mut model::RuleAlert| said.hold_ms = 10_000;
    world.raise_with(1, "vm", "a/b", hold);
    world.raise_with(8, "vm", "a/b", hold);
    world.time(17);
    assert_eq!(world.alerts(), ["vm a/b open warning x2"]);
    world.time(18);
    assert_eq!(world.alerts(), ["vm a/b cancelled warning x2 by hold"]);
    assert_eq!(world.alert("vm", "a/b").cancelled_ns, Some(18 * S));
}

#[test]
fn what_is_due_fires_before_the_event_that_makes_it_due_in_order_of_time() {
    let mut world = World::new(ComplianceConfig::default());
    world.raise_with(1, "vm2", "a/b", |said| said.hold_ms = 20_000);
    world.raise_with(1, "vm1", "a/b", |said| said.hold_ms = 20_000);
    world.raise_with(2, "vm3", "a/b", |said| said.hold_ms = 10_000);
    let first = world.alert("vm1", "a/b").id;
    world.book.take();
    world.time(100);
    world.raise(100, "vm1", "a/b");
    let said = world.book.take();
    let what: Vec<String> =
        said.audit.iter().map(|one| format!("{} {} {}", one.time_ns / S, one.who, one.what)).collect();
    assert_eq!(what[..3], ["12 time alert cancelled", "21 time alert cancelled", "21 time alert cancelled"]);
    assert_eq!(said.audit[1].subject, first, "vm1 before vm2");
    assert_eq!(world.alert("vm1", "a/b").status, AlertStatus::Open, "raised at 100, after it was held until 21");
}

#[test]
fn a_late_raise_prolongs_a_hold_that_would_not_be_over() {
    let mut world = World::new(ComplianceConfig::default());
    let hold = |said: &mut model::RuleAlert| said.hold_ms = 10_000;
    world.raise_with(1, "vm", "a/b", hold);
    world.time(12);
    assert_eq!(world.alerts(), ["vm a/b cancelled warning x1 by hold"]);
    world.raise_with(1, "vm", "a/b", hold);
    assert_eq!(world.alerts(), ["vm a/b cancelled warning x1 by hold"], "held until 11 at most");
    world.raise_with(5, "vm", "a/b", hold);
    assert_eq!(world.alert("vm", "a/b").status, AlertStatus::Open, "holds until 15");
    world.time(15);
    assert_eq!(world.alert("vm", "a/b").status, AlertStatus::Cancelled);
}

#[test]
fn an_event_from_the_future_ends_no_holds() {
    let mut world = World::new(ComplianceConfig::default());
    world.clock(1000);
    world.raise_with(1000, "vm", "a/b", |said| said.hold_ms = 3_600_000);
    world.raise(u64::MAX / S, "other", "a/b");
    assert_eq!(world.alert("vm", "a/b").status, AlertStatus::Open);
    assert_eq!(world.book.event_ns(), 1000 * S, "no event is later than the clock");
    assert_eq!(world.alert("other", "a/b").opened_ns, 1000 * S);
}

#[test]
fn evidence_is_the_first_and_the_last_few_and_is_cut() {
    let mut world = World::new(ComplianceConfig::default());
    for at in 1..=10 {
        world.raise_with(at, "vm", "a/b", |said| said.text = "ä".repeat(5000));
    }
    let shown = world.alert("vm", "a/b").shown;
    let times = |all: &[crate::EvidenceLine]| all.iter().map(|one| one.time_ns / S).collect::<Vec<_>>();
    assert_eq!((times(&shown.first), times(&shown.last)), (vec![1, 2, 3], vec![8, 9, 10]));
    assert_eq!(shown.first.len(), EVIDENCE_LINES);
    assert!(shown.first.iter().all(|one| one.text.len() == super::super::limits::EVIDENCE_BYTES));
}

#[test]
fn symptoms_of_one_object_are_bounded() {
    let mut world = World::new(ComplianceConfig::default());
    for number in 0..super::super::limits::OBJECT_SYMPTOMS + 5 {
        world.raise(1, "vm", &format!("a/b{number}"));
    }
    assert_eq!(world.known().len(), super::super::limits::OBJECT_SYMPTOMS);
    assert_eq!(world.book.view().dropped().count(DropKind::Symptoms), 5);
}

#[test]
fn an_object_whose_name_is_too_long_is_counted() {
    let mut world = World::new(ComplianceConfig::default());
    let longest = "y".repeat(crate::limits::NAME_BYTES);
    world.raise(1, &longest, "a/b");
    world.raise(2, &format!("{longest}y"), "a/b");
    assert_eq!(world.known().len(), 1);
    let view = world.book.view();
    let dropped = view.dropped();
    assert_eq!(dropped.iter().collect::<Vec<_>>(), [(DropKind::ObjectNames, 1)]);
    assert!(dropped.example(DropKind::ObjectNames).is_some_and(|name| name.starts_with("yyy")));
}

#[test]
fn objects_that_are_not_kept_have_no_clock() {
    let mut world = World::new(ComplianceConfig::default());
    world.clock(100);
    world.raise(1, "vm", "a/b");
    for number in 0..100 {
        let object = format!("{number}{}", "y".repeat(crate::limits::NAME_BYTES));
        world.raise(2, &object, "a/b");
        world.metric(3, &object, "load", 1.0);
        let input = Box::new(BookInput::Seen { object, time_ns: 4 * S });
        world.apply(BookInput::Of { source: "log".to_owned(), input });
    }
    assert_eq!(world.book.state.timers.clocks(), 1, "the one of the object that is kept");
    assert_eq!(world.book.view().dropped().count(DropKind::ObjectNames), 300);
}

#[test]
fn what_comes_after_a_line_that_was_stamped_ahead_in_its_source_counts_after_it() {
    let mut world = World::new(with(vec![define("prod", fact("properties.env == \"production\""))]));
    // The lines were written from 480 on, while the host was down.
    world.clock(500);
    world.clear(86_400, "vm", "a/b");
    world.raise(483, "vm", "a/b");
    world.property(86_400, "vm", "env", "playground");
    world.property(484, "vm", "env", "production");
    assert_eq!(world.alerts(), ["vm a/b open warning x1", "vm prod open warning x0"]);
    world.clear(485, "vm", "a/b");
    assert_eq!(world.alerts(), ["vm a/b cancelled warning x1 by clear", "vm prod open warning x0"]);
}
