//! The commands against a host that runs, and against its store once it has stopped: the same
//! questions, the same answers.

#[path = "control/anchor.rs"]
mod anchor;
#[path = "control/api.rs"]
mod api;
#[path = "control/hostile_texts.rs"]
mod hostile_texts;
#[path = "../../../host/settings/tests/json_schema/mod.rs"]
mod json_schema;
#[path = "control/operators.rs"]
mod operators;
#[path = "control/schemas.rs"]
mod schemas;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use lifesigns_artifacts as artifacts;
use lifesigns_e2e::binary::lifesigns;
use serde_json::Value;

const CONFIG: &str = r#"
rules = "rules"
inventory = "inventory.toml"

[output]
file = "signs.ndjson"

[[source]]
file = "vm-1.log"

[[source]]
file = "vm-2.log"

[[source]]
file = "vm-3.log"

[[group]]
name = "production"
title = "Production"
when = 'properties.env == "production"'

[[group]]
name = "playground"
when = 'properties.env == "playground"'

[[policy]]
name = "play"
groups = ["playground"]
allow = ["word/*"]

[[policy]]
name = "strict"
groups = ["production"]
criticality = { "word/*" = "critical" }
"#;

const INVENTORY: &str = r#"
[[object]]
id = "vm-1"
kind = "vm"
properties = { env = "production" }

[[object]]
id = "vm-2"
kind = "vm"
properties = { env = "playground" }
"#;

const RULE: &str = "module = \"modules/keyword.wasm\"\n[settings]\ncontains = [\"a keyword\"]\ntitle = \"A word\"\n";

/// A host's folder.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir_all(place.path("rules/modules")).expect("a folder");
        fs::copy(artifacts::rule("keyword"), place.path("rules/modules/keyword.wasm")).expect("a copy");
        fs::write(place.path("rules/word.toml"), RULE).expect("a file");
        fs::write(place.path("lifesigns.toml"), CONFIG).expect("a file");
        fs::write(place.path("inventory.toml"), INVENTORY).expect("a file");
        for object in ["vm-1", "vm-2", "vm-3"] {
            let line = format!("2026-11-23T22:00:00Z a keyword \u{1b}[2J <b> on {object}\n");
            fs::write(place.path(&format!("{object}.log")), line).expect("a file");
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A host that has read the lines of three objects, one of them in no inventory.
    fn host(&self) -> Running {
        self.host_until(|alerts| alerts.len() == 3)
    }

    /// A host whose alerts are as they should be.
    fn host_until(&self, is_so: impl Fn(&[Value]) -> bool) -> Running {
        let mut command = Command::new(lifesigns());
        command.arg("run").current_dir(self.0.path()).stdin(Stdio::null()).stdout(Stdio::null());
        // One cache for all tests: compiling is what takes long.
        command.env("LIFESIGNS_CACHE", artifacts::root().join("target/tmp/e2e-cache"));
        let mut host = Running(command.spawn().expect("the binary starts"));
        let until = Instant::now() + Duration::from_secs(120);
        let open = || {
            let output = self.command(&["alerts", "--allowed", "--output", "json"]);
            serde_json::from_slice::<Vec<Value>>(&output.stdout).is_ok_and(|alerts| is_so(&alerts))
        };
        while !open() {
            let ended = host.0.try_wait().expect("a status");
            assert!(Instant::now() < until && ended.is_none(), "the alerts are not open: {ended:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
        host
    }

    fn command(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(lifesigns());
        command.args(arguments).current_dir(self.0.path()).env_remove("SUDO_USER").env_remove("COLUMNS");
        command.output().expect("the binary starts")
    }

    /// What a command that ends well writes.
    #[track_caller]
    fn says(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(!text.contains(|it: char| it.is_control() && it != '\n'), "{arguments:?} drives a terminal: {text:?}");
        text
    }

    #[track_caller]
    fn json(&self, arguments: &[&str]) -> Value {
        let text = self.says(&[arguments, &["--output", "json"]].concat());
        serde_json::from_str(&text).expect("JSON")
    }

    /// Why a command fails, with its exit code.
    #[track_caller]
    fn fails(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.command(arguments);
        assert!(!output.status.success(), "{arguments:?} should fail");
        (output.status.code().expect("no signal"), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// A host that runs; it does not outlive the test.
struct Running(Child);

impl Running {
    fn stop(mut self) {
        let signalled = Command::new("kill").arg(self.0.id().to_string()).status().expect("kill");
        assert!(signalled.success());
        let status = self.0.wait().expect("the process ends");
        assert!(status.success(), "it drains and exits 0, not {status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Only a failed test leaves it running.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ids(alerts: &Value) -> Vec<&str> {
    alerts.as_array().expect("a list").iter().map(|alert| alert["object"].as_str().expect("a name")).collect()
}

/// Questions whose answers do not depend on whether a host runs.
const QUESTIONS: [&[&str]; 12] = [
    &["alerts", "--allowed", "--cancelled"],
    &["alerts", "list", "--group", "production"],
    &["silence", "list"],
    &["objects"],
    &["objects", "--symptom", "word/*", "--kind", "vm"],
    &["objects", "show", "vm-1"],
    &["groups"],
    &["groups", "show", "production"],
    &["groups", "members", "playground"],
    &["badge"],
    &["policy", "why", "vm-2", "word/keyword"],
    &["audit"],
];

#[test]
fn a_running_host_and_its_store_at_rest_answer_alike() {
    let place = Place::new();
    let host = place.host();
    let socket = fs::metadata(place.path("lifesigns.sock")).expect("it is beside the store");
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    assert_eq!(place.json(&["status"])["pid"], host.0.id());
    acts(&place);
    let live: Vec<Value> = QUESTIONS.iter().map(|question| place.json(question)).collect();
    host.stop();
    assert!(!place.path("lifesigns.sock").exists());
    for (question, live) in QUESTIONS.iter().zip(live) {
        assert_eq!(place.json(question), live, "{question:?}");
    }
    at_rest(&place);
}

/// A person at work while the host runs.
fn acts(place: &Place) {
    let open = place.json(&["alerts"]);
    assert_eq!(ids(&open), ["vm-1", "vm-3"]);
    assert_eq!(open[0]["criticality"], "critical");
    assert_eq!(ids(&place.json(&["alerts", "--allowed", "--at-least", "information"])).len(), 3);
    let id = open[0]["id"].as_str().expect("an id");
    place.says(&["alerts", "ack", &id[..8], "--owner", "alice"]);
    place.says(&["alerts", "note", id, "seen \u{1b}[31mby us"]);
    let alert = place.json(&["alerts", "show", id]);
    assert_eq!(alert["owner"], "alice");
    let who = alert["acknowledged"]["who"].as_str().expect("a name").to_owned();
    assert_eq!(alert["notes"][0]["who"], who.as_str());
    place.says(&["silence", "add", "object=vm-*", "group!=production", "--for", "2h", "--why", "test"]);
    let silence = place.json(&["silence"]);
    assert_eq!((&silence[0]["who"], silence.as_array().map(Vec::len)), (&Value::from(who), Some(1)));
    place.says(&["alerts", "cancel", open[1]["id"].as_str().expect("an id"), "--why", "false alarm"]);
    assert_eq!(ids(&place.json(&["alerts"])), ["vm-1"]);
    let (code, why) = place.fails(&["alerts", "ack", "ffff"]);
    assert!(code == 1 && why.contains("there is no alert \"ffff\""), "{why}");
}

fn at_rest(place: &Place) {
    let (code, why) = place.fails(&["alerts", "ack", "ffff"]);
    assert!(code == 1 && why.contains("no host is running") && why.contains("lifesigns run --config"), "{why}");
    assert!(place.fails(&["status"]).1.contains("no host is running"));
    let verified = place.json(&["audit", "verify"]);
    assert_eq!(verified["broken"], Value::Null);
    assert!(verified["entries"].as_u64() > Some(4), "{verified}");
    let known = format!("{}:{}", verified["last"], verified["hash"].as_str().expect("a hash"));
    place.says(&["audit", "verify", "--known", &known]);
    assert_eq!(ids(&place.json(&["alerts", "history", "--object", "vm-3"])), ["vm-3"]);
    pages(place);
    let html = place.says(&["report", "--group", "production"]);
    assert!(html.contains("A word") && html.contains("lifesigns.toml") && !html.contains("<b> on vm-1"), "{html}");
    place.says(&["report", "--group", "production", "--format", "csv", "--out", "r.csv"]);
    assert!(fs::read_to_string(place.path("r.csv")).expect("it was written").starts_with("row,object,"));
    backup(place);
    place.says(&["doctor"]);
    assert!(place.says(&["validate"]).contains("2 groups, 2 policies"));
}

/// What people see says the same.
fn pages(place: &Place) {
    let list = place.says(&["alerts", "--allowed"]);
    assert!(list.contains("critical") && list.contains("acknowledged") && list.contains("allowed"), "{list}");
    let allowed = place.says(&["policy", "why", "vm-2", "word/keyword"]);
    assert!(allowed.contains("policy play") && allowed.contains("lifesigns.toml:"), "{allowed}");
    let violating = place.says(&["policy", "why", "vm-1", "word/keyword"]);
    assert!(violating.contains("violation, critical") && violating.contains("policy strict"), "{violating}");
    assert!(place.says(&["objects", "--discovered"]).contains("vm-3"));
    assert!(place.says(&["badge", "production"]).contains("● 0"));
    let (code, why) = place.fails(&["badge", "nowhere"]);
    assert!(code == 1 && why.contains("nowhere"), "{why}");
}

fn backup(place: &Place) {
    place.says(&["backup", "copy.db"]);
    let copy = ["--store", "copy.db", "--config", "lifesigns.toml"];
    assert_eq!(place.json(&[&["alerts"][..], &copy].concat()), place.json(&["alerts"]));
    assert!(place.fails(&["backup", "copy.db"]).1.contains("copy.db"), "a backup overwrites nothing");
}

#[test]
fn no_store_and_no_host_is_said_with_what_to_do() {
    let place = Place::new();
    let (code, why) = place.fails(&["alerts"]);
    assert!(code == 1 && why.contains("no host is running") && why.contains("lifesigns.db"), "{why}");
    assert!(!place.path("lifesigns.db").exists(), "asking makes no store");
    assert!(place.fails(&["alerts", "--config", "nowhere.toml"]).1.contains("nowhere.toml"));
    fs::write(place.path("lifesigns.toml"), "rulez = 1\nreopen = 5\n").expect("a file");
    let (code, why) = place.fails(&["validate"]);
    assert!(code == 78 && why.contains("lifesigns.toml:1:1") && why.contains("lifesigns.toml:2:"), "{why}");
}

#[test]
fn what_makes_no_sense_is_a_usage_error() {
    let place = Place::new();
    for arguments in [
        &["alerts", "--at-least", "bad"][..],
        &["silence", "add", "object=x", "--why", "w"],
        &["silence", "add", "object", "--for", "2h", "--why", "w"],
        &["silence", "add", "object=x", "--for", "2", "--why", "w"],
        &["report"],
        &["outbox", "resend"],
        &["audit", "verify", "--known", "7"],
    ] {
        assert_eq!(place.fails(arguments).0, 2, "{arguments:?}");
    }
}
