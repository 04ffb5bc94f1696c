//! Badges of objects and groups, by both formulas, and over time.

use super::*;
use crate::{Badge, BadgeOwner, config::BadgeFormula};

fn badge(world: &World, group: &str) -> (u8, u8, u32, u32) {
    let QueryAnswer::Group(page) = world.book.answer(&Query::Group(group.to_owned())).unwrap() else { panic!("group") };
    let Badge { worst, share, violations, allowed, .. } = page.line.badge;
    (worst, share, violations, allowed)
}

fn of_object(world: &World, object: &str) -> (u8, u8, u32, u32) {
    let Badge { worst, share, violations, allowed, .. } =
        world.book.state.badges.of_object(object, world.book.config().badge);
    (worst, share, violations, allowed)
}

#[test]
fn an_object_is_as_its_worst_violation_and_as_the_share_of_them() {
    let mut world = World::new(house());
    world.property(1, "vm", "env", "playground");
    assert_eq!(of_object(&world, "vm"), (100, 100, 0, 0));
    let steps = [
        ("a/info", Criticality::Information, (100, 0, 1, 0)),
        ("a/warning", Criticality::Warning, (75, 0, 2, 0)),
        ("docker/fine", Criticality::Critical, (75, 33, 2, 1)),
        ("a/immediate", Criticality::Immediate, (25, 25, 3, 1)),
        ("a/critical", Criticality::Critical, (0, 20, 4, 1)),
    ];
    for (name, criticality, expected) in steps {
        world.raise_with(2, "vm", name, |said| said.criticality = criticality);
        assert_eq!(of_object(&world, "vm"), expected, "{name}");
    }
    world.clear(3, "vm", "a/critical");
    world.clear(3, "vm", "a/immediate");
    assert_eq!(of_object(&world, "vm"), (75, 60, 2, 1), "what is over counts as compliant");
}

#[test]
fn a_group_is_as_its_worst_member_and_as_the_share_of_them() {
    let mut world = World::new(house());
    for number in 0..4 {
        world.apply(BookInput::Seen { object: format!("vm{number}"), time_ns: S });
    }
    assert_eq!(badge(&world, "vms"), (100, 100, 0, 0));
    world.raise(2, "vm1", "a/b");
    world.raise(2, "vm1", "a/c");
    world.raise_with(2, "vm2", "a/b", |said| said.criticality = Criticality::Critical);
    assert_eq!(badge(&world, "vms"), (0, 50, 3, 0));
    world.clear(3, "vm2", "a/b");
    assert_eq!(badge(&world, "vms"), (75, 75, 2, 0));
    // Members come and go.
    world.property(4, "vm1", "env", "production");
    assert_eq!(badge(&world, "production"), (75, 0, 2, 0));
    world.property(5, "x", "env", "production");
    assert_eq!(badge(&world, "production"), (75, 50, 2, 0));
    world.property(6, "vm1", "env", "playground");
    assert_eq!(badge(&world, "production"), (100, 100, 0, 0));
    assert_eq!(badge(&world, "playground"), (75, 0, 2, 0));
}

#[test]
fn silenced_alerts_count_and_allowed_ones_do_not() {
    let mut world = World::new(house());
    world.clock(10);
    world.property(1, "vm", "env", "playground");
    world.raise(2, "vm", "docker/create");
    assert_eq!(badge(&world, "playground"), (100, 100, 0, 1));
    let matchers = vec![crate::Matcher { name: "object".to_owned(), pattern: Pattern::new("vm"), negated: false }];
    world.ask(10, CommandAction::Silence { matchers, from_ns: None, until_ns: 100 * S, why: String::new() }).unwrap();
    world.raise(3, "vm", "a/b");
    assert_eq!(badge(&world, "playground"), (75, 0, 1, 1));
}

#[test]
fn the_configured_formula_makes_the_score() {
    let mut config = house();
    for (formula, expected) in [(BadgeFormula::Worst, 75), (BadgeFormula::Share, 0)] {
        config.badge = formula;
        let mut world = World::new(config.clone());
        world.raise(1, "vm", "a/b");
        assert_eq!(world.book.state.badges.of_object("vm", world.book.config().badge).score, expected);
    }
}

#[test]
fn a_change_of_the_badge_is_a_point_and_nothing_else_is() {
    let mut world = World::new(house());
    let first = world.book.take().badges;
    assert!(first.is_empty(), "nothing was looked at yet: {first:?}");
    world.apply(BookInput::Seen { object: "vm".to_owned(), time_ns: S });
    let spotless = world.book.take().badges;
    assert_eq!(
        spotless.iter().map(|point| (point.of, point.name.as_str(), point.badge.score)).collect::<Vec<_>>(),
        [
            (BadgeOwner::Group, "playground", 100),
            (BadgeOwner::Group, "production", 100),
            (BadgeOwner::Group, "vms", 100),
        ]
    );
    world.raise(2, "vm", "a/b");
    world.raise(3, "vm", "a/b");
    world.clear(4, "vm", "a/b");
    let points = world.book.take().badges;
    let points: Vec<_> =
        points.iter().map(|point| (point.of, point.name.as_str(), point.time_ns / S, point.badge.score)).collect();
    let expected = [
        (BadgeOwner::Object, "vm", 2, 75),
        (BadgeOwner::Group, "vms", 2, 75),
        (BadgeOwner::Object, "vm", 4, 100),
        (BadgeOwner::Group, "vms", 4, 100),
    ];
    assert_eq!(points, expected);
}

#[test]
fn history_is_bounded() {
    let mut world = World::new(house());
    for at in 0..200 {
        world.raise(2 * at + 1, "vm", "a/b");
        world.clear(2 * at + 2, "vm", "a/b");
    }
    let QueryAnswer::Object(page) = world.book.answer(&Query::Object("vm".to_owned())).unwrap() else {
        panic!("object")
    };
    assert_eq!(page.history.len(), super::super::limits::BADGE_POINTS);
    assert_eq!(page.history.last().unwrap().time_ns, 400 * S);
}
