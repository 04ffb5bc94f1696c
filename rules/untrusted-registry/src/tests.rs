//! The rule on the bench; where images are named is tested in `docker`.

use lifesigns_rule::{Alert, testing::Bench};

use super::*;

type Registry = Bench<UntrustedRegistry>;

fn bench(settings: &str) -> Registry {
    let mut bench = Bench::new(settings).unwrap();
    // What interests ask for is tested by the cases.
    bench.show_all();
    bench
}

fn debug(bench: &mut Registry, second: u64, message: &str) -> Vec<Alert> {
    bench.at_ms(second * 1000).field("level", "debug").log("vm", message)
}

const PULL: &str = "Calling POST /v1.41/images/create?fromImage=untrusted.invalid%2Fevil%2Fcryptominer&tag=latest";

#[test]
fn a_pull_from_elsewhere() {
    let mut bench = bench("{}");
    let alerts = debug(&mut bench, 10, PULL);
    assert_eq!(
        alerts[0].summary,
        "vm uses untrusted.invalid/evil/cryptominer:latest, which is not from a trusted registry"
    );
    let attributes: Vec<_> = alerts[0].attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        attributes,
        ["image=untrusted.invalid/evil/cryptominer:latest", "registry=untrusted.invalid", "via=images-create"]
    );
}

#[test]
fn once_for_an_image_within_the_hour() {
    let mut bench = bench("{}");
    assert_eq!(debug(&mut bench, 10, PULL).len(), 1);
    let trying = "Trying to pull untrusted.invalid/evil/cryptominer from https://untrusted.invalid v2";
    assert!(debug(&mut bench, 11, trying).is_empty());
    assert!(debug(&mut bench, 3609, PULL).is_empty());
    assert_eq!(debug(&mut bench, 3610, PULL).len(), 1);
    assert_eq!(
        debug(&mut bench, 3610, "Trying to pull untrusted.invalid/other from https://untrusted.invalid v2").len(),
        1
    );
    assert_eq!(bench.field("level", "debug").log("vm-2", PULL).len(), 1, "another object");
}

#[test]
fn what_is_allowed() {
    let mut hub = bench("{}");
    assert!(debug(&mut hub, 1, r#"form data: {"Image":"playground/busybox:1.0"}"#).is_empty());
    assert!(debug(&mut hub, 1, r#"form data: {"Image":"sha256:4e4a"}"#).is_empty());
    let mut own = bench(r#"{"allow": ["registry.example/team", "localhost:5000"]}"#);
    let mut raised = |image: &str| debug(&mut own, 1, &format!(r#"form data: {{"Image":"{image}"}}"#)).len();
    assert_eq!([raised("registry.example/team/a"), raised("localhost:5000/b")], [0, 0]);
    assert_eq!([raised("registry.example/other/a"), raised("localhost/b"), raised("busybox")], [1, 1, 1]);
    let mut none = bench(r#"{"allow": [], "repeat": "0s"}"#);
    assert_eq!((0..2).map(|_| debug(&mut none, 1, PULL).len()).sum::<usize>(), 2);
}

#[test]
fn bad_settings() {
    let refused = |settings| Bench::<UntrustedRegistry>::new(settings).err().unwrap();
    assert!(refused(r#"{"allow": ["https://docker.io"]}"#).contains("write it without the scheme, `docker.io`"));
    assert!(refused(r#"{"allow": "docker.io"}"#).starts_with("`allow` is \"docker.io\": give a list"));
    assert!(refused(r#"{"allowed": []}"#).starts_with("`allowed` is no setting of this rule; did you mean `allow`?"));
}
