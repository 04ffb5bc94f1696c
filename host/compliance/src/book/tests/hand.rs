//! Policy and people over time: definitions that wait are evaluated by the policy of now, and alerts that a person
//! closed stay closed until their definition has ceased to hold.

use super::*;
use crate::EndCause;

fn by_symptom_and_fact() -> AlertCondition {
    AlertCondition::All(vec![symptom("t/a"), fact("properties.env == \"production\"")])
}

#[test]
fn an_alert_that_waits_to_be_cancelled_is_what_policy_says_now() {
    let definition = || AlertDefinition { cancel_ms: 3_600_000, ..define("slow", symptom("t/a")) };
    let mut config = ComplianceConfig { definitions: vec![definition()], ..house() };
    config.policies = vec![
        policy("lab", &["playground"], &[("slow", PolicySetting::Allow(true))]),
        policy("strict", &["production"], &[("slow", PolicySetting::Criticality(Criticality::Critical))]),
    ];
    let mut world = World::new(config.clone());
    world.raise(1, "vm", "t/a");
    world.clear(2, "vm", "t/a");
    world.notified();
    world.property(3, "vm", "env", "production");
    assert_eq!(world.alerts(), ["vm slow open critical x1"]);
    assert_eq!(world.alert("vm", "slow").groups, ["production", "vms"]);
    assert_eq!(world.notified(), ["desk: changed slow on vm"]);
    world.property(4, "vm", "env", "playground");
    assert_eq!(world.alerts(), ["vm slow open warning x1 allowed by fact"]);
    assert_eq!(world.notified(), ["desk: resolved slow on vm"]);
    config.policies.clear();
    world.configure(config);
    assert_eq!(world.alerts(), ["vm slow open warning x1"]);
    assert_eq!(world.alert("vm", "slow").symptoms, ["t/a"], "it still says what it was");
    // What is allowed by its symptoms is so while it waits.
    world.configure(ComplianceConfig {
        definitions: vec![definition()],
        policies: vec![policy("fine", &[], &[("t/*", PolicySetting::Allow(true))])],
        ..house()
    });
    assert_eq!(world.alerts(), ["vm slow open warning x1 allowed by policy"]);
    world.time(3602);
    assert_eq!(world.alert("vm", "slow").status, AlertStatus::Cancelled);
}

#[test]
fn an_edited_wait_or_cancel_is_that_of_what_waits() {
    let configured = |wait_ms, cancel_ms| ComplianceConfig {
        definitions: vec![AlertDefinition { wait_ms, cancel_ms, ..define("it", symptom("t/a")) }],
        ..house()
    };
    let mut world = World::new(configured(3_600_000, 0));
    world.raise(1, "vm", "t/a");
    world.time(10);
    world.configure(configured(1_000, 0));
    assert_eq!(world.alerts(), ["vm it open warning x1"], "shorter: its time was up");
    assert_eq!(world.alert("vm", "it").opened_ns, 2 * S);

    let mut world = World::new(configured(4_000, 0));
    world.raise(1, "vm", "t/a");
    world.configure(configured(3_600_000, 0));
    world.time(100);
    assert_eq!(world.alerts(), [""; 0], "longer");
    world.time(3601);
    assert_eq!(world.alerts(), ["vm it open warning x1"]);
    world.configure(configured(0, 3_600_000));
    world.clear(3700, "vm", "t/a");
    world.time(3750);
    assert_eq!(world.alert("vm", "it").status, AlertStatus::Open);
    world.configure(configured(0, 1_000));
    assert_eq!(world.alerts(), ["vm it cancelled warning x1 by clear"]);
    world.configure(configured(0, 3_600_000));
    world.raise(3800, "vm", "t/a");
    world.clear(3801, "vm", "t/a");
    world.configure(configured(0, 0));
    assert_eq!(world.alert("vm", "it").status, AlertStatus::Cancelled, "no cancel cycle any more");
}

#[test]
fn the_cause_of_a_hand_cancel_stays_and_it_is_spent_once_it_has_ceased() {
    for symptoms in [false, true] {
        let when = if symptoms { by_symptom_and_fact() } else { fact("properties.env == \"production\"") };
        let mut world =
            World::new(ComplianceConfig { definitions: vec![define("it", when)], reopen_ms: 3_600_000, ..house() });
        world.raise(1, "vm", "t/a");
        world.property(2, "vm", "env", "production");
        let first = world.alert("vm", "it");
        world.ask(3, CommandAction::Cancel { alerts: vec![first.id.clone()], why: "false alarm".to_owned() }).unwrap();
        world.property(4, "vm", "env", "production");
        world.metric(5, "vm", "load", 1.0);
        assert_eq!(world.alert("vm", "it").cause, Some(EndCause::Hand), "it goes on and stays closed");
        world.property(6, "vm", "env", "test");
        assert_eq!((world.alert("vm", "it").cause, world.alert("vm", "it").ceased), (Some(EndCause::Hand), true));
        let closed = world.book.take().alerts.into_iter().find(|one| one.definition == "it").unwrap();
        assert_eq!(closed.cause, Some(EndCause::Hand), "and is written down so");
        world.property(7, "vm", "env", "production");
        let again = world.alert("vm", "it");
        assert_eq!((again.status, again.reopened, again.count), (AlertStatus::Open, 0, u64::from(symptoms)));
        assert_ne!(again.id, first.id);
    }
}

#[test]
fn reopening_is_measured_without_the_wait() {
    let definition = AlertDefinition { wait_ms: 900_000, ..define("it", symptom("t/a")) };
    let mut world = World::new(ComplianceConfig { definitions: vec![definition], reopen_ms: 600_000, ..house() });
    world.raise(1, "vm", "t/a");
    world.clear(1200, "vm", "t/a");
    let first = world.alert("vm", "it").id;
    world.raise(1260, "vm", "t/a");
    world.time(3000);
    let again = world.alert("vm", "it");
    assert_eq!((again.id.as_str(), again.status, again.reopened), (first.as_str(), AlertStatus::Open, 1));
    world.clear(3000, "vm", "t/a");
    world.raise(3601, "vm", "t/a");
    world.time(9000);
    assert_ne!(world.alert("vm", "it").id, first, "it held again after the window");
}

#[test]
fn forbidding_the_alert_wins_over_allowing_its_symptoms_by_a_weaker_policy() {
    let lab = |priority| Policy {
        priority,
        ..policy("lab", &["vms"], &[("t/*", PolicySetting::Allow(true)), ("u/*", PolicySetting::Allow(true))])
    };
    let strict =
        |priority| Policy { priority, ..policy("strict", &["production"], &[("two", PolicySetting::Allow(false))]) };
    let both = || vec![define("two", AlertCondition::Any(vec![symptom("t/*"), symptom("u/*")]))];
    let cases = [(0, 10, false), (10, 0, true), (0, 0, false)];
    for (allows, forbids, allowed) in cases {
        let policies = vec![strict(forbids), lab(allows)];
        let mut world = World::new(ComplianceConfig { definitions: both(), policies, ..house() });
        world.property(1, "vm1", "env", "production");
        world.raise(2, "vm1", "t/a");
        assert_eq!(world.alert("vm1", "two").allowed, allowed, "{allows} {forbids}");
        world.raise(3, "vm2", "t/a");
        assert!(world.alert("vm2", "two").allowed, "no policy forbids it there");
    }
}

#[test]
fn a_symptom_that_is_disabled_counts_in_no_definition() {
    let definitions = vec![
        define("one", symptom("t/*")),
        define("none", AlertCondition::All(vec![symptom("u/a"), not(symptom("t/a"))])),
        define("below", AlertCondition::Symptom(Pattern::new("t/a"), Scope::Children)),
    ];
    let mut config = ComplianceConfig { definitions, ..house() };
    let mut world = World::new(config.clone());
    world.parent(1, "vm", "host");
    world.raise(1, "vm", "t/a");
    world.raise(2, "vm", "u/a");
    assert_eq!(world.alerts(), ["host below open warning x1", "vm one open warning x1"]);
    config.policies.push(policy("off", &["vms"], &[("t/*", PolicySetting::Enable(false))]));
    world.configure(config.clone());
    let expected = [
        "host below cancelled warning x1 by policy",
        "vm none open warning x1",
        "vm one cancelled warning x1 by policy",
    ];
    assert_eq!(world.alerts(), expected);
    world.raise(3, "vm", "t/b");
    assert_eq!(world.alert("vm", "one").status, AlertStatus::Cancelled);
    config.policies.push(Policy { priority: 1, ..policy("on", &["vms"], &[("t/b", PolicySetting::Enable(true))]) });
    world.configure(config);
    assert_eq!(world.alert("vm", "one").symptoms, ["t/b"]);
}

#[test]
fn a_symptom_that_was_only_ever_cleared_is_so_since_then() {
    let mut world = World::new(house());
    world.clear(7, "vm", "t/a");
    world.clear(9, "vm", "t/a");
    let QueryAnswer::Object(page) = world.book.answer(&Query::Object("vm".to_owned())).unwrap() else {
        panic!("object")
    };
    assert_eq!(page.symptoms[0].since_ns, 7 * S);
}
