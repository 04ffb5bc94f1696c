//! The rule on the bench; the shapes themselves are tested in `docker`.

use lifesigns_rule::{Alert, testing::Bench};

use super::*;

fn bench(settings: &str) -> Bench<DockerKeyword> {
    let mut bench = Bench::new(settings).unwrap();
    // What interests ask for is tested by the cases.
    bench.show_all();
    bench
}

fn call(bench: &mut Bench<DockerKeyword>, uri: &str) -> Vec<Alert> {
    bench.field("level", "debug").log("vm-1", &format!("Calling POST {uri}"))
}

fn attributes(alert: &Alert) -> Vec<(&str, &str)> {
    alert.attributes.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[test]
fn a_create_call_is_a_created_container() {
    let mut bench = bench("{}");
    let alerts = call(&mut bench, "/v1.41/containers/create?name=web-1");
    assert_eq!(alerts[0].symptom, 0);
    assert_eq!(alerts[0].summary, "Container web-1 was created on vm-1");
    assert_eq!(
        attributes(&alerts[0]),
        [("verb", "create"), ("via", "api-call"), ("container", "web-1"), ("api", "1.41")]
    );
    for _ in 0..400 {
        assert_eq!(call(&mut bench, "/v1.41/containers/create").len(), 1, "each call counts");
    }
}

#[test]
fn the_call_and_its_engine_event_are_one_creation() {
    let mut bench = bench("{}");
    assert_eq!(call(&mut bench, "/v1.41/containers/create?name=web-1").len(), 1);
    let mut engine = |action: &str| {
        for (name, value) in [
            ("Type", "container"),
            ("Action", action),
            ("Actor.ID", &*"a".repeat(64)),
            ("Actor.Attributes.name", "web-1"),
            ("Actor.Attributes.image", "busybox"),
        ] {
            bench.field(name, value);
        }
        bench.log("vm-1", "{…}")
    };
    assert!(engine("create").is_empty());
    let alerts = engine("start");
    assert_eq!(alerts[0].summary, "Container web-1 was started on vm-1 from busybox");
    assert!(engine("die").is_empty());
}

#[test]
fn a_start_call_alone_is_no_started_container() {
    let mut bench = bench("{}");
    assert!(call(&mut bench, "/v1.41/containers/web-1/start").is_empty());
    assert!(call(&mut bench, "/v1.41/images/create?fromImage=a").is_empty());
}

#[test]
fn docker0_is_told_once_an_hour() {
    let mut on_time = bench("{}");
    let mut at = |ms: u64| on_time.at_ms(ms).log("vm-1", "docker0: port 1(veth0) entered blocking state").len();
    assert_eq!([at(1000), at(2000), at(3_600_999), at(3_601_000)], [1, 0, 0, 1]);
    let mut always = bench(r#"{"repeat": "0s"}"#);
    assert_eq!((0..3).map(|_| always.log("vm", "docker0 up").len()).sum::<usize>(), 3);
}

#[test]
fn bad_settings() {
    let refused = |settings| Bench::<DockerKeyword>::new(settings).err().unwrap();
    assert_eq!(refused(r#"{"repeats": "1h"}"#), "`repeats` is no setting of this rule; did you mean `repeat`?");
    assert!(refused(r#"{"repeat": 5}"#).starts_with("`repeat` is 5: give a length of time"));
}
