//! Policy on alerts: allowed, disabled, another criticality; a change takes effect without a new line.

use super::*;
use crate::EndCause;

#[test]
fn moving_to_production_and_back_needs_no_new_line() {
    let mut world = World::new(house());
    world.property(1, "vm", "env", "playground");
    world.raise(2, "vm", "docker/create");
    assert_eq!(world.alerts(), ["vm docker/create open warning x1 allowed"]);
    assert_eq!(world.notified(), [""; 0], "what is allowed is not notified");
    world.property(3, "vm", "env", "production");
    assert_eq!(world.alerts(), ["vm docker/create open warning x1"]);
    assert_eq!(world.alert("vm", "docker/create").groups, ["production", "vms"]);
    assert_eq!(world.notified(), ["desk: opened docker/create on vm"]);
    world.property(4, "vm", "env", "playground");
    assert_eq!(world.alerts(), ["vm docker/create open warning x1 allowed by fact"]);
    assert_eq!(world.notified(), ["desk: resolved docker/create on vm"]);
}

#[test]
fn an_edit_of_policy_or_group_needs_no_new_line() {
    let mut world = World::new(house());
    world.property(1, "vm", "env", "production");
    world.raise(2, "vm", "docker/create");
    assert_eq!(world.notified(), ["desk: opened docker/create on vm"]);
    let mut config = house();
    config.groups[1].when = Some("properties.env == \"production\"".to_owned());
    world.configure(config);
    assert_eq!(world.alerts(), ["vm docker/create open warning x1 allowed by policy"]);
    assert_eq!(world.notified(), ["desk: resolved docker/create on vm"]);
    world.configure(ComplianceConfig { policies: Vec::new(), ..house() });
    assert_eq!(world.alerts(), ["vm docker/create open warning x1"]);
    assert_eq!(world.notified(), ["desk: opened docker/create on vm"]);
}

#[test]
fn an_alert_is_fine_if_each_of_its_symptoms_is() {
    let both = AlertCondition::Any(vec![symptom("docker/create"), symptom("disk/full")]);
    let mut world = World::new(ComplianceConfig { definitions: vec![define("it", both)], ..house() });
    world.property(1, "vm", "env", "playground");
    world.raise(2, "vm", "docker/create");
    assert_eq!(world.alerts(), ["vm it open warning x1 allowed"]);
    let why = world.alert("vm", "it").why;
    assert_eq!(why.steps.iter().map(|step| step.setting.as_str()).collect::<Vec<_>>(), ["allow docker/create"]);
    let query = Query::Why { object: "vm".to_owned(), alert: "it".to_owned() };
    let QueryAnswer::Why(said) = world.book.answer(&query).unwrap() else { panic!("why") };
    assert!(said.allowed);
    assert_eq!(said.why, *why);
    world.raise(3, "vm", "disk/full");
    assert_eq!(world.alerts(), ["vm it open warning x2"]);
    assert_eq!(world.alert("vm", "it").why.steps, []);
    world.clear(4, "vm", "disk/full");
    assert_eq!(world.alerts(), ["vm it open warning x2 allowed by clear"]);
}

#[test]
fn what_is_disabled_is_cancelled_and_comes_back() {
    let mut world = World::new(house());
    world.property(1, "vm", "env", "production");
    world.raise(2, "vm", "docker/create");
    let mut config = house();
    config.policies.push(policy("off", &["production"], &[("docker/create", PolicySetting::Enable(false))]));
    world.configure(config.clone());
    assert_eq!(world.alerts(), ["vm docker/create cancelled warning x1 by policy"]);
    world.raise(3, "vm", "docker/create");
    assert_eq!(world.alert("vm", "docker/create").status, AlertStatus::Cancelled);
    // Out of the group in which it is disabled.
    world.property(4, "vm", "env", "test");
    assert_eq!(world.alert("vm", "docker/create").status, AlertStatus::Open);
    world.property(5, "vm", "env", "production");
    assert_eq!(world.alert("vm", "docker/create").cause, Some(EndCause::Fact));
    world.configure(house());
    assert_eq!(world.alert("vm", "docker/create").status, AlertStatus::Open);
}

#[test]
fn policy_says_how_bad_and_what_to_do_over_all_else() {
    let definition = AlertDefinition { criticality: Some(Criticality::Warning), ..define("it", symptom("r/a")) };
    let says = [
        ("it", PolicySetting::Criticality(Criticality::Critical)),
        ("it", PolicySetting::Recommendations(vec!["call the hotline".to_owned()])),
    ];
    let mut config = ComplianceConfig { definitions: vec![definition], ..house() };
    config.policies.push(policy("strict", &["production"], &says));
    let mut world = World::new(config);
    world.raise(1, "vm", "r/a");
    assert_eq!(world.alert("vm", "it").recommendations, ["fix a"]);
    world.notified();
    world.property(2, "vm", "env", "production");
    assert_eq!(world.alerts(), ["vm it open critical x1"]);
    let alert = world.alert("vm", "it");
    assert_eq!(alert.recommendations, ["call the hotline"]);
    let step = alert.why.steps.iter().find(|step| step.setting == "criticality").unwrap();
    assert_eq!(
        (step.by.policy.as_str(), step.by.group.as_deref(), step.by.place.line),
        ("strict", Some("production"), 20)
    );
    assert_eq!(alert.why.groups[0].how, "properties.env == \"production\"");
    assert_eq!(world.notified(), ["desk: changed it on vm"]);
}

#[test]
fn a_definition_that_goes_takes_its_alert_and_gives_the_symptom_back() {
    let definitions = vec![define("it", symptom("r/a"))];
    let mut world = World::new(ComplianceConfig { definitions: definitions.clone(), ..house() });
    world.raise(1, "vm", "r/a");
    world.configure(house());
    assert_eq!(world.alerts(), ["vm it cancelled warning x1 by policy", "vm r/a open warning x1"]);
    world.configure(ComplianceConfig { definitions, reopen_ms: 1000, ..house() });
    assert_eq!(world.alerts(), ["vm it open warning x1 reopened 1", "vm r/a cancelled warning x1 by policy"]);
}

#[test]
fn hours_of_a_policy_begin_and_end_by_the_clock() {
    let mut config = house();
    // The epoch was a Thursday; the policy is in force from 01:00 to 02:00.
    config.policies[0].groups.clear();
    config.policies[0].hours = vec![crate::config::Hours { days: 127, from_minute: 60, to_minute: 120 }];
    let mut world = World::new(config);
    world.clock(10);
    world.raise(5, "vm", "docker/create");
    assert_eq!(world.book.next_due().1, Some(3600 * S));
    world.clock(3599);
    assert_eq!(world.alerts(), ["vm docker/create open warning x1"]);
    world.clock(3600);
    assert_eq!(world.alerts(), ["vm docker/create open warning x1 allowed by policy"]);
    world.clock(7200);
    assert_eq!(world.alerts(), ["vm docker/create open warning x1"]);
    let notified =
        ["desk: opened docker/create on vm", "desk: resolved docker/create on vm", "desk: opened docker/create on vm"];
    assert_eq!(world.notified(), notified);
}

#[test]
fn a_broken_configuration_changes_nothing() {
    let mut world = World::new(house());
    world.property(1, "vm", "env", "playground");
    world.raise(2, "vm", "docker/create");
    world.book.take();
    let broken =
        ComplianceConfig { definitions: vec![define("it", fact("this is no CEL ("))], ..ComplianceConfig::default() };
    assert!(!world.book.configure(Arc::new(broken)).unwrap_err().is_empty());
    assert_eq!(world.book.take(), BookChanges::default());
    assert_eq!(world.alerts(), ["vm docker/create open warning x1 allowed"]);
    assert_eq!(**world.book.config(), house());
}
