//! Waits to open and to be cancelled, and what interrupts them.

use super::*;

fn waiting(wait_ms: u64, cancel_ms: u64) -> World {
    World::new(with(vec![AlertDefinition { wait_ms, cancel_ms, ..define("it", symptom("r/a")) }]))
}

#[test]
fn it_opens_when_it_has_held_for_its_time() {
    let mut world = waiting(10_000, 0);
    world.raise(1, "vm", "r/a");
    let taken = world.book.take();
    assert_eq!(
        taken.pending.iter().map(|one| (one.opening, one.since_ns, one.due_ns)).collect::<Vec<_>>(),
        [(true, S, 11 * S)]
    );
    world.raise(5, "vm", "r/a");
    world.time(10);
    assert_eq!(world.alerts(), [""; 0]);
    assert_eq!(world.book.next_due().0, Some(11 * S));
    world.time(20);
    assert_eq!(world.alerts(), ["vm it open warning x2"]);
    assert_eq!(world.alert("vm", "it").opened_ns, 11 * S);
    assert_eq!(world.book.take().pending_gone, [("vm".to_owned(), "it".to_owned())]);
}

#[test]
fn it_does_not_open_when_it_ceases_before() {
    let mut world = waiting(10_000, 0);
    world.raise(1, "vm", "r/a");
    world.clear(5, "vm", "r/a");
    world.raise(6, "vm", "r/a");
    world.time(15);
    assert_eq!(world.alerts(), [""; 0], "it has held for nine seconds");
    world.time(16);
    assert_eq!(world.alerts(), ["vm it open warning x1"]);
}

#[test]
fn it_is_cancelled_when_it_has_ceased_for_its_time() {
    let mut world = waiting(0, 10_000);
    world.raise(1, "vm", "r/a");
    world.clear(2, "vm", "r/a");
    assert_eq!(world.alerts(), ["vm it open warning x1"]);
    world.raise(5, "vm", "r/a");
    world.time(20);
    assert_eq!(world.alerts(), ["vm it open warning x2"], "it came back");
    world.clear(21, "vm", "r/a");
    world.time(31);
    assert_eq!(world.alerts(), ["vm it cancelled warning x2 by clear"]);
    assert_eq!(world.alert("vm", "it").cancelled_ns, Some(31 * S));
}

#[test]
fn why_it_ended_is_remembered_while_it_waits() {
    let mut world = waiting(0, 10_000);
    world.raise_with(1, "vm", "r/a", |said| said.hold_ms = 5_000);
    world.time(100);
    assert_eq!(world.alerts(), ["vm it cancelled warning x1 by hold"]);
    let when = AlertCondition::All(vec![symptom("r/a"), fact("metrics.load > 1.0")]);
    let mut world = World::new(with(vec![AlertDefinition { cancel_ms: 10_000, ..define("it", when) }]));
    world.metric(1, "vm", "load", 2.0);
    world.raise(2, "vm", "r/a");
    world.metric(3, "vm", "load", 0.0);
    world.time(100);
    assert_eq!(world.alerts(), ["vm it cancelled warning x1 by fact"]);
}

#[test]
fn a_hold_that_ends_when_the_wait_does_ends_first() {
    let mut world = waiting(10_000, 0);
    world.raise_with(1, "vm", "r/a", |said| said.hold_ms = 10_000);
    world.time(100);
    assert_eq!(world.alerts(), [""; 0]);
}

#[test]
fn what_came_late_opens_at_once_if_its_time_is_up() {
    let mut world = waiting(10_000, 0);
    world.time(100);
    world.raise(50, "vm", "r/a");
    assert_eq!(world.alerts(), ["vm it open warning x1"]);
    assert_eq!(world.alert("vm", "it").opened_ns, 60 * S);
}

#[test]
fn policy_ends_waiting() {
    let mut world = waiting(10_000, 0);
    world.raise(1, "vm", "r/a");
    let mut config = with(vec![AlertDefinition { wait_ms: 10_000, ..define("it", symptom("r/a")) }]);
    config.policies.push(policy("off", &[], &[("it", PolicySetting::Enable(false))]));
    world.configure(config);
    world.time(100);
    assert_eq!(world.alerts(), [""; 0]);
}
