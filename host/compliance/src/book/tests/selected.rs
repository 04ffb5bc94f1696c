//! Filters: what they select, and names that nothing has, which are refused.

use super::*;
use crate::query::{AlertStateFilter, PendingRow};

fn fleet() -> World {
    let mut world = World::new(ComplianceConfig { definitions: vec![define("two", symptom("t/a"))], ..house() });
    world.clock(100);
    world.property(1, "vm1", "env", "production");
    world.property(1, "vm2", "env", "playground");
    world.raise_with(2, "vm1", "docker/create", |said| said.criticality = Criticality::Critical);
    world.raise(3, "vm1", "t/a");
    world.raise(4, "vm2", "docker/create");
    world.raise(5, "vm3", "a/b");
    world.raise(6, "x", "a/b");
    world.clear(7, "x", "a/b");
    world
}

fn selected(world: &World, filter: AlertFilter) -> Vec<String> {
    match world.book.answer(&Query::Alerts(filter.clone())) {
        Ok(QueryAnswer::Alerts(alerts)) => {
            alerts.iter().map(|alert| format!("{} {}", alert.object, alert.definition)).collect()
        }
        other => panic!("{filter:?}: {other:?}"),
    }
}

fn refused(world: &World, filter: AlertFilter) -> String {
    world.book.answer(&Query::Alerts(filter.clone())).expect_err(&format!("{filter:?}")).to_string()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn names_of_nothing_are_refused_in_every_filter_with_what_was_meant() {
    let world = fleet();
    let all = AlertFilter::default;
    let cases = [
        (
            AlertFilter { group: some("prodution"), ..all() },
            "there is no group \"prodution\"; did you mean `production`?",
        ),
        (AlertFilter { group: some("prod*x"), ..all() }, "there is no group that matches \"prod*x\""),
        (AlertFilter { object: some("vm7"), ..all() }, "there is no object \"vm7\"; did you mean `vm1`?"),
        (AlertFilter { object: some("host*"), ..all() }, "there is no object that matches \"host*\""),
        (AlertFilter { alert: some("tow"), ..all() }, "there is no alert \"tow\"; did you mean `two`?"),
        (AlertFilter { alert: some("nosuch"), ..all() }, "there is no alert \"nosuch\""),
        (
            AlertFilter { alert: some("dcker/create"), ..all() },
            "there is no symptom \"dcker/create\"; did you mean `docker/create`?",
        ),
        (AlertFilter { alert: some("t/a"), ..all() }, "the symptom belongs to the alert `two`"),
        (AlertFilter { symptom: some("docker/creat"), ..all() }, "did you mean `docker/create`?"),
        (AlertFilter { symptom: some("docker"), ..all() }, "a symptom is written RULE/SYMPTOM"),
        (
            AlertFilter { object: some(&"y".repeat(600)), ..all() },
            "has 600 bytes: the name of an object has at most 512",
        ),
    ];
    for (filter, expected) in cases {
        let why = refused(&world, filter.clone());
        assert!(why.contains(expected), "{filter:?}: {why}");
        assert!(world.book.answer(&Query::Matches(filter.clone())).is_err(), "{filter:?}");
        assert!(world.book.answer(&Query::Pending(filter.clone())).is_err(), "{filter:?}");
    }
    let matches = |filter| match world.book.answer(&Query::Matches(filter)) {
        Ok(QueryAnswer::Matches(matches)) => *matches,
        other => panic!("{other:?}"),
    };
    let alice = matches(AlertFilter { owner: some("alice"), ..all() });
    assert_eq!((alice.objects, alice.alerts.len(), alice.notes.len()), (4, 0, 1));
    assert_eq!(matches(AlertFilter { group: some("vms"), ..all() }).objects, 3);
    // A rule may raise it one day: the answer is empty, with a remark.
    let never = matches(AlertFilter { alert: some("other/thing"), ..all() });
    assert!(never.alerts.is_empty() && never.notes[0].contains("no rule so far has raised"), "{never:?}");
}

#[test]
fn patterns_work_alike_in_every_filter() {
    let world = fleet();
    let all = AlertFilter::default;
    let cases: [(AlertFilter, &[&str]); 8] = [
        (AlertFilter { object: some("vm*"), ..all() }, &["vm1 docker/create", "vm3 a/b", "vm1 two"]),
        (AlertFilter { object: some("*1"), ..all() }, &["vm1 docker/create", "vm1 two"]),
        (AlertFilter { group: some("prod*"), ..all() }, &["vm1 docker/create", "vm1 two"]),
        (AlertFilter { alert: some("t*"), ..all() }, &["vm1 two"]),
        (AlertFilter { symptom: some("t/*"), ..all() }, &["vm1 two"]),
        (AlertFilter { symptom: some("t/a"), ..all() }, &["vm1 two"]),
        (AlertFilter { control: some("CIS:cr*"), ..all() }, &["vm1 docker/create"]),
        (AlertFilter { owner: some("*"), ..all() }, &[]),
    ];
    for (filter, expected) in cases {
        assert_eq!(selected(&world, filter.clone()), expected, "{filter:?}");
    }
}

#[test]
fn states_times_and_grades() {
    let mut world = fleet();
    let id = world.alert("vm1", "two").id;
    world.ask(101, CommandAction::Acknowledge { alerts: vec![id], owner: some("bob") }).unwrap();
    let matchers = vec![crate::Matcher { name: "symptom".to_owned(), pattern: Pattern::new("a/*"), negated: false }];
    world.ask(102, CommandAction::Silence { matchers, from_ns: None, until_ns: 900 * S, why: String::new() }).unwrap();
    let all = AlertFilter::default;
    let state = |states: &[AlertStateFilter]| AlertFilter { states: states.to_vec(), ..all() };
    let cases: [(AlertFilter, &[&str]); 10] = [
        (state(&[AlertStateFilter::Open]), &["vm1 docker/create", "vm3 a/b", "vm1 two"]),
        (state(&[AlertStateFilter::Acknowledged]), &["vm1 two"]),
        (state(&[AlertStateFilter::Unacknowledged]), &["vm1 docker/create", "vm3 a/b"]),
        (state(&[AlertStateFilter::Silenced]), &["vm3 a/b"]),
        (state(&[AlertStateFilter::Inhibited]), &[]),
        (state(&[AlertStateFilter::Allowed]), &["vm2 docker/create"]),
        (state(&[AlertStateFilter::Cancelled]), &["x a/b"]),
        (state(&[AlertStateFilter::Allowed, AlertStateFilter::Cancelled]), &["vm2 docker/create", "x a/b"]),
        (AlertFilter { criticality: Some(Criticality::Warning), ..all() }, &["vm3 a/b", "vm1 two"]),
        (AlertFilter { owner: some("bob"), ..all() }, &["vm1 two"]),
    ];
    for (filter, expected) in cases {
        assert_eq!(selected(&world, filter.clone()), expected, "{filter:?}");
    }
    let opened =
        |since_s: u64, until_s: u64| AlertFilter { since_ns: Some(since_s * S), until_ns: Some(until_s * S), ..all() };
    assert_eq!(selected(&world, opened(3, 5)), ["vm1 two"]);
    assert_eq!(selected(&world, opened(2, 3)), ["vm1 docker/create"]);
    assert_eq!(selected(&world, AlertFilter { impact: Some(Impact::Health), ..all() }), [""; 0]);
}

#[test]
fn what_waits_is_seen() {
    let slow = AlertDefinition { wait_ms: 60_000, cancel_ms: 30_000, ..define("slow", symptom("t/a")) };
    let mut world = World::new(with(vec![slow]));
    let waiting = |world: &World| -> Vec<PendingRow> {
        match world.book.answer(&Query::Pending(AlertFilter::default())) {
            Ok(QueryAnswer::Pending(waiting)) => waiting,
            other => panic!("{other:?}"),
        }
    };
    world.raise(1, "vm", "t/a");
    let all = waiting(&world);
    assert_eq!((all.len(), all[0].pending.opening, all[0].pending.due_ns, &all[0].alert), (1, true, 61 * S, &None));
    let Ok(QueryAnswer::Object(page)) = world.book.answer(&Query::Object("vm".to_owned())) else { panic!("object") };
    assert_eq!(page.pending, [all[0].pending.clone()]);
    world.time(61);
    assert!(waiting(&world).is_empty());
    world.clear(70, "vm", "t/a");
    let all = waiting(&world);
    assert_eq!((all[0].pending.opening, all[0].pending.due_ns), (false, 100 * S));
    assert_eq!(all[0].alert, Some(world.alert("vm", "slow").id));
}
