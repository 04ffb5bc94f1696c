//! The rule on the bench. Time is in seconds.

use lifesigns_rule::{Alert, Change, testing::Bench};

use super::*;

type Churn = Bench<ContainerChurn>;

fn bench(settings: &str) -> Churn {
    let mut bench = Bench::new(settings).unwrap();
    // What interests ask for is tested by the cases.
    bench.show_all();
    bench
}

fn id(number: u32) -> String {
    format!("{number:064x}")
}

fn started(bench: &mut Churn, second: u64, number: u32) -> Vec<Alert> {
    let path = format!("/run/x/moby/{}", id(number));
    bench.at_ms(second * 1000).field("namespace", "moby").field("path", &path).log("vm", "starting signal loop")
}

fn ended(bench: &mut Churn, second: u64, number: u32) -> Vec<Alert> {
    let bench = bench.at_ms(second * 1000).field("namespace", "moby").field("id", &id(number));
    bench.log("vm", "cleaning up after shim disconnected")
}

fn call(bench: &mut Churn, second: u64, what: &str) -> Vec<Alert> {
    bench.at_ms(second * 1000).field("level", "debug").log("vm", &format!("Calling POST /v1.41/containers/{what}"))
}

fn engine(bench: &mut Churn, second: u64, action: &str, number: u32) -> Vec<Alert> {
    for (name, value) in
        [("Type", "container"), ("Action", action), ("Actor.ID", &id(number)), ("Actor.Attributes.name", "web")]
    {
        bench.field(name, value);
    }
    bench.at_ms(second * 1000).log("vm", "{…}")
}

#[test]
fn many_different_containers() {
    let mut bench = bench(r#"{"containers": 3, "starts-stops": 100, "window": "60s"}"#);
    for (second, number) in [(0, 1), (1, 1), (2, 2), (3, 1)] {
        assert!(started(&mut bench, 100 + second, number).is_empty());
    }
    let alerts = started(&mut bench, 104, 3);
    assert_eq!(alerts.len(), 1);
    assert_eq!(alerts[0].summary, "Different containers started on vm within 1m: 3");
    assert_eq!(alerts[0].attributes, [("containers".to_owned(), "3".to_owned())]);
    assert!(started(&mut bench, 105, 4).is_empty(), "raised already");
    assert!(ended(&mut bench, 106, 4).is_empty());
}

#[test]
fn it_clears_by_itself() {
    let mut bench = bench(r#"{"containers": 2, "starts-stops": 100, "window": "60s"}"#);
    started(&mut bench, 100, 1);
    assert_eq!(started(&mut bench, 110, 2).len(), 1);
    let mut cleared = Vec::new();
    for second in 111..200 {
        for alert in bench.at_ms(second * 1000).reminder() {
            cleared.push((second, alert));
        }
    }
    assert_eq!(cleared.len(), 1);
    let (second, alert) = &cleared[0];
    // The first start leaves at 160 s; the reminder looks every 6 s.
    assert_eq!((*second, alert.change), (164, Change::Clear));
    assert_eq!(alert.summary, "Different containers started on vm within 1m: 1");
    started(&mut bench, 300, 1);
    assert_eq!(started(&mut bench, 300, 2)[0].change, Change::Raise, "and again");
}

#[test]
fn a_restart_loop() {
    let mut bench = bench(r#"{"starts-stops": 4, "window": "60s"}"#);
    started(&mut bench, 100, 1);
    ended(&mut bench, 101, 1);
    assert!(started(&mut bench, 102, 1).is_empty());
    let alerts = ended(&mut bench, 103, 1);
    assert_eq!(alerts[0].symptom, 1);
    assert_eq!(alerts[0].summary, "Starts and stops on vm within 1m: 2 and 2");
}

#[test]
fn all_traces_of_one_start_count_once() {
    let mut bench = bench(r#"{"containers": 2, "starts-stops": 3, "window": "60s"}"#);
    let mut raised = 0;
    raised += call(&mut bench, 100, &format!("{}/start", id(1))).len();
    raised += started(&mut bench, 100, 1).len();
    bench.field("ns", "moby").field("topic", "/tasks/start");
    raised += bench.log("vm", "event forwarded").len();
    raised += engine(&mut bench, 100, "start", 1).len();
    raised += call(&mut bench, 101, &format!("{}/stop?t=3", id(1))).len();
    raised += engine(&mut bench, 101, "kill", 1).len();
    raised += ended(&mut bench, 101, 1).len();
    bench.field("namespace", "moby").field("topic", "/tasks/delete").field("container", &id(1));
    raised += bench.log("vm", "ignoring event").len();
    raised += engine(&mut bench, 101, "die", 1).len();
    raised += engine(&mut bench, 101, "stop", 1).len();
    assert_eq!(raised, 0, "one start and one stop of one container");
    assert_eq!(call(&mut bench, 102, "web/restart").len(), 1);
}

#[test]
fn a_shim_is_reaped_for_docker_only_if_docker_started_it() {
    let mut bench = bench(r#"{"starts-stops": 4, "window": "60s"}"#);
    let started = |bench: &mut Churn, second: u64, space: &str, number: u32| {
        let address = format!("/containerd-shim/{space}/{}/shim.sock", id(number));
        bench.at_ms(second * 1000).field("address", &address).log("vm", "shim containerd-shim started")
    };
    let reaped = |bench: &mut Churn, second: u64, number: u32| {
        bench.at_ms(second * 1000).field("id", &id(number)).log("vm", "shim reaped")
    };
    for number in 0..3 {
        assert!(started(&mut bench, 100, "k8s.io", number).is_empty());
        assert!(reaped(&mut bench, 101, number).is_empty());
    }
    assert!(started(&mut bench, 102, "moby", 7).is_empty());
    assert!(reaped(&mut bench, 103, 7).is_empty());
    assert!(started(&mut bench, 104, "moby", 7).is_empty());
    let alerts = reaped(&mut bench, 105, 7);
    assert_eq!(alerts[0].summary, "Starts and stops on vm within 1m: 2 and 2");
}

#[test]
fn names_count_where_there_are_no_ids() {
    let mut bench = bench(r#"{"containers": 2, "window": "60s"}"#);
    assert!(call(&mut bench, 100, "web/start").is_empty());
    assert!(call(&mut bench, 101, "web/start").is_empty());
    assert_eq!(call(&mut bench, 102, "db/start").len(), 1);
}

#[test]
fn what_is_no_start() {
    let mut bench = bench(r#"{"containers": 1, "starts-stops": 1}"#);
    for what in ["create?name=a", "web/wait", "web/attach", "web/exec"] {
        assert!(call(&mut bench, 100, what).is_empty(), "{what}");
    }
    bench.field("ns", "moby").field("topic", "/tasks/exit");
    assert!(bench.log("vm", "event forwarded").is_empty());
    assert!(engine(&mut bench, 100, "create", 1).is_empty());
    assert!(engine(&mut bench, 100, "destroy", 1).is_empty());
}

#[test]
fn bad_settings() {
    let refused = |settings| Bench::<ContainerChurn>::new(settings).err().unwrap();
    assert_eq!(refused(r#"{"containers": 0}"#), "`containers` is 0: give a whole number from 1 to 4096");
    assert_eq!(refused(r#"{"starts-stops": 70000}"#), "`starts-stops` is 70000: give a whole number from 1 to 65536");
    assert!(
        refused(r#"{"window": "10ms"}"#)
            .starts_with("`window` is \"10ms\": give a length of time such as \"5m\" or \"1h30m\" of at least \"1s\"")
    );
    assert!(refused(r#"{"unique": 3}"#).starts_with("`unique` is no setting of this rule; it has `window`"));
}
