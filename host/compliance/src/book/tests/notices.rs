//! Who is notified of what: routes, bundles, keys, silences, inhibition, repetition.

use std::collections::BTreeSet;

use super::*;
use crate::{Matcher, NoticeKind};

fn routed(routes: Vec<Route>) -> ComplianceConfig {
    ComplianceConfig { routes, ..house() }
}

fn matcher(name: &str, pattern: &str, negated: bool) -> Matcher {
    Matcher { name: name.to_owned(), pattern: Pattern::new(pattern), negated }
}

#[test]
fn without_a_route_nobody_is_told() {
    let mut world = World::new(ComplianceConfig::default());
    world.raise(1, "vm", "a/b");
    world.clear(2, "vm", "a/b");
    assert_eq!(world.notified(), [""; 0]);
}

#[test]
fn routes_are_tried_in_order_and_the_inner_ones_first() {
    let production = Route {
        groups: vec!["production".to_owned()],
        routes: vec![
            Route { at_least: Some(Criticality::Critical), ..route(&["pager"]) },
            Route { alerts: vec![Pattern::new("quiet/*")], ..route(&[]) },
        ],
        ..route(&["team"])
    };
    let copies = Route { objects: vec![Pattern::new("vm-x*")], go_on: true, ..route(&["archive", "desk"]) };
    let config = routed(vec![copies, production, route(&["desk"])]);
    let cases = [
        ("vm-x1", "test", "a/b", Criticality::Warning, vec!["archive", "desk"]),
        ("vm-1", "test", "a/b", Criticality::Warning, vec!["desk"]),
        ("vm-2", "production", "a/b", Criticality::Warning, vec!["team"]),
        ("vm-3", "production", "a/b", Criticality::Critical, vec!["pager"]),
        ("vm-4", "production", "quiet/b", Criticality::Warning, vec![]),
        ("vm-x5", "production", "a/b", Criticality::Critical, vec!["archive", "desk", "pager"]),
    ];
    for (object, env, name, criticality, expected) in cases {
        let mut world = World::new(config.clone());
        world.property(1, object, "env", env);
        world.raise_with(2, object, name, |said| said.criticality = criticality);
        let notified: Vec<String> =
            world.notified().iter().map(|one| one.split(':').next().unwrap().to_owned()).collect();
        assert_eq!(notified, expected, "{object} {env} {name}");
    }
}

#[test]
fn policy_names_receivers_instead_and_keeps_the_grouping() {
    let grouping = Grouping { by: vec!["group".to_owned()], wait_ms: 5, ..Grouping::default() };
    let mut config = routed(vec![Route { grouping: grouping.clone(), ..route(&["desk"]) }]);
    config.policies.push(policy("own", &["production"], &[("*", PolicySetting::Receivers(vec!["owners".to_owned()]))]));
    let mut world = World::new(config);
    world.property(1, "vm", "env", "production");
    world.raise(2, "vm", "a/b");
    let notice = world.book.take().notices.remove(0);
    assert_eq!((notice.receiver.as_str(), notice.grouping), ("owners", grouping));
    assert_eq!(notice.bundle, [("group".to_owned(), "production,vms".to_owned())].into());
}

#[test]
fn bundles_hold_what_alerts_agree_in() {
    let by = ["alert", "object", "criticality", "image", "nothing"].map(str::to_owned).to_vec();
    let grouping = Grouping { by, ..Grouping::default() };
    let mut world = World::new(routed(vec![Route { grouping, ..route(&["desk"]) }]));
    world.raise(1, "vm", "a/b");
    let expected =
        [("alert", "a/b"), ("object", "vm"), ("criticality", "warning"), ("image", "busybox"), ("nothing", "")];
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(world.book.take().notices[0].bundle, expected);
}

#[test]
fn keys_are_derived_and_each_is_another() {
    let story = || {
        let mut world = World::new(ComplianceConfig { reopen_ms: 60_000, ..routed(vec![route(&["desk", "pager"])]) });
        world.raise(1, "vm", "a/b");
        world.raise_with(2, "vm", "a/b", |said| said.criticality = Criticality::Critical);
        world.clear(3, "vm", "a/b");
        world.raise(4, "vm", "a/b");
        world.book.take().notices
    };
    let notices = story();
    let happened: Vec<NoticeKind> =
        notices.iter().filter(|one| one.receiver == "desk").map(|one| one.happened).collect();
    assert_eq!(happened, [NoticeKind::Opened, NoticeKind::Changed, NoticeKind::Resolved, NoticeKind::Opened]);
    let keys: BTreeSet<&str> = notices.iter().map(|one| one.key.as_str()).collect();
    assert_eq!((keys.len(), notices.len()), (8, 8));
    assert!(keys.iter().all(|key| key.len() == 32));
    assert_eq!(story(), notices);
}

#[test]
fn only_who_was_told_is_told_that_it_is_over() {
    let pager = Route { at_least: Some(Criticality::Critical), go_on: true, ..route(&["pager"]) };
    let mut world = World::new(routed(vec![pager, route(&["desk"])]));
    world.raise(1, "vm", "a/b");
    assert_eq!(world.notified(), ["desk: opened a/b on vm"]);
    world.raise_with(2, "vm", "a/b", |said| said.criticality = Criticality::Critical);
    assert_eq!(world.notified(), ["pager: opened a/b on vm", "desk: changed a/b on vm"]);
    world.raise(3, "vm", "a/b");
    assert_eq!(world.notified(), ["pager: resolved a/b on vm", "desk: changed a/b on vm"], "no longer the pager's");
    world.clear(4, "vm", "a/b");
    assert_eq!(world.notified(), ["desk: resolved a/b on vm"]);
    assert!(world.alert("vm", "a/b").notified.is_empty());
}

#[test]
fn a_new_route_is_told_of_what_is_open() {
    let mut world = World::new(house());
    world.raise(1, "vm", "a/b");
    world.notified();
    world.configure(routed(vec![route(&["desk", "pager"])]));
    assert_eq!(world.notified(), ["pager: opened a/b on vm"]);
    world.configure(routed(vec![route(&["desk"])]));
    assert_eq!(world.notified(), ["pager: resolved a/b on vm"], "a receiver that is routed to no more knows nothing");
    world.clear(2, "vm", "a/b");
    assert_eq!(world.notified(), ["desk: resolved a/b on vm"]);
}

#[test]
fn silences_look_at_all_that_is_said() {
    let cases = [
        (vec![matcher("alert", "docker/*", false)], true),
        (vec![matcher("alert", "docker/*", true)], false),
        (vec![matcher("object", "vm", false), matcher("group", "vms", false)], true),
        (vec![matcher("object", "vm", false), matcher("group", "production", false)], false),
        (vec![matcher("group", "production", true)], true),
        (vec![matcher("criticality", "warning", false)], true),
        (vec![matcher("detail.image", "busybox", false)], true),
        (vec![matcher("detail.image", "nginx*", false)], false),
        (vec![matcher("detail.unheard-of", "*", false)], true),
        (vec![matcher("detail.unheard-of", "x", false)], false),
    ];
    for (matchers, expected) in cases {
        let mut world = World::new(house());
        world.clock(10);
        world
            .ask(
                10,
                CommandAction::Silence {
                    matchers: matchers.clone(),
                    from_ns: None,
                    until_ns: 20 * S,
                    why: "work".to_owned(),
                },
            )
            .unwrap();
        world.raise(1, "vm", "docker/create");
        assert_eq!(world.alert("vm", "docker/create").silenced_by.is_some(), expected, "{matchers:?}");
        assert_eq!(world.notified().is_empty(), expected, "{matchers:?}");
    }
}

#[test]
fn a_silence_ends_and_then_it_is_told() {
    let mut world = World::new(house());
    world.clock(10);
    world.raise(1, "vm", "a/b");
    assert_eq!(world.notified(), ["desk: opened a/b on vm"]);
    let matchers = vec![matcher("object", "vm", false)];
    world
        .ask(
            11,
            CommandAction::Silence {
                matchers: matchers.clone(),
                from_ns: None,
                until_ns: 20 * S,
                why: "work".to_owned(),
            },
        )
        .unwrap();
    assert_eq!(world.alerts(), ["vm a/b open warning x1 silenced"]);
    assert_eq!(world.book.next_due().1, Some(20 * S));
    world.raise(2, "vm", "c/d");
    world.clear(3, "vm", "c/d");
    world.raise_with(4, "vm", "a/b", |said| said.criticality = Criticality::Critical);
    assert_eq!(world.notified(), [""; 0]);
    world.clock(20);
    assert_eq!(world.notified(), ["desk: opened a/b on vm"]);
    assert_eq!(world.book.answer(&Query::Silences).unwrap(), QueryAnswer::Silences(Vec::new()));
    // Receivers that were notified before are notified that it is over.
    world
        .ask(21, CommandAction::Silence { matchers, from_ns: None, until_ns: 30 * S, why: "work".to_owned() })
        .unwrap();
    world.clear(5, "vm", "a/b");
    assert_eq!(world.notified(), ["desk: resolved a/b on vm"]);
}

#[test]
fn the_parent_s_alert_stands_for_the_child_s() {
    let mut world = World::new(ComplianceConfig { inhibit_by_parent: true, ..house() });
    world.parent(1, "child", "mother");
    world.raise(2, "child", "a/b");
    world.notified();
    world.raise(3, "mother", "a/b");
    assert_eq!(world.alerts(), ["child a/b open warning x1 inhibited", "mother a/b open warning x1"]);
    assert_eq!(world.notified(), ["desk: opened a/b on mother"]);
    world.parent(4, "second", "mother");
    world.raise(5, "second", "a/b");
    world.raise(5, "second", "c/d");
    assert_eq!(world.notified(), ["desk: opened c/d on second"]);
    world.clear(6, "mother", "a/b");
    assert_eq!(
        world.notified(),
        ["desk: resolved a/b on mother", "desk: opened a/b on second"],
        "the first was notified already"
    );
    // Not if the parent's is fine, nor of another parent.
    world.raise(7, "mother", "a/b");
    world.parent(8, "second", "aunt");
    assert_eq!(world.alert("second", "a/b").inhibited_by, None);
    assert!(world.alert("child", "a/b").inhibited_by.is_some());
    world.configure(house());
    assert_eq!(world.alert("child", "a/b").inhibited_by, None);
}

#[test]
fn what_stays_open_is_told_again_until_somebody_acknowledges() {
    let grouping = Grouping { repeat_ms: 60_000, ..Grouping::default() };
    let mut world = World::new(routed(vec![Route { grouping, ..route(&["desk"]) }]));
    world.clock(100);
    world.raise(1, "vm", "a/b");
    world.raise(1, "vm", "c/d");
    world.notified();
    world.clock(159);
    assert_eq!(world.notified(), [""; 0]);
    world.clock(160);
    assert_eq!(world.notified(), ["desk: repeated a/b on vm", "desk: repeated c/d on vm"]);
    let id = world.alert("vm", "c/d").id;
    world.ask(170, CommandAction::Acknowledge { alerts: vec![id], owner: None }).unwrap();
    let silence = vec![matcher("alert", "a/*", false)];
    world
        .ask(180, CommandAction::Silence { matchers: silence, from_ns: None, until_ns: 230 * S, why: String::new() })
        .unwrap();
    world.clock(225);
    assert_eq!(world.notified(), [""; 0]);
    world.clock(230);
    assert_eq!(world.notified(), ["desk: opened a/b on vm"]);
    world.clock(290);
    assert_eq!(world.notified(), ["desk: repeated a/b on vm"]);
    world.clear(2, "vm", "a/b");
    world.notified();
    world.clock(1000);
    assert_eq!(world.notified(), [""; 0]);
}
