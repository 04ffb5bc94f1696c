//! Which notices are suppressed: by inhibition and silences, also when they wait to be sent.

use super::*;
use crate::{Matcher, Notice, NoticeKind, WithheldNotice};

/// Children of hosts, everything routed to `desk`, a fact that makes an alert critical.
fn family() -> ComplianceConfig {
    let mut config = ComplianceConfig { inhibit_by_parent: true, ..house() };
    config.groups.push(Group {
        name: "bad".to_owned(),
        place: place(4),
        when: Some("metrics.load > 4.0".to_owned()),
        ..Group::default()
    });
    config.policies.push(policy("bad", &["bad"], &[("*", PolicySetting::Criticality(Criticality::Critical))]));
    config
}

fn silence(name: &str, pattern: &str, until_s: u64) -> CommandAction {
    let matchers = vec![Matcher { name: name.to_owned(), pattern: Pattern::new(pattern), negated: false }];
    CommandAction::Silence { matchers, from_ns: None, until_ns: until_s * S, why: String::new() }
}

fn notices(world: &mut World) -> Vec<Notice> {
    world.book.take().notices
}

#[test]
fn what_became_worse_while_it_was_inhibited_is_notified_when_that_ends() {
    let mut world = World::new(family());
    world.parent(1, "vm", "host");
    world.raise(2, "vm", "a/b");
    assert_eq!(world.notified(), ["desk: opened a/b on vm"]);
    world.metric(3, "host", "load", 9.0);
    world.raise(3, "host", "a/b");
    world.metric(4, "vm", "load", 9.0);
    assert_eq!(world.alerts()[1], "vm a/b open critical x1 inhibited");
    assert_eq!(world.notified(), ["desk: opened a/b on host"]);
    world.clear(5, "host", "a/b");
    assert_eq!(world.notified(), ["desk: resolved a/b on host", "desk: changed a/b on vm"]);
}

#[test]
fn a_silenced_parent_stands_for_no_child() {
    let mut world = World::new(family());
    world.clock(10);
    world.parent(1, "vm", "host");
    world.ask(10, silence("object", "host", 100)).unwrap();
    world.raise(2, "host", "a/b");
    world.raise(3, "vm", "a/b");
    assert_eq!(world.alerts(), ["host a/b open warning x1 silenced", "vm a/b open warning x1"]);
    assert_eq!(world.notified(), ["desk: opened a/b on vm"]);
    world.clock(100);
    assert_eq!(world.notified(), ["desk: opened a/b on host"]);
    assert_eq!(world.alerts(), ["host a/b open warning x1", "vm a/b open warning x1 inhibited"]);
    let acknowledged = world.alert("host", "a/b").id;
    world.ask(101, CommandAction::Acknowledge { alerts: vec![acknowledged], owner: None }).unwrap();
    world.parent(4, "second", "host");
    world.raise(5, "second", "a/b");
    assert_eq!(world.notified(), [""; 0], "the receiver knows of the alert on the host");
}

#[test]
fn only_what_the_same_receiver_is_notified_of_and_is_as_bad_stands_for_a_child() {
    let worse = |said: &mut model::RuleAlert| said.criticality = Criticality::Critical;
    // Only VMs are routed: the host's is notified to no receiver.
    let mut config = family();
    config.routes = vec![Route { groups: vec!["vms".to_owned()], ..route(&["desk"]) }];
    let mut world = World::new(config.clone());
    world.parent(1, "vm", "host");
    world.raise(2, "host", "a/b");
    world.raise(3, "vm", "a/b");
    assert_eq!(world.notified(), ["desk: opened a/b on vm"]);
    assert_eq!(world.alert("vm", "a/b").inhibited_by, None);
    // Of two receivers the one that knows the host's is not notified.
    config.routes.insert(0, Route { go_on: true, ..route(&["all"]) });
    let mut world = World::new(config);
    world.parent(1, "vm", "host");
    world.raise(2, "host", "a/b");
    world.raise(3, "vm", "a/b");
    assert_eq!(world.notified(), ["all: opened a/b on host", "desk: opened a/b on vm"]);
    world.clear(4, "host", "a/b");
    assert_eq!(world.notified(), ["all: resolved a/b on host", "all: opened a/b on vm"]);
    // The host's is less bad.
    let mut world = World::new(family());
    world.parent(1, "vm", "host");
    world.raise(2, "host", "a/b");
    world.raise_with(3, "vm", "a/b", worse);
    assert_eq!(world.notified(), ["desk: opened a/b on host", "desk: opened a/b on vm"]);
    world.raise_with(4, "host", "a/b", worse);
    assert_eq!(world.notified(), ["desk: changed a/b on host"]);
    assert!(world.alert("vm", "a/b").inhibited_by.is_some());
}

#[test]
fn parents_in_a_circle_stand_for_nothing() {
    let mut world = World::new(family());
    world.parent(1, "vm0", "vm0");
    world.raise(2, "vm0", "a/b");
    assert_eq!(world.notified(), ["desk: opened a/b on vm0"]);
    for (child, parent) in [("vm1", "vm2"), ("vm2", "vm3")] {
        world.parent(3, child, parent);
    }
    for object in ["vm3", "vm2", "vm1"] {
        world.raise(4, object, "a/b");
    }
    assert_eq!(world.notified(), ["desk: opened a/b on vm3"], "no circle yet");
    world.parent(5, "vm3", "vm1");
    assert_eq!(world.notified(), ["desk: opened a/b on vm1", "desk: opened a/b on vm2"]);
    world.parent(6, "leaf", "vm1");
    world.raise(7, "leaf", "a/b");
    assert_eq!(world.notified(), [""; 0], "one in the circle stands for those below it");
    world.parent(8, "vm3", "top");
    assert!(world.alert("vm1", "a/b").inhibited_by.is_some(), "the circle is open again");
}

#[test]
fn what_waits_to_be_sent_is_withheld_if_it_is_silenced_or_inhibited_by_then() {
    let mut world = World::new(family());
    world.clock(10);
    world.raise(1, "vm", "a/b");
    let opened = notices(&mut world).remove(0);
    assert!(!world.book.view().withholds(&opened));
    world.ask(10, silence("object", "vm", 100)).unwrap();
    assert!(world.book.view().withholds(&opened));
    world.apply(BookInput::Withheld(WithheldNotice::of(&opened)));
    assert!(world.alert("vm", "a/b").notified.is_empty());
    world.clear(2, "vm", "a/b");
    assert_eq!(notices(&mut world), [], "what it never heard of is not over for it");
    world.raise(3, "vm", "a/b");
    world.clock(100);
    let opened = notices(&mut world).remove(0);
    assert!(!world.book.view().withholds(&opened));

    world.parent(4, "vm", "host");
    world.raise(5, "host", "a/b");
    assert!(world.book.view().withholds(&opened), "it is the host's now");
    world.apply(BookInput::Withheld(WithheldNotice::of(&opened)));
    notices(&mut world);
    world.clear(6, "host", "a/b");
    let happened: Vec<_> = notices(&mut world).iter().map(|one| (one.alert.object.to_string(), one.happened)).collect();
    assert_eq!(happened, [("host".to_owned(), NoticeKind::Resolved), ("vm".to_owned(), NoticeKind::Opened)]);
}

#[test]
fn a_change_that_was_withheld_is_notified_later_and_the_end_always() {
    let mut world = World::new(family());
    world.clock(10);
    world.raise(1, "vm", "a/b");
    notices(&mut world);
    world.clock(20);
    world.metric(2, "vm", "load", 9.0);
    let changed = notices(&mut world).remove(0);
    assert_eq!(changed.happened, NoticeKind::Changed);
    world.parent(3, "vm", "host");
    world.metric(3, "host", "load", 9.0);
    world.raise(4, "host", "a/b");
    assert!(world.book.view().withholds(&changed));
    world.apply(BookInput::Withheld(WithheldNotice::of(&changed)));
    notices(&mut world);
    world.clear(5, "host", "a/b");
    let happened: Vec<_> = notices(&mut world).iter().map(|one| one.happened).collect();
    assert_eq!(happened, [NoticeKind::Resolved, NoticeKind::Changed]);
    world.ask(20, silence("object", "vm", 100)).unwrap();
    world.clear(6, "vm", "a/b");
    let over = notices(&mut world).remove(0);
    assert_eq!(over.happened, NoticeKind::Resolved);
    assert!(!world.book.view().withholds(&over));
}

#[test]
fn a_receiver_is_reminded_of_what_it_knows_and_is_neither_silenced_nor_inhibited() {
    let mut world = World::new(family());
    world.clock(10);
    world.raise(1, "vm", "a/b");
    let known =
        |world: &mut World| world.book.view().known_to("desk").into_iter().map(|one| one.object).collect::<Vec<_>>();
    assert_eq!(known(&mut world), ["vm"]);
    world.ask(10, silence("object", "vm", 100)).unwrap();
    assert_eq!(known(&mut world), [""; 0]);
    world.clock(100);
    assert_eq!(known(&mut world), ["vm"]);
    world.parent(2, "vm", "host");
    world.raise(3, "host", "a/b");
    assert_eq!(known(&mut world), ["host"]);
    assert!(world.book.view().known_to("pager").is_empty());
}
