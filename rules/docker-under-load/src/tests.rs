//! The rule on the bench. Time is in seconds.

use lifesigns_rule::{Alert, Change, testing::Bench};

use super::*;

type Load = Bench<DockerUnderLoad>;

fn bench(settings: &str) -> Load {
    let mut bench = Bench::new(settings).unwrap();
    // What interests ask for is tested by the cases.
    bench.show_all();
    bench
}

fn create(bench: &mut Load, second: u64) -> Vec<Alert> {
    bench.at_ms(second * 1000).field("level", "debug").log("vm", "Calling POST /v1.41/containers/create?name=web")
}

fn load(bench: &mut Load, second: u64, value: f64) -> Vec<Alert> {
    bench.at_ms(second * 1000).metric("vm", "load.1m", value).fact("vm", "load.1m")
}

fn reminder(bench: &mut Load, second: u64) -> Vec<Alert> {
    bench.at_ms(second * 1000).reminder()
}

#[test]
fn high_load_while_docker_is_at_work() {
    let mut bench = bench("{}");
    create(&mut bench, 10);
    assert!(load(&mut bench, 20, 7.2).is_empty());
    assert!(reminder(&mut bench, 79).is_empty(), "not yet");
    let alerts = reminder(&mut bench, 500);
    assert_eq!(alerts[0].change, Change::Raise);
    assert_eq!(alerts[0].summary, "Docker is at work on vm while load.1m is 7.2, over 4 for 1m");
    let names: Vec<_> = alerts[0].attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(names, ["metric=load.1m", "value=7.2", "threshold=4", "verb=create", "container=web"]);
}

#[test]
fn it_clears_with_hysteresis() {
    let mut bench = bench("{}");
    create(&mut bench, 10);
    load(&mut bench, 20, 7.2);
    assert_eq!(reminder(&mut bench, 80).len(), 1);
    assert!(load(&mut bench, 90, 3.9).is_empty());
    assert!(load(&mut bench, 95, 3.2).is_empty(), "at the edge it stays");
    let alerts = load(&mut bench, 100, 3.1);
    assert_eq!((alerts[0].change, alerts[0].summary.as_str()), (Change::Clear, "load.1m of vm fell to 3.1"));
    assert!(load(&mut bench, 110, 9.0).is_empty(), "it must stay over the threshold again");
    assert_eq!(load(&mut bench, 170, 9.0).len(), 1);
}

#[test]
fn a_dip_begins_the_time_anew() {
    let mut bench = bench("{}");
    create(&mut bench, 10);
    load(&mut bench, 20, 7.0);
    load(&mut bench, 50, 4.0);
    assert!(reminder(&mut bench, 80).is_empty(), "the threshold itself is not over it");
    load(&mut bench, 81, 4.1);
    assert!(load(&mut bench, 140, 5.0).is_empty());
    assert_eq!(load(&mut bench, 141, 5.0).len(), 1);
}

#[test]
fn docker_that_begins_under_load() {
    let mut bench = bench("{}");
    load(&mut bench, 10, 7.0);
    assert!(reminder(&mut bench, 100).is_empty(), "load alone");
    assert_eq!(create(&mut bench, 200).len(), 1);
}

#[test]
fn docker_that_no_longer_works() {
    let mut bench = bench(r#"{"activity": "2m"}"#);
    create(&mut bench, 10);
    load(&mut bench, 20, 7.0);
    assert_eq!(reminder(&mut bench, 80).len(), 1);
    assert!(create(&mut bench, 100).is_empty());
    assert!(reminder(&mut bench, 219).is_empty(), "the work at 100 moved it");
    let alerts = reminder(&mut bench, 220);
    assert_eq!(
        (alerts[0].change, alerts[0].summary.as_str()),
        (Change::Clear, "Docker has not been at work on vm for 2m")
    );
    assert_eq!(create(&mut bench, 300).len(), 1, "the load is still there");
}

#[test]
fn a_rule_that_was_loaded_under_load() {
    let mut bench = bench("{}");
    bench.metric("vm", "load.1m", 9.0);
    assert!(create(&mut bench, 10).is_empty(), "since when the load is high is not known");
    assert_eq!(reminder(&mut bench, 70).len(), 1);
}

#[test]
fn no_wait_at_all() {
    let mut bench = bench(r#"{"for": "0s", "threshold": 2, "clear-below": 2}"#);
    create(&mut bench, 10);
    assert_eq!(load(&mut bench, 20, 2.5)[0].change, Change::Raise);
    assert!(load(&mut bench, 30, 2.0).is_empty());
    assert_eq!(load(&mut bench, 40, 1.9)[0].change, Change::Clear);
}

#[test]
fn bad_settings() {
    let refused = |settings| Bench::<DockerUnderLoad>::new(settings).err().unwrap();
    assert!(refused(r#"{"metric": ""}"#).starts_with("`metric` is empty: name"));
    assert!(refused(r#"{"clear-below": 5}"#).starts_with("`clear-below` is 5 and over `threshold` (4): give"));
    assert!(refused(r#"{"activity": "0s"}"#).starts_with("`activity` is 0"));
    assert!(refused(r#"{"threshold": "4"}"#).starts_with("`threshold` is \"4\": give a number"));
    assert!(refused(r#"{"for": 60}"#).starts_with("`for` is 60: give a length of time"));
}
