//! The rule on the bench.

use lifesigns_rule::{Alert, Change, testing::Bench};

use super::*;

type Production = Bench<DockerOnProduction>;

fn bench(settings: &str) -> Production {
    let mut bench = Bench::new(settings).unwrap();
    // What interests ask for is tested by the cases.
    bench.show_all();
    bench
}

fn create(bench: &mut Production, second: u64, name: &str) -> Vec<Alert> {
    let message = format!("Calling POST /v1.41/containers/create?name={name}");
    bench.at_ms(second * 1000).field("level", "debug").log("vm", &message)
}

fn become_(bench: &mut Production, second: u64, env: &str) -> Vec<Alert> {
    bench.at_ms(second * 1000).property("vm", "env", env).fact("vm", "env")
}

fn attribute<'a>(alert: &'a Alert, name: &str) -> Option<&'a str> {
    alert.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

#[test]
fn docker_on_a_production_object() {
    let mut bench = bench("{}");
    bench.property("vm", "env", "production");
    let alerts = create(&mut bench, 10, "web");
    assert_eq!(alerts[0].change, Change::Raise);
    assert_eq!(alerts[0].summary, "Docker is at work on vm, which is production: create web");
    assert_eq!(attribute(&alerts[0], "container"), Some("web"));
    assert_eq!(attribute(&alerts[0], "value"), Some("production"));
    assert!(create(&mut bench, 11, "db").is_empty(), "raised already");
    assert_eq!(create(&mut bench, 10 + 3600, "db").len(), 1, "and again after an hour");
}

#[test]
fn docker_elsewhere() {
    let mut bench = bench("{}");
    assert!(create(&mut bench, 10, "web").is_empty(), "no property");
    for env in ["playground", "Production", ""] {
        bench.property("vm", "env", env);
        assert!(create(&mut bench, 10, "web").is_empty(), "{env}");
    }
}

#[test]
fn the_fact_alone_raises_and_clears() {
    let mut bench = bench("{}");
    bench.property("vm", "env", "playground");
    create(&mut bench, 10, "web");
    let alerts = become_(&mut bench, 310, "production");
    assert_eq!(alerts[0].summary, "vm became production, and Docker was at work on it 5m ago: create web");
    assert_eq!(attribute(&alerts[0], "container"), Some("web"));
    assert!(become_(&mut bench, 320, "production").is_empty());
    let alerts = become_(&mut bench, 330, "playground");
    assert_eq!((alerts[0].change, alerts[0].summary.as_str()), (Change::Clear, "vm is now playground"));
    assert!(become_(&mut bench, 340, "test").is_empty(), "cleared already");
    assert_eq!(become_(&mut bench, 350, "production").len(), 1, "it is still remembered");
}

#[test]
fn memory_ends() {
    let mut short = bench(r#"{"memory": "1h"}"#);
    create(&mut short, 10, "web");
    assert!(become_(&mut short, 10 + 3600, "production").is_empty());
    let mut short = bench(r#"{"memory": "1h"}"#);
    create(&mut short, 10, "web");
    assert_eq!(become_(&mut short, 10 + 3599, "production").len(), 1);
    let mut none = bench(r#"{"memory": "0s"}"#);
    create(&mut none, 10, "web");
    assert!(become_(&mut none, 11, "production").is_empty());
}

#[test]
fn nothing_of_docker_nothing_raised() {
    let mut bench = bench("{}");
    bench.log("vm", "docker01 is a host");
    assert!(become_(&mut bench, 20, "production").is_empty());
    assert!(become_(&mut bench, 30, "playground").is_empty());
}

#[test]
fn a_container_is_named_as_soon_as_there_is_one() {
    let mut bench = bench("{}");
    bench.property("vm", "env", "production");
    assert_eq!(bench.at_ms(1000).log("vm", "docker0: port 1(veth0) entered blocking state").len(), 1);
    assert!(bench.at_ms(2000).log("vm", "docker0: port 1(veth0) entered forwarding state").is_empty());
    assert_eq!(create(&mut bench, 3, "web").len(), 1);
    assert!(create(&mut bench, 4, "db").is_empty());
}

#[test]
fn a_fact_that_nobody_told_clears_with_the_next_record() {
    let mut bench = bench("{}");
    bench.property("vm", "env", "production");
    create(&mut bench, 10, "web");
    bench.property("vm", "env", "test");
    assert_eq!(create(&mut bench, 11, "db")[0].change, Change::Clear);
}

#[test]
fn other_properties_and_values() {
    let mut bench = bench(r#"{"property": "zone", "values": ["red", "amber"]}"#);
    bench.property("vm", "zone", "amber");
    assert_eq!(create(&mut bench, 10, "web").len(), 1);
    assert!(bench.property("vm", "zone", "red").fact("vm", "zone").is_empty(), "still production");
}

#[test]
fn bad_settings() {
    let refused = |settings| Bench::<DockerOnProduction>::new(settings).err().unwrap();
    assert!(refused(r#"{"property": ""}"#).starts_with("`property` is empty: name"));
    assert!(refused(r#"{"values": []}"#).starts_with("`values` is empty"));
    assert!(refused(r#"{"memory": "a day"}"#).starts_with("`memory` is \"a day\": give a length of time"));
    assert!(refused(r#"{"value": "x"}"#).starts_with("`value` is no setting of this rule; did you mean `values`?"));
}

/// The rule as it was with state of version 0.
struct Version0;

impl Rule for Version0 {
    type Settings = ();

    fn new((): ()) -> Result<Self, String> {
        Ok(Self)
    }

    fn describe(&self) -> Description {
        Description::new(SYMPTOM, "0.0.1")
            .symptom(Symptom::new(SYMPTOM, "Docker on a production object"))
            .interest(Interest::log().contains(["raised"]))
    }

    fn evaluate(&self, event: &Event<'_>, _: &mut Alerts<'_>) {
        event.state().set(RAISED, event.message().trim_start_matches("raised "), 0);
    }
}

#[test]
fn state_of_version_0_is_taken_over() {
    for (held, named_is_due) in [("10000000000 named", false), ("10000000000 ", true)] {
        let mut old = Bench::<Version0>::new("{}").unwrap();
        old.at_ms(10_000).log("vm", &format!("raised {held}"));
        let mut new: Production = Bench::after(old, "{}").unwrap();
        new.show_all();
        new.property("vm", "env", "production");
        assert_eq!(
            create(&mut new, 11, "web").len(),
            usize::from(named_is_due),
            "{held}: with a name for the first time"
        );
        assert!(create(&mut new, 12, "db").is_empty(), "{held}");
        let hour = if named_is_due { 11 } else { 10 } + 3600;
        assert!(create(&mut new, hour - 1, "db").is_empty(), "{held}: the time is the old one");
        assert_eq!(create(&mut new, hour, "db").len(), 1, "{held}");
        assert_eq!(become_(&mut new, hour + 1, "playground")[0].change, Change::Clear);
    }
}
