//! Silences that are refused, edited and to come; several alerts at once; routes and what-ifs.

use proptest::prelude::*;

use super::*;
use crate::{
    BookSnapshot, Matcher,
    query::{ConfigEffect, FilterMatches, RouteOutcome, Routing},
};

fn matcher(name: &str, pattern: &str, negated: bool) -> Matcher {
    Matcher { name: name.to_owned(), pattern: Pattern::new(pattern), negated }
}

fn fleet() -> World {
    let mut world = World::new(ComplianceConfig { definitions: vec![define("two", symptom("t/a"))], ..house() });
    world.clock(100);
    world.property(1, "vm1", "env", "production");
    world.raise(2, "vm1", "t/a");
    world.raise(3, "vm2", "a/b");
    world.raise(4, "vm3", "a/b");
    world
}

fn silence(matchers: Vec<Matcher>, from_s: Option<u64>, until_s: u64) -> CommandAction {
    CommandAction::Silence { matchers, from_ns: from_s.map(|at| at * S), until_ns: until_s * S, why: "work".to_owned() }
}

fn preview(world: &World, matchers: Vec<Matcher>) -> FilterMatches {
    match world.book.answer(&Query::Preview(matchers)) {
        Ok(QueryAnswer::Matches(matches)) => *matches,
        other => panic!("{other:?}"),
    }
}

#[test]
fn matchers_that_no_alert_can_meet_are_refused_above_all_negative_ones() {
    let mut world = fleet();
    let cases = [
        (matcher("grup", "production", true), "did you mean `group`?"),
        (matcher("objct", "vm1", false), "did you mean `object`?"),
        (matcher("foo", "bar", false), "a matcher has no name \"foo\""),
        (matcher("group", "prodution", true), "did you mean `production`?"),
        (matcher("alert", "tow", false), "did you mean `two`?"),
        (matcher("criticality", "bad", false), "it is one of information"),
        (matcher("impact", "bad*", false), "it is one of health"),
        (matcher("id", "ffff", false), "there is no alert \"ffff\""),
        (matcher("object", "vm9", true), "did you mean `vm"),
    ];
    for (matcher, expected) in cases {
        let why = world.ask(101, silence(vec![matcher.clone()], None, 900)).unwrap_err().to_string();
        assert!(why.contains(expected), "{matcher:?}: {why}");
        let asked = world.book.answer(&Query::Preview(vec![matcher.clone()]));
        assert_eq!(asked.unwrap_err().to_string(), why, "{matcher:?}");
    }
    assert!(world.alerts().iter().all(|line| !line.contains("silenced")));
}

#[test]
fn a_silence_says_what_it_matches() {
    let world = fleet();
    let counts = |matchers| {
        let matches = preview(&world, matchers);
        (matches.objects, matches.alerts.len(), matches.notes.len())
    };
    assert_eq!(counts(vec![matcher("object", "vm*", false)]), (3, 3, 0));
    assert_eq!(counts(vec![matcher("symptom", "t/a", false)]), (3, 1, 0));
    assert_eq!(counts(vec![matcher("group", "production", true)]), (2, 2, 0));
    assert_eq!(counts(vec![matcher("image", "busybox", false)]), (3, 3, 0));
    assert_eq!(counts(vec![matcher("object", "vm77", false)]), (0, 0, 1), "it may come one day, and is remarked on");
    let id = world.alert("vm2", "a/b").id;
    let by_id = preview(&world, vec![matcher("id", &id[..7], false)]);
    assert_eq!(by_id.alerts.iter().map(|alert| alert.object.as_str()).collect::<Vec<_>>(), ["vm2"]);
}

#[test]
fn a_silence_is_to_come_is_edited_and_extended() {
    let mut world = fleet();
    world.ask(101, silence(vec![matcher("object", "vm2", false)], Some(200), 300)).unwrap();
    let Ok(QueryAnswer::Silences(all)) = world.book.answer(&Query::Silences) else { panic!("silences") };
    let id = all[0].id.clone();
    let silenced = |world: &World| -> Vec<String> {
        world.alerts().into_iter().filter(|line| line.contains("silenced")).collect()
    };
    assert_eq!(silenced(&world), [""; 0], "not yet");
    world.clock(200);
    assert_eq!(silenced(&world), ["vm2 a/b open warning x1 silenced"]);
    let edit = |matchers, until_s: Option<u64>| CommandAction::Edit {
        silence: id[..6].to_owned(),
        matchers,
        from_ns: None,
        until_ns: until_s.map(|at| at * S),
        why: None,
    };
    world.book.take();
    world.ask(201, edit(Some(vec![matcher("object", "vm3", false)]), None)).unwrap();
    assert_eq!(silenced(&world), ["vm3 a/b open warning x1 silenced"]);
    assert_eq!(world.book.take().audit[0].what, "silence changed");
    world.ask(202, edit(None, Some(400))).unwrap();
    world.clock(301);
    assert_eq!(silenced(&world).len(), 1, "it lasts longer");
    world.clock(400);
    assert_eq!(silenced(&world), [""; 0]);
    assert!(world.ask(401, edit(None, Some(500))).is_err(), "it has ended");
    assert!(world.ask(401, silence(vec![matcher("object", "vm2", false)], Some(600), 500)).is_err());
}

#[test]
fn several_alerts_at_once_or_none() {
    let mut world = fleet();
    let id = |world: &World, object: &str, name: &str| world.alert(object, name).id;
    let (one, two) = (id(&world, "vm1", "two"), id(&world, "vm2", "a/b"));
    world
        .ask(
            101,
            CommandAction::Acknowledge { alerts: vec![one.clone(), two[..8].to_owned(), one.clone()], owner: None },
        )
        .unwrap();
    let acknowledged = |world: &World| world.known().iter().filter(|alert| alert.acknowledged.is_some()).count();
    assert_eq!(acknowledged(&world), 2);
    let refused = world.ask(102, CommandAction::Unacknowledge { alerts: vec![one.clone(), "zz".to_owned()] });
    assert!(refused.is_err() && acknowledged(&world) == 2, "all or none");
    assert!(
        world.ask(102, CommandAction::Unacknowledge { alerts: vec![id(&world, "vm3", "a/b"), one.clone()] }).is_err()
    );
    world.book.take();
    world.ask(103, CommandAction::Unacknowledge { alerts: vec![one.clone()] }).unwrap();
    assert_eq!((acknowledged(&world), world.book.take().audit[0].what.as_str()), (1, "alert unacknowledged"));
    assert!(world.ask(104, CommandAction::Cancel { alerts: vec!["x".to_owned(); 2001], why: String::new() }).is_err());
    assert!(world.ask(104, CommandAction::Cancel { alerts: Vec::new(), why: String::new() }).is_err());
    world.ask(105, CommandAction::Cancel { alerts: vec![one, two], why: "done".to_owned() }).unwrap();
    assert_eq!(world.alerts().iter().filter(|line| line.contains("cancelled")).count(), 2);
}

#[test]
fn what_was_acknowledged_and_is_not_is_repeated_again() {
    let grouping = Grouping { repeat_ms: 60_000, ..Grouping::default() };
    let mut world = World::new(ComplianceConfig { routes: vec![Route { grouping, ..route(&["desk"]) }], ..house() });
    world.clock(100);
    world.raise(1, "vm", "a/b");
    let alerts = vec![world.alert("vm", "a/b").id];
    world.notified();
    world.ask(101, CommandAction::Acknowledge { alerts: alerts.clone(), owner: None }).unwrap();
    world.clock(300);
    assert_eq!(world.notified(), [""; 0]);
    world.ask(301, CommandAction::Unacknowledge { alerts }).unwrap();
    world.clock(400);
    assert_eq!(world.notified(), ["desk: repeated a/b on vm"]);
}

fn routing(world: &World, object: &str, name: &str) -> Routing {
    match world.book.answer(&Query::Route(world.alert(object, name).id)) {
        Ok(QueryAnswer::Route(routing)) => *routing,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_route_says_why_nobody_is_notified() {
    let critical = Route { at_least: Some(Criticality::Critical), ..route(&["pager"]) };
    let mut world = World::new(ComplianceConfig { routes: vec![critical], ..house() });
    world.raise(1, "vm", "a/b");
    let said = routing(&world, "vm", "a/b");
    assert_eq!(said.routes[0].outcome, RouteOutcome::NoMatch("it is warning, below critical".to_owned()));
    assert!(said.receivers.is_empty() && said.kept_back[0].contains("no route that matches"), "{said:?}");
    let mut world = fleet();
    world.ask(101, silence(vec![matcher("object", "vm2", false)], None, 900)).unwrap();
    let said = routing(&world, "vm2", "a/b");
    assert_eq!(said.receivers[0].receiver, "desk");
    assert!(said.kept_back.iter().any(|why| why.contains("by ann matches it: work")), "{said:?}");
    assert!(said.receivers[0].notified_ns.is_some());
}

/// A forest of routes, two deep.
fn routes(depth: u32) -> BoxedStrategy<Vec<Route>> {
    let leaf = (0..3_usize, proptest::option::of(0..4_usize), any::<bool>(), 0..4_usize);
    let one = leaf.prop_map(|(names, least, go_on, pattern)| {
        let all = [Criticality::Information, Criticality::Warning, Criticality::Immediate, Criticality::Critical];
        Route {
            receivers: ["desk", "pager"][..names].iter().map(|name| (*name).to_owned()).collect(),
            at_least: least.map(|at| all[at]),
            objects: if pattern == 0 { vec![Pattern::new("vm1")] } else { Vec::new() },
            alerts: if pattern == 1 { vec![Pattern::new("t/*")] } else { Vec::new() },
            groups: if pattern == 2 { vec!["production".to_owned()] } else { Vec::new() },
            go_on,
            ..Route::default()
        }
    });
    if depth == 0 {
        return proptest::collection::vec(one, 0..3).boxed();
    }
    let nested = (one, routes(depth - 1)).prop_map(|(route, routes)| Route { routes, ..route });
    proptest::collection::vec(nested, 0..4).boxed()
}

proptest! {
    #[test]
    fn who_is_said_to_be_notified_is_who_is_notified(routes in routes(2)) {
        let mut world = World::new(ComplianceConfig { routes, ..house() });
        world.clock(100);
        world.property(1, "vm1", "env", "production");
        world.raise(2, "vm1", "t/a");
        world.raise_with(3, "vm2", "c/d", |said| said.criticality = Criticality::Critical);
        for (object, name) in [("vm1", "t/a"), ("vm2", "c/d")] {
            let said = routing(&world, object, name);
            let mut named: Vec<String> = said.receivers.into_iter().map(|one| one.receiver).collect();
            named.sort();
            let notified: Vec<String> = world.alert(object, name).notified.into_keys().collect();
            prop_assert_eq!(&named, &notified);
            let taken: std::collections::BTreeSet<&String> = said.routes.iter()
                .filter(|step| step.outcome == RouteOutcome::Taken).flat_map(|step| &step.receivers).collect();
            prop_assert_eq!(taken.into_iter().cloned().collect::<Vec<_>>(), notified);
        }
    }
}

fn kept(world: &World) -> BookSnapshot {
    let open = world.known();
    BookSnapshot {
        objects: world.book.registry().objects().iter().cloned().collect(),
        symptoms: world.book.state.objects.all().map(|(.., symptom)| Arc::clone(symptom)).collect(),
        pending: world.book.state.alerts.all_pending().map(|(.., pending)| pending.clone()).collect(),
        alerts: open.into_iter().map(Arc::new).collect(),
        badges: world.said.badges.clone(),
        event_ns: world.book.event_ns(),
        clock_ns: world.book.clock_ns(),
        ..BookSnapshot::default()
    }
}

#[test]
fn a_what_if_is_what_then_happens() {
    let mut world = fleet();
    world.notified();
    let allow = policy("all", &[], &[("a/*", PolicySetting::Allow(true))]);
    let grade = policy("grade", &["production"], &[("two", PolicySetting::Criticality(Criticality::Critical))]);
    let edited = ComplianceConfig {
        policies: vec![allow, grade],
        definitions: vec![define("two", symptom("t/a")), define("three", symptom("a/b"))],
        ..house()
    };
    let before = kept(&world);
    let ConfigEffect { same, opened, cancelled, allowed, changed, badges, notices, .. } =
        Book::what_if(Arc::new(edited.clone()), before, 100 * S).unwrap();
    assert!(!same);
    let names = |alerts: &[Alert]| -> Vec<String> {
        let mut names: Vec<String> = alerts.iter().map(|one| format!("{} {}", one.object, one.definition)).collect();
        names.sort();
        names
    };
    assert_eq!(
        (names(&opened), names(&cancelled), names(&allowed)),
        (Vec::new(), vec!["vm2 a/b".into(), "vm3 a/b".into()], vec!["vm2 three".into(), "vm3 three".into()]),
        "an alert whose symptoms are all allowed is allowed"
    );
    assert_eq!(
        (changed.len(), changed[0].before, changed[0].alert.criticality),
        (1, Criticality::Warning, Criticality::Critical)
    );
    assert!(
        badges.iter().any(|change| change.name == "production" && change.after.is_some_and(|badge| badge.score == 0))
    );
    assert_eq!(world.alerts().iter().filter(|line| line.contains("open")).count(), 3, "nothing has changed");
    world.configure(edited);
    let notified = world.notified();
    assert_eq!(notified.len(), notices.iter().map(|(_, count)| count).sum::<usize>(), "{notified:?}");
    let open: Vec<String> = world
        .known()
        .into_iter()
        .filter(Alert::is_violation)
        .map(|one| format!("{} {}", one.object, one.definition))
        .collect();
    assert_eq!(open, ["vm1 two"]);
}
