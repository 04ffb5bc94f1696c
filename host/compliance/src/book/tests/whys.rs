//! `policy why`: the answer in every state, compared with the book.

use proptest::prelude::*;

use super::{
    properties::{OBJECTS, play, steps},
    rules::rule,
    *,
};
use crate::query::{EvaluationState, PolicyOutcome, Resolution};

fn why(world: &World, object: &str, alert: &str) -> Resolution {
    let query = Query::Why { object: object.to_owned(), alert: alert.to_owned() };
    let QueryAnswer::Why(said) = world.book.answer(&query).unwrap() else { panic!("why") };
    *said
}

fn refusal(world: &World, object: &str, alert: &str) -> String {
    let query = Query::Why { object: object.to_owned(), alert: alert.to_owned() };
    world.book.answer(&query).unwrap_err().to_string()
}

fn headline(world: &World, object: &str, alert: &str) -> String {
    why(world, object, alert).to_string().lines().next().unwrap_or_default().to_owned()
}

/// `two` needs both symptoms, of VMs; the lab allows `t/*`.
fn lab() -> World {
    let two = AlertCondition::All(vec![symptom("t/a"), symptom("t/b")]);
    let mut config = house();
    config.definitions = vec![
        AlertDefinition { kinds: vec!["vm".to_owned()], ..define("two", two) },
        AlertDefinition { wait_ms: 60_000, cancel_ms: 60_000, ..define("slow", symptom("u/a")) },
        define("fact", AlertCondition::Fact("metrics.load > 8.0".to_owned(), Scope::Parent)),
    ];
    config.policies = vec![
        policy("lab", &["playground"], &[("t/*", PolicySetting::Allow(true))]),
        policy("off", &["production"], &[("slow", PolicySetting::Enable(false))]),
    ];
    let mut world = World::new(config);
    world.apply(BookInput::Rules(vec![rule("t", &["a", "b"]), rule("u", &["a"]), rule("v", &["x"])]));
    for (object, kind, env) in [("vm1", "vm", "playground"), ("vm2", "vm", "test"), ("h1", "host", "production")] {
        world.apply(BookInput::Facts(ObjectFacts { kind: Some(kind.to_owned()), ..facts(1, object) }));
        world.property(1, object, "env", env);
    }
    world
}

#[test]
fn it_says_what_is_so_and_never_violation_of_what_is_not_one() {
    let mut world = lab();
    assert_eq!(headline(&world, "vm1", "two"), "two on vm1: not met; it would be allowed");
    assert_eq!(headline(&world, "vm2", "two"), "two on vm2: not met; it would be a violation");
    let not = "two on h1: not evaluated: it is for objects of kind vm, and h1 is of kind host";
    assert_eq!(headline(&world, "h1", "two"), not);
    assert_eq!(headline(&world, "h1", "slow"), "slow on h1: not evaluated: a policy disables it here");
    world.raise(2, "vm2", "t/a");
    let named = "t/a on vm2: not evaluated: a symptom that a definition names is no alert of its own; see two";
    assert_eq!(headline(&world, "vm2", "t/a"), named);
    let EvaluationState::NotMet { unmet } = why(&world, "vm2", "two").state else { panic!("not met") };
    assert_eq!(unmet, ["symptom t/b is not active"]);
    let EvaluationState::NotMet { unmet } = why(&world, "vm2", "fact").state else { panic!("not met") };
    assert_eq!(unmet, ["`metrics.load > 8.0` does not hold: it has no parent"]);
    for symptom in ["t/a", "t/b"] {
        world.raise(3, "vm1", symptom);
        world.raise(3, "vm2", symptom);
    }
    let open = why(&world, "vm1", "two");
    assert!(open.allowed && matches!(open.state, EvaluationState::Open { .. }));
    let text = open.to_string();
    assert!(text.starts_with("two on vm1: allowed, warning\n  open since 1970-01-01T00:00:03Z, alert "), "{text}");
    assert!(text.contains("allow t/a = true") && !text.contains("no policy"), "{text}");
    assert_eq!(headline(&world, "vm2", "two"), "two on vm2: violation, warning");
    let id = world.alert("vm2", "two").id;
    world.ask(4, CommandAction::Cancel { alerts: vec![id], why: String::new() }).unwrap();
    assert_eq!(headline(&world, "vm2", "two"), "two on vm2: cancelled by hand; open again it would be a violation");
}

#[test]
fn what_waits_says_until_when() {
    let mut world = lab();
    world.raise(3, "vm2", "u/a");
    let waiting = "slow on vm2: waiting until 1970-01-01T00:01:03Z; it would be a violation";
    assert_eq!(headline(&world, "vm2", "slow"), waiting);
    world.time(63);
    world.clear(70, "vm2", "u/a");
    let text = why(&world, "vm2", "slow").to_string();
    assert!(text.contains("no longer met: cancelled at 1970-01-01T00:02:10Z if that stays so"), "{text}");
    world.time(130);
    assert_eq!(headline(&world, "vm2", "slow"), "slow on vm2: not met; it would be a violation");
}

#[test]
fn names_that_do_not_exist_are_refused() {
    let mut world = lab();
    assert!(refusal(&world, "vm1", "tow").contains("there is no alert definition \"tow\""));
    assert!(refusal(&world, "vm9", "two").contains("there is no object"));
    assert!(refusal(&world, "vm1", "nosuch/x").contains("there is no symptom \"nosuch/x\""));
    assert!(refusal(&world, "vm1", "t/c").contains("there is no symptom"));
    assert_eq!(headline(&world, "vm1", "v/x"), "v/x on vm1: not met; it would be a violation");
    world.raise(5, "vm1", "old/x");
    world.clear(6, "vm1", "old/x");
    assert!(headline(&world, "vm2", "old/x").contains("not met"), "a rule that is gone had it");
}

const NAMES: [&str; 9] =
    ["docker", "busy", "load", "above", "below", "docker/create", "docker/run", "disk/full", "net/down"];

/// The answer about each alert: how it is open, or what it would be.
type Asked = BTreeMap<(String, String), Resolution>;

fn asked(world: &World) -> Asked {
    let mut all = Asked::new();
    let known = |object: &&&str| {
        world.book.registry().object(object).is_some() || world.book.state.objects.id(object).is_some()
    };
    for object in OBJECTS.iter().filter(known) {
        for name in
            NAMES.iter().filter(|name| name.contains('/') || world.book.state.compiled.definition(name).is_some())
        {
            all.insert(((*object).to_owned(), (*name).to_owned()), why(world, object, name));
        }
    }
    all
}

fn check(world: &World, all: &Asked) -> Result<(), TestCaseError> {
    let known = world.known();
    let mut open = 0;
    for ((object, name), said) in all {
        let alert = known.iter().find(|one| one.object == *object && one.definition == *name);
        let waits = world.book.state.alerts.pending(object, name);
        match &said.state {
            EvaluationState::Open { id, silenced_by, inhibited_by, ends_ns, notified, .. } => {
                open += 1;
                let alert = alert.filter(|one| one.status == AlertStatus::Open);
                prop_assert!(alert.is_some(), "{name} on {object} is not open");
                let alert = alert.unwrap();
                prop_assert_eq!(
                    (&alert.id, &alert.silenced_by, &alert.inhibited_by, alert.allowed),
                    (id, silenced_by, inhibited_by, said.allowed)
                );
                prop_assert_eq!(said.criticality, Some(alert.criticality));
                prop_assert_eq!(notified.len(), alert.notified.len());
                prop_assert_eq!(*ends_ns, waits.map(|waits| waits.due_ns));
            }
            EvaluationState::Waiting { until_ns, .. } => {
                prop_assert_eq!(waits.map(|waits| (waits.opening, waits.due_ns)), Some((true, *until_ns)));
            }
            EvaluationState::CancelledByHand { id } => {
                prop_assert_eq!(alert.map(|one| (&one.id, one.cause)), Some((id, Some(crate::EndCause::Hand))));
            }
            EvaluationState::NotMet { unmet } => prop_assert!(!unmet.is_empty(), "{name} on {object}"),
            EvaluationState::NotEvaluated { .. } => {}
            EvaluationState::NoRoom | EvaluationState::Unasked => prop_assert!(false, "{name} on {object}: {said}"),
        }
        if !matches!(said.state, EvaluationState::Open { .. }) {
            prop_assert!(!said.to_string().contains(": violation"), "{said}");
        }
    }
    prop_assert_eq!(open, known.iter().filter(|one| one.status == AlertStatus::Open).count(), "each open one says so");
    Ok(())
}

/// Alerts that opened since then without a change of facts or configuration are what the answer said.
fn compare(before: &Asked, now: &Asked) -> Result<(), TestCaseError> {
    for (key, said) in now.iter().filter(|(_, said)| matches!(said.state, EvaluationState::Open { .. })) {
        let Some(was) = before.get(key).filter(|was| !matches!(was.state, EvaluationState::Open { .. })) else {
            continue;
        };
        match was.outlook {
            PolicyOutcome::Allowed => prop_assert!(said.allowed, "{was} but {said}"),
            PolicyOutcome::Violation => prop_assert!(!said.allowed, "{was} but {said}"),
            PolicyOutcome::NotEvaluated => prop_assert!(false, "{was} but {said}"),
            PolicyOutcome::Depends => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn why_is_what_the_book_does(steps in steps(true)) {
        let mut before: Option<(Asked, Vec<String>)> = None;
        let mut failed = Ok(());
        play(&steps, true, |number, world| {
            if number == 0 {
                let rules = vec![rule("docker", &["create", "run"]), rule("disk", &["full"]), rule("net", &["down"])];
                world.apply(BookInput::Rules(rules));
            }
            if failed.is_err() {
                return;
            }
            let now = asked(world);
            failed = check(world, &now);
            // Facts and configuration, without metrics' times.
            let objects: Vec<String> = world.book.registry().objects().iter().map(|object| format!(
                "{} {:?} {:?} {:?}", object.id, object.parent, object.properties, object.metrics
            )).collect();
            let stands = [objects, vec![format!("{:?}", world.book.config())]].concat();
            if let Some((was, facts)) = &before
                && failed.is_ok()
                && *facts == stands
            {
                failed = compare(was, &now);
            }
            before = Some((now, stands));
        });
        failed?;
    }
}
